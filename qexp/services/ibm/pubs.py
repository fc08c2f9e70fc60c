"""Circuits as the sampler takes them: OpenQASM 3, and which register holds which clbit."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit, qasm3

from qexp.errors import PointFailed

_DECLARED = re.compile(r"^bit\[(\d+)\] (\S+);$", re.MULTILINE)

Json = dict[str, Any]

LOOSE = "loose"
"""The register that clbits get which are in none."""


@dataclass(frozen=True)
class Pub:
    """A circuit in a job, and how its samples are read.

    Attributes:
        name: The name under which it travels.
        shots: Repetitions that are asked for.
        clbits: Number of its clbits.
        registers: Of each register its name in the text, and the clbit of each of its
            bits, in order.
        mapping: Physical qubit to clbit of the final measurements.
        mitigate: The calibration that its counts are corrected with; None for none.
        calibrates: The calibration that it is a part of; None for none.
        prepared: Where it calibrates, what each of its qubits was prepared in, the first
            qubit rightmost.
        memory: Whether the outcome of each shot is wanted, in order.
    """

    name: str
    shots: int
    clbits: int
    registers: list[tuple[str, list[int]]]
    mapping: dict[int, int]
    mitigate: str | None = None
    calibrates: str | None = None
    prepared: str = ""
    memory: bool = False

    def as_json(self) -> Json:
        """Plain values."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: Json) -> Pub:
        """What `as_json` gave, be it through JSON, whose keys are text."""
        mapping = {int(qubit): clbit for qubit, clbit in values["mapping"].items()}
        registers = [(name, list(bits)) for name, bits in values["registers"]]
        return cls(**{**values, "mapping": mapping, "registers": registers})


def written(circuit: QuantumCircuit) -> tuple[str, list[tuple[str, list[int]]]]:
    """A compiled circuit as OpenQASM 3, its name in the first line, and its registers.

    Args:
        circuit: A circuit of the device's own gates on physical qubits.

    Returns:
        The text; of each register its name there, and the clbits of its bits.

    Raises:
        PointFailed: terra has no text for it.
    """
    circuit = _without_loose(circuit)
    try:
        text = qasm3.dumps(circuit)
    except Exception as error:  # terra raises whatever its exporter runs into
        raise PointFailed(f"it cannot be written as OpenQASM 3: {error}") from error
    declared = _DECLARED.findall(text)
    sizes = [register.size for register in circuit.cregs]
    if [int(size) for size, _ in declared] != sizes:
        raise PointFailed(
            "it cannot be written as OpenQASM 3 so that its registers are known again"
        )
    registers = [
        (name, [circuit.find_bit(bit).index for bit in register])
        for (_, name), register in zip(declared, circuit.cregs, strict=True)
    ]
    return f"// {circuit.name}\n{text}", registers


def _without_loose(circuit: QuantumCircuit) -> QuantumCircuit:
    """A circuit whose every clbit is in a register: only those are told apart there."""
    loose = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    if not loose:
        return circuit
    taken = {register.name for register in circuit.cregs}
    name = LOOSE
    while name in taken:
        name += "_"
    made = circuit.copy(circuit.name)
    made.add_register(ClassicalRegister(name=name, bits=loose))
    return made
