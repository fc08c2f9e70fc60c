"""The part of a circuit that can be drawn legibly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit.circuit import (
    CircuitInstruction,
    Clbit,
    ControlFlowOp,
    ControlledGate,
    Instruction,
    Parameter,
    ParameterExpression,
    QuantumCircuit,
    QuantumRegister,
    Qubit,
)
from qiskit.circuit.controlflow import condition_resources
from qiskit.circuit.tools import pi_check

MOST_WIRES = 32
"""A circuit with more qubits, or more classical wires, is drawn in part."""
MOST_INSTRUCTIONS = 300
MOST_NESTED = 40
"""A loop or branch with more instructions inside is drawn as a plain box."""
MOST_IDLE = 8
"""A circuit with more qubits is drawn without its idle ones."""
LONGEST_TEXT = 32
"""The most characters of a gate's parameters or label."""
LONG_NUMBER = re.compile(r"\d+\.\d{4,}")


@dataclass(frozen=True)
class Excerpt:
    """A part of a circuit, and how it was chosen."""

    circuit: QuantumCircuit
    qubits: int
    idle: int
    instructions: int
    leaving: int

    def omission(self, whole: QuantumCircuit) -> str:
        """Say what of the whole circuit is left out; nothing if it is all there."""
        parts = []
        used = whole.num_qubits - self.idle
        if self.qubits < used:
            parts.append(f"first {self.qubits:,} of {used:,} qubits in use")
        total = len(whole.data)
        if self.instructions < total:
            parts.append(f"first {self.instructions:,} of {total:,} instructions")
        text = f"Drawn in part: {', '.join(parts)}. " if parts else ""
        if self.leaving:
            text += f"{_count(self.leaving, 'gate')} to other qubits not drawn. "
        if self.idle:
            text += f"{_count(self.idle, 'idle qubit')} not drawn."
        return text.strip()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _is_directive(operation: Instruction) -> bool:
    return bool(getattr(operation, "_directive", False))


def _clbits(instruction: CircuitInstruction) -> set[Clbit]:
    condition = getattr(instruction.operation, "condition", None)
    bits = set(instruction.clbits)
    return (
        bits if condition is None else bits | set(condition_resources(condition).clbits)
    )


def _used_qubits(whole: QuantumCircuit) -> list[Qubit]:
    """Return the qubits in the order in which they are first used."""
    acting = (x for x in whole.data if not _is_directive(x.operation))
    return list(dict.fromkeys(qubit for x in acting for qubit in x.qubits))


def _used_clbits(whole: QuantumCircuit) -> list[Clbit]:
    used = {bit for instruction in whole.data for bit in _clbits(instruction)}
    return [bit for bit in whole.clbits if bit in used]


def _classical_wires(whole: QuantumCircuit) -> int:
    loose = sum(not whole.find_bit(bit).registers for bit in whole.clbits)
    return len(whole.cregs) + loose


def _register(whole: QuantumCircuit, qubit: Qubit) -> QuantumRegister:
    """Return a register of one qubit that keeps the qubit's name."""
    index = whole.find_bit(qubit).index
    name = _name(whole.find_bit(qubit).registers) or str(index)
    if whole.layout is not None:
        virtual = whole.layout.initial_layout[index]
        registers = whole.layout.initial_layout.get_registers()
        places = [(x, x.index(virtual)) for x in registers if virtual in x]
        name = f"{_name(places)} → {index}" if places else str(index)
    return QuantumRegister(name=name, bits=[qubit])


def _name(places: Sequence[tuple[QuantumRegister, int]]) -> str:
    return "".join(f"{register.name}[{index}]" for register, index in places[:1])


def _add_classical(part: QuantumCircuit, whole: QuantumCircuit) -> None:
    for bit in _used_clbits(whole):
        registers = whole.find_bit(bit).registers
        if len(part.cregs) >= MOST_WIRES:
            return
        if not registers:
            part.add_bits([bit])
        elif registers[0][0] not in part.cregs:
            part.add_register(registers[0][0])


def _frame(whole: QuantumCircuit) -> tuple[QuantumCircuit, int]:
    """Return the wires to draw, without instructions, and the idle ones left out."""
    used = _used_qubits(whole) if whole.num_qubits > MOST_IDLE else whole.qubits
    used = used or whole.qubits
    if len(used) == whole.num_qubits <= MOST_WIRES >= _classical_wires(whole):
        part = whole.copy_empty_like()
        part.global_phase = 0
        part.calibrations = {}
        return part, 0
    shown = set(used[:MOST_WIRES])
    ordered = [qubit for qubit in whole.qubits if qubit in shown]
    part = QuantumCircuit(*(_register(whole, qubit) for qubit in ordered))
    _add_classical(part, whole)
    return part, whole.num_qubits - len(used)


