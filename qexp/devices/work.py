"""What a declared circuit asks of any device: operations counted, nothing placed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp

from qexp.terra import transpile

_STANDARD = "qiskit.circuit.library.standard_gates."
_PLAIN = frozenset({"barrier", "measure", "reset", "delay", "cx"})


@dataclass(frozen=True)
class Work:
    """The operations of a circuit, taken apart to CX and gates on single qubits.

    Attributes:
        one_qubit: Gates on single qubits.
        two_qubit: CX gates.
        resets: Resets.
        readouts: Measurements that may have to wait for one another: those that
            something follows, and the longest chain of the others.
        delays: For each unit, how long all delays are together, and how many they are.
    """

    one_qubit: int
    two_qubit: int
    resets: int
    readouts: int
    delays: tuple[tuple[str, float, int], ...]


def work(circuit: QuantumCircuit) -> Work | None:
    """What a circuit asks of any device.

    Returns:
        None where that depends on outcomes (control flow), or cannot be taken apart.
    """
    try:
        return _counted(_taken_apart(circuit))
    except Exception:  # an operation without a definition, and terra says so
        return None


def _taken_apart(circuit: QuantumCircuit) -> QuantumCircuit:
    if all(_is_elementary(instruction) for instruction in circuit.data):
        return circuit
    return transpile(circuit, basis_gates=["u", "cx"], optimization_level=0)


def _is_elementary(instruction: CircuitInstruction) -> bool:
    operation = instruction.operation
    if operation.name in _PLAIN:
        return True
    kind = getattr(operation, "base_class", type(operation)).__module__ or ""
    return len(instruction.qubits) == 1 and kind.startswith(_STANDARD)


def _counted(circuit: QuantumCircuit) -> Work | None:
    counts: Counter[str] = Counter()
    delays: dict[str, list[float]] = {}
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            return None
        counts[_sort(instruction)] += 1
        if operation.name == "delay":
            delays.setdefault(operation.unit, []).append(float(operation.duration))
    return Work(
        one_qubit=counts["one"],
        two_qubit=counts["cx"],
        resets=counts["reset"],
        readouts=_readouts(circuit),
        delays=tuple((unit, sum(each), len(each)) for unit, each in delays.items()),
    )


def _sort(instruction: CircuitInstruction) -> str:
    name: str = instruction.operation.name
    if name in _PLAIN:
        return name
    if len(instruction.qubits) != 1:
        raise ValueError(f"{name} is neither CX nor on one qubit")
    return "one"


def _readouts(circuit: QuantumCircuit) -> int:
    final = _last(circuit)
    chains: dict[Any, int] = {}
    between = 0
    for place, instruction in enumerate(circuit.data):
        measures = instruction.operation.name == "measure"
        if place in final:
            bits = bits_of(instruction)
            chain = max((chains.get(bit, 0) for bit in bits), default=0) + measures
            chains.update(dict.fromkeys(bits, chain))
        else:
            between += measures
    return between + max(chains.values(), default=0)


def _last(circuit: QuantumCircuit) -> set[int]:
    """Places of the measurements and barriers that only such follow.

    Terra routes in front of these, and not among them.
    """
    followed: set[Any] = set()
    last = set()
    for place in reversed(range(len(circuit.data))):
        instruction = circuit.data[place]
        bits = bits_of(instruction)
        fits = instruction.operation.name in ("measure", "barrier")
        if fits and followed.isdisjoint(bits):
            last.add(place)
        else:
            followed.update(bits)
    return last


def bits_of(instruction: CircuitInstruction) -> list[Any]:
    """The bits that an instruction waits for, those that its condition reads included."""
    condition = getattr(instruction.operation, "condition", None)
    read: list[Any] = []
    if isinstance(condition, tuple):
        target = condition[0]
        read = list(target) if hasattr(target, "__iter__") else [target]
    return [*instruction.qubits, *instruction.clbits, *read]
