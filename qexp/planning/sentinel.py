"""Known circuits that open and close each job, so that drift is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit

from qexp import circuits
from qexp.circuits import Built
from qexp.circuits.content import content_of
from qexp.declare.config import GhzCircuit
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.planning.seeds import derive
from qexp.planning.submission import Part

READOUT_QUBITS = 5
"""Most qubits that the readout sentinel prepares."""


@dataclass(frozen=True)
class Sentinel:
    """The circuits that open a job, and close it again.

    Attributes:
        kind: `ghz-<n>` or `readout`.
        built: The circuits. Their score is the success probability, a mean over them.
        compile: circuit-runner's compile options for them, the same in every job.
        device: Digest of the device.
    """

    kind: str
    built: Built
    compile: Mapping[str, Any]
    device: str

    def part(self, submission: str, place: str) -> Part:
        """What it has in a submission, `place` being `open` or `close`."""
        name = f"sentinel-{submission}-{place}"
        key = f"{self.kind} {self.device} {self.compile}"
        return Part(name, name, self.built, dict(self.compile), key)


def sentinel(kind: str, device: Device, seed: int) -> Sentinel | None:
    """The sentinel that `sentinel=` asks for on a device; None for `none`.

    Args:
        kind: `ghz-<n>`, `readout` or `none`.
        device: The device.
        seed: The sweep's seed; the compiler's is derived from it.

    Raises:
        ConfigError: The device has too few qubits.
    """
    if kind == "none":
        return None
    compile_ = {"optimization_level": 1, "seed_transpiler": derive(seed, "sentinel")}
    if kind == "readout":
        width = min(READOUT_QUBITS, device.num_qubits)
        layout = list(range(width))
        with_layout = {**compile_, "initial_layout": layout}
        return Sentinel(kind, _readout(width), with_layout, device.digest)
    width = int(kind.removeprefix("ghz-"))
    if width > device.num_qubits:
        raise ConfigError(
            f"sentinel = {kind}: {device.name} has {device.num_qubits} qubits. Choose a "
            "smaller one, or readout."
        )
    return Sentinel(kind, _ghz(width), compile_, device.digest)


@lru_cache(maxsize=16)
def _ghz(width: int) -> Built:
    return circuits.build(GhzCircuit(num_qubits=width))


@lru_cache(maxsize=16)
def _readout(width: int) -> Built:
    """All qubits in 0, then all in 1."""
    made = []
    for bit in (0, 1):
        circuit = QuantumCircuit(width, width, name=f"all-{bit}")
        if bit:
            circuit.x(range(width))
        circuit.measure(range(width), range(width))
        made.append(circuit)
    known = ({"0" * width: 1.0}, {"1" * width: 1.0})
    return Built(tuple(made), content_of(made), ("all-0", "all-1"), known)
