"""The options of circuit-runner: names, types, defaults and ranges.

They are those of ``AccountProvider.run_circuits`` in qiskit-ibmq-provider. ``None``
always means "not set"; 0 and False are values like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from qexp.declare.model import Model

DEFAULT_SHOTS = 4000
"""Shots where none are asked for, on every service: what IBM's backends defaulted to."""

DEFAULT_OPTIMIZATION_LEVEL = 1
"""What run_circuits chooses for an ``optimization_level`` of None."""

EXECUTION = frozenset(
    """header memory max_parallel_threads max_parallel_experiments max_parallel_shots
    max_memory_mb statevector_parallel_threshold mps_omp_threads mps_parallel_threshold
    num_threads_per_device mps_log_data fusion_verbose""".split()
)
"""Keys of `run_config` that change how a circuit is run, and not what comes out."""

LayoutMethod = Literal["trivial", "dense", "noise_adaptive", "sabre"]
RoutingMethod = Literal["basic", "lookahead", "stochastic", "sabre"]
TranslationMethod = Literal["unroller", "translator", "synthesis"]

SEED_LIMIT = 2**31 - 1
"""Largest seed that terra's and Aer's compiled parts both take."""

Seed = Annotated[int, Field(ge=0, le=SEED_LIMIT)]
Free = Annotated[dict[str, Any], Field(strict=True)]


class Options(Model):
    """How circuits are compiled and executed; every one of them can be swept."""

    shots: Annotated[int, Field(ge=1)] | None = None
    """Repetitions of each circuit, up to the device's `max_shots`. Unset: 4000."""

    initial_layout: list[int] | dict[int, int] | None = None
    """Physical qubit of each circuit qubit: a list in circuit order, or a mapping from
    circuit qubit to physical qubit. Unset: the layout method decides."""

    layout_method: LayoutMethod | None = None
    """Pass that chooses the layout. Unset: terra's default for the level (a perfect
    layout where one exists, else sabre)."""

    routing_method: RoutingMethod | None = None
    """Pass that inserts swaps. Unset: sabre (stochastic at level 0)."""

    translation_method: TranslationMethod | None = None
    """Pass that translates to the device's gates. Unset: translator."""

    seed_transpiler: Seed | None = None
    """Seed of the compiler's random choices. Unset: drawn from `seed`, and logged."""

    optimization_level: Annotated[int, Field(ge=0, le=3)] | None = (
        DEFAULT_OPTIMIZATION_LEVEL
    )
    """Effort of the compiler, 0 to 3. Unset (null): 1."""

    init_qubits: bool = True
    """Whether every shot starts with a reset of the qubits."""

    rep_delay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds between two programs, within the device's `rep_delay_range`, where
    `dynamic_reprate_enabled`. Unset: the device's `default_rep_delay`."""

    transpiler_options: Free = {}
    """Further arguments of `qiskit.transpile`."""

    measurement_error_mitigation: bool = False
    """Whether counts are corrected for readout errors (M3, package mthree)."""

    use_measure_esp: bool | None = None
    """Whether final measurements use excited-state-promoted readout. Unset: the flag
    `measure_esp_enabled` of the device's own configuration (what is declared over it
    says only whether ESP may be asked for)."""

    run_config: Free = {}
    """Anything else that the service's execution takes (`seed_simulator`, `memory`, …)."""

    @field_validator("initial_layout", mode="before")
    @classmethod
    def _list_or_mapping(cls, value: Any) -> Any:
        if value is None or is_qubits(value):
            return value
        raise ValueError(
            "must be a list of physical qubits in circuit order, or a mapping from "
            "circuit qubit to physical qubit"
        )

    def identity(self) -> dict[str, Any]:
        """The options that change the physics: not how many threads work, for one."""
        run_config = {
            key: value for key, value in self.run_config.items() if key not in EXECUTION
        }
        return {**super().identity(), "run_config": run_config}

    def with_defaults(self, device_defaults: Mapping[str, Any]) -> Options:
        """These options with what took effect in the place of what was not set.

        Args:
            device_defaults: The device's value for each option that has one.

        Returns:
            Options whose `shots` and `optimization_level` are set, and whichever the
            device decides. An unset method stays None: terra's default has no name.
        """
        defaults = {
            "shots": DEFAULT_SHOTS,
            "optimization_level": DEFAULT_OPTIMIZATION_LEVEL,
            **device_defaults,
        }
        unset = {k: v for k, v in defaults.items() if getattr(self, k) is None}
        return self.model_copy(update=unset)


def is_qubits(value: Any) -> bool:
    """Whether ``value`` is a list of integers or a mapping between integers."""
    if isinstance(value, dict):
        return all(type(n) is int for pair in value.items() for n in pair)
    return isinstance(value, list) and all(type(n) is int for n in value)
