"""What simulating a circuit would take, told before it is compiled.

The circuit is taken as it was declared, on qubits that are all coupled: routing adds
gates, and with them time and entanglement, so what is said is rather too little.
"""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit

from qexp.declare.twin import Twin
from qexp.errors import PointFailed
from qexp.terra import transpile
from qexp.twin import exact
from qexp.twin.build import Built, build
from qexp.twin.channels import Complex
from qexp.twin.choice import ENGINES, Asked, choose

NARROW = 13
"""Up to so many qubits every circuit is simulated in seconds."""

LONG = 60.0
"""Seconds from which the time is told."""


class _Quiet:
    """A device without noise and durations."""

    dt: float | None = 1e-9

    def length(self, name: str, places: tuple[int, ...]) -> float:
        return 0.0

    def gate(self, name: str, places: tuple[int, ...]) -> Complex | None:
        return None

    def wait(self, place: int, seconds: float) -> Complex:
        return np.eye(4, dtype=complex)

    def reset(self, place: int) -> Complex:
        return np.eye(4, dtype=complex)

    def errors(self, place: int, esp: bool) -> tuple[float, float]:
        return 0.0, 0.0


def forecast(
    circuit: QuantumCircuit, twin: Twin, shots: int, memory: int
) -> str | None:
    """Why a circuit cannot be simulated, or that it takes long; None where neither.

    Args:
        circuit: As it was declared.
        twin: The twin's parameters.
        shots: Repetitions.
        memory: Bytes at hand.
    """
    if circuit.num_qubits <= NARROW and twin.engine == "auto":
        return None
    try:
        built = _built(circuit)
    except Exception:  # what cannot be unrolled is for the compiler to refuse
        return None
    made: list[exact.Plan] = []

    def plan() -> exact.Plan:
        made.extend([] if made else [exact.plan(built)])
        return made[0]

    asked = Asked(built, plan, shots, memory)
    try:
        engine = choose(asked, twin.engine)
    except PointFailed as error:
        return str(error)
    seconds = ENGINES[engine].seconds(asked)
    if seconds < LONG:
        return None
    return (
        f"simulating its {len(built.program.places)} noisy qubits takes about "
        f"{_time(seconds)} or more (engine {engine})"
    )


def _built(circuit: QuantumCircuit) -> Built:
    unrolled = transpile(
        circuit, basis_gates=["rz", "sx", "x", "cx"], optimization_level=0
    )
    return build(unrolled, _Quiet())


def _time(seconds: float) -> str:
    for name, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} seconds"
