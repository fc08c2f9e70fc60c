"""What checks ask of a circuit, found out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from qiskit import QuantumCircuit

from qexp.circuits.ideal import final_measurements

CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case"})


@dataclass(frozen=True, eq=False)
class Facts:
    """What checks ask of a circuit.

    Attributes:
        num_qubits: Qubits, idle ones included.
        parameters: Names of the free parameters, sorted.
        names: Names of all operations, those inside control flow included.
        uses: Each name with the qubits it acts on, in order of the first use.
        final: Qubit to clbit of the final measurements.
        finite: Whether every angle is a finite number.
        only_final: Whether every measurement is final and nothing depends on outcomes.
    """

    num_qubits: int
    parameters: tuple[str, ...]
    names: frozenset[str]
    uses: tuple[tuple[str, tuple[int, ...]], ...]
    final: Mapping[int, int]
    finite: bool
    only_final: bool


def facts(circuit: QuantumCircuit) -> Facts:
    """What checks ask of a circuit."""
    names, final = frozenset(_names(circuit)), final_measurements(circuit)
    measured = sum(item.operation.name == "measure" for item in circuit.data)
    return Facts(
        num_qubits=circuit.num_qubits,
        parameters=tuple(sorted(parameter.name for parameter in circuit.parameters)),
        names=names,
        uses=tuple(dict.fromkeys(_uses(circuit))),
        final=final,
        finite=_finite(circuit),
        only_final=measured == len(final) and not _is_conditional(circuit, names),
    )


def _names(circuit: QuantumCircuit) -> set[str]:
    found = set()
    for instruction in circuit.data:
        found.add(instruction.operation.name)
        for block in getattr(instruction.operation, "blocks", ()):
            found |= _names(block)
    return found


def _uses(circuit: QuantumCircuit) -> Iterator[tuple[str, tuple[int, ...]]]:
    for instruction in circuit.data:
        qubits = (circuit.find_bit(qubit).index for qubit in instruction.qubits)
        yield instruction.operation.name, tuple(qubits)


def _finite(circuit: QuantumCircuit) -> bool:
    numbers = (
        parameter
        for instruction in circuit.data
        for parameter in getattr(instruction.operation, "params", ())
        if isinstance(parameter, float)
    )
    return all(isfinite(number) for number in numbers)


def _is_conditional(circuit: QuantumCircuit, names: frozenset[str]) -> bool:
    return bool(names & CONTROL_FLOW) or any(
        getattr(instruction.operation, "condition", None) is not None
        for instruction in circuit.data
    )
