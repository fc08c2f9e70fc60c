"""Circuits whose operations are told apart by name, for a format that knows no other way.

Terra 0.46 writes the definition of an operation that is not its own into QPY once for each
name. Of `mine(pi/3)` and `mine(pi/5)`, of one gate statement, or of two gates that happen
to be called alike, the second is read back as the first.
"""

from __future__ import annotations

import json
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, ControlledGate

from qexp.circuits.content import gate_list, is_known


def distinct(circuit: QuantumCircuit) -> QuantumCircuit:
    """A circuit that does the same, in which no name stands for two definitions.

    Args:
        circuit: Any circuit; it is not changed, and given back where nothing is to do.
            Definitions and blocks are gone through as well.
    """
    taken: dict[str, str] = {}
    changed = {
        place: made
        for place, instruction in enumerate(circuit.data)
        if (made := _renamed(instruction.operation, taken)) is not None
    }
    if not changed:
        return circuit
    copied = circuit.copy()
    for place, operation in changed.items():
        copied.data[place] = circuit.data[place].replace(operation=operation)
    return copied


def _renamed(operation: Any, taken: dict[str, str]) -> Any:
    """An operation that stands for one whose name is taken; None where it can stay.

    Args:
        operation: The operation.
        taken: What each name stands for in this circuit; it is added to.
    """
    if isinstance(operation, ControlFlowOp):
        blocks = [distinct(block) for block in operation.blocks]
        pairs = zip(blocks, operation.blocks, strict=True)
        same = all(one is other for one, other in pairs)
        return None if same else operation.replace_blocks(blocks)
    definition = None if is_known(operation) else _definition(operation)
    if definition is None:
        return None
    inner = distinct(definition)
    # terra gives controlled gates names of their own
    controlled = isinstance(operation, ControlledGate)
    name = operation.name if controlled else _free(operation.name, inner, taken)
    if name == operation.name and inner is definition:
        return None
    made = operation.copy(name=name)
    made.definition = inner
    return made


def _free(name: str, definition: QuantumCircuit, taken: dict[str, str]) -> str:
    """A name that stands for this definition and no other."""
    content = json.dumps([repr(definition.global_phase), gate_list(definition)])
    found, number = name, 0
    while taken.setdefault(found, content) != content:
        number += 1
        found = f"{name}_{number}"
    return found


def _definition(operation: Any) -> QuantumCircuit | None:
    found = getattr(operation, "definition", None)
    if isinstance(operation, ControlledGate):
        # what is written; the other has gates around it for controls that are open
        found = operation._definition
    return found if isinstance(found, QuantumCircuit) else None
