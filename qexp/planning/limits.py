"""What a service packs into one job, known before the service is."""

from __future__ import annotations

from dataclasses import dataclass

from qexp.declare.config import LocalService, Service
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.options import Options
from qexp.devices.device import Device

COMPILE = (
    "initial_layout",
    "layout_method",
    "routing_method",
    "translation_method",
    "optimization_level",
    "transpiler_options",
)
"""Options that decide how circuits are compiled; the others how they are executed."""

CIRCUITS = 300
"""Most circuits of a job where the device does not say: what older devices took."""


EXECUTIONS = 5_000_000
"""Most shots of all circuits of a job on IBM's platform (its page on job limits)."""


@dataclass(frozen=True)
class Limits:
    """How a service's jobs are packed.

    Attributes:
        circuits: Most circuits of one job.
        own_compile_options: Whether circuits of one job may be compiled differently.
        restless_alone: Whether a point with `init_qubits=false` needs a job of its own,
            because there the circuit before it in the job prepares its qubits.
        own_inputs: Options of execution in which circuits of one job may differ.
        jobs_per_minute: Most jobs that are sent within a minute; None for any number.
        executions: Most shots of all circuits of a job together; None for any number.
    """

    circuits: int
    own_compile_options: bool = True
    restless_alone: bool = False
    own_inputs: frozenset[str] = frozenset()
    jobs_per_minute: int | None = None
    executions: int | None = None

    def alone(self, options: Options) -> bool:
        """Whether a point needs a job of its own."""
        return self.restless_alone and not options.init_qubits


def limits(service: Service, device: Device) -> Limits:
    """The limits of a service on a device.

    The embedded service compiles every point by itself, and takes each circuit as its
    own predecessor. circuit-runner elsewhere compiles all circuits of a job alike. IBM's
    platform does not compile, takes shots circuit by circuit, and knows of no mitigation.
    """
    circuits = int(device.configuration.get("max_experiments") or CIRCUITS)
    if isinstance(service, LocalService):
        return Limits(circuits)
    if isinstance(service, IbmQuantumService):
        return Limits(
            circuits,
            restless_alone=True,
            own_inputs=frozenset({"shots", "measurement_error_mitigation"}),
            jobs_per_minute=service.jobs_per_minute,
            executions=EXECUTIONS,
        )
    return Limits(
        circuits,
        own_compile_options=service.compile == "client",
        restless_alone=True,
    )