def _text(parameter: Any) -> str:
    try:
        text = str(pi_check(parameter, output="text", ndigits=3))
    except TypeError:
        text = str(parameter)
    return LONG_NUMBER.sub(lambda number: f"{float(number[0]):.3g}", text)


def _clipped(text: str, length: int) -> str:
    """Leave out the middle of a text; the end often carries the number."""
    if len(text) <= length:
        return text
    tail = max(1, length // 3)
    return text[: length - tail - 1].rstrip() + "…" + text[-tail:]


def _plain_box(operation: Instruction, label: str) -> Instruction:
    size = (operation.num_qubits, operation.num_clbits)
    box = Instruction(operation.name, *size, [], label=label)
    if not isinstance(operation, ControlFlowOp):
        box.condition = getattr(operation, "condition", None)
    return box


def _nested(blocks: Iterable[QuantumCircuit]) -> int:
    inner = (x.operation for block in blocks for x in block.data)
    return sum(1 + _nested(getattr(operation, "blocks", ())) for operation in inner)


class _Legible:
    """Replaces operations whose text would be too long to draw."""

    def __init__(self) -> None:
        self._parameters: dict[str, Parameter] = {}

    def __call__(self, operation: Instruction) -> Instruction:
        """Return the operation, or one that looks like it with a shorter text."""
        if isinstance(operation, ControlFlowOp):
            return self._control_flow(operation)
        name = operation.label or operation.name
        if len(name) > LONGEST_TEXT and not isinstance(operation, ControlledGate):
            return _plain_box(operation, _clipped(name, LONGEST_TEXT))
        return self._with_short_parameters(operation)

    @staticmethod
    def _control_flow(operation: ControlFlowOp) -> Instruction:
        nested = _nested(operation.blocks)
        if nested <= MOST_NESTED:
            return operation
        return _plain_box(operation, f"{operation.name} ({nested:,} instructions)")

    def _with_short_parameters(self, operation: Instruction) -> Instruction:
        parameters = getattr(operation, "params", [])
        if any(hasattr(parameter, "shape") for parameter in parameters[:1]):
            return operation
        texts = [_text(parameter) for parameter in parameters[: LONGEST_TEXT + 1]]
        expressions = all(isinstance(x, ParameterExpression) for x in parameters)
        if sum(len(text) + 2 for text in texts) <= LONGEST_TEXT + 2:
            rounded = expressions and any(map(LONG_NUMBER.search, map(str, parameters)))
            return self._shortened(operation, texts) if rounded else operation
        if expressions and len(parameters) <= 3:
            return self._shortened(operation, texts)
        return _plain_box(operation, f"{operation.name} ({len(parameters)} parameters)")

    def _shortened(self, operation: Instruction, texts: list[str]) -> Instruction:
        room = LONGEST_TEXT // len(texts) - 1
        names = [_clipped(text, room) for text in texts]
        short = operation.copy()
        short.params = [
            self._parameters.setdefault(name, Parameter(name)) for name in names
        ]
        return short


def _inside(instruction: CircuitInstruction, wires: set[Any]) -> Any:
    """Return the instruction if its wires are drawn; a barrier is cut to them."""
    qubits = [qubit for qubit in instruction.qubits if qubit in wires]
    if _is_directive(instruction.operation) and len(qubits) < len(instruction.qubits):
        operation = instruction.operation.copy()
        operation.num_qubits = len(qubits)
        return CircuitInstruction(operation, qubits, ()) if qubits else None
    whole = len(qubits) == len(instruction.qubits)
    return instruction if whole and _clbits(instruction) <= wires else None


def excerpt(whole: QuantumCircuit, instructions: int = MOST_INSTRUCTIONS) -> Excerpt:
    """Return the first wires and instructions of a circuit.

    Wires are left out only of a circuit with more than ``MOST_WIRES`` qubits or
    classical wires: first the idle qubits, then the last ones.
    """
    part, idle = _frame(whole)
    wires, legible, leaving = {*part.qubits, *part.clbits}, _Legible(), 0
    for instruction in whole.data:
        if len(part.data) >= instructions:
            break
        inside = _inside(instruction, wires)
        if inside is None:
            leaving += 1
        else:
            part.append(inside.replace(operation=legible(inside.operation)))
    return Excerpt(part, part.num_qubits, idle, len(part.data), leaving)
