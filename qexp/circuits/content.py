"""Digests of what circuits do, equal for equal circuits whatever they are called.

Serialised circuits do not serve: QPY holds automatic names, so that two equal circuits
differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Gate, Instruction


def digest_of_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the files' own digests, in order; names do not enter."""
    each = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def digest_of_gates(circuits: Iterable[QuantumCircuit]) -> str:
    """SHA-256 over the circuits' canonical gate lists, in order."""
    text = json.dumps([gate_list(circuit) for circuit in circuits])
    return hashlib.sha256(text.encode()).hexdigest()


def gate_list(circuit: QuantumCircuit) -> list[Any]:
    """A circuit as plain values: widths, then one entry for each instruction."""
    entries = [_entry(circuit, instruction) for instruction in circuit.data]
    return [circuit.num_qubits, circuit.num_clbits, *entries]


def _entry(circuit: QuantumCircuit, instruction: CircuitInstruction) -> list[Any]:
    operation = instruction.operation
    return [
        operation.name,
        [_plain(parameter) for parameter in operation.params],
        [circuit.find_bit(qubit).index for qubit in instruction.qubits],
        [circuit.find_bit(clbit).index for clbit in instruction.clbits],
        _condition(circuit, operation),
        getattr(operation, "unit", None) if operation.name == "delay" else None,
        _definition(operation),
    ]


def _condition(circuit: QuantumCircuit, operation: Instruction) -> Any:
    condition = getattr(operation, "condition", None)
    if condition is None:
        return None
    if not isinstance(condition, tuple):
        return str(condition)
    target, value = condition
    bits = [target] if not hasattr(target, "__iter__") else list(target)
    return [[circuit.find_bit(bit).index for bit in bits], int(value)]


def _definition(operation: Instruction) -> Any:
    # a gate of the standard library is known by its name; a user's is what it is made of
    standard = operation.base_class.__module__.startswith("qiskit.circuit.")
    if standard and operation.base_class not in (Gate, Instruction):
        return getattr(operation, "ctrl_state", None)
    definition = getattr(operation, "definition", None)
    return None if definition is None else gate_list(definition)


def _plain(parameter: Any) -> Any:
    if isinstance(parameter, QuantumCircuit):
        return gate_list(parameter)
    if isinstance(parameter, np.ndarray):
        return [repr(complex(value)) for value in parameter.ravel()]
    if isinstance(parameter, bool | str) or parameter is None:
        return parameter
    try:
        value = complex(parameter)
    except TypeError:
        return str(parameter)
    return repr(value.real) if value.imag == 0 else repr(value)
