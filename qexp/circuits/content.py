"""Digests of what circuits do, equal for equal circuits whatever they are called.

Serialised circuits do not serve: QPY holds automatic names, so that two equal circuits
differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp

from qexp.errors import ConfigError

_KNOWN_BY_NAME = (
    "qiskit.circuit.library.standard_gates.",
    "qiskit.circuit.measure",
    "qiskit.circuit.reset",
    "qiskit.circuit.barrier",
    "qiskit.circuit.delay",
    "qiskit.circuit.library.generalized_gates.unitary",
    "qiskit.circuit.library.data_preparation.",
)
"""Modules whose operations are told apart by name, parameters and control state."""


NOTHING = 1e-12
"""A parameter as small as this is one that should be 0; the shortest delays in seconds are
a hundred times longer."""


def digest_of_texts(texts: Iterable[str]) -> str:
    """SHA-256 over texts of one line, in order; for files, over their digests."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def content_of(circuits: Iterable[QuantumCircuit]) -> str:
    """SHA-256 over what the circuits do, in order, the same on every processor.

    Processors disagree on the last digits of a sine and of a random unitary, and a point
    has to be known again on another machine. Numbers that differ by less than any device
    resolves are therefore equal: matrices to 8 decimals, parameters to 10 digits.

    Raises:
        ConfigError: An operation has neither parameters nor a definition nor a matrix
            that would tell it apart from others.
    """
    return _digest([_rounded(gate_list(circuit)) for circuit in circuits])


def digest_of_gates(circuits: Iterable[QuantumCircuit]) -> str:
    """SHA-256 over the circuits' canonical gate lists, in order, to the last digit.

    Raises:
        ConfigError: As of `content_of`.
    """
    return _digest([gate_list(circuit) for circuit in circuits])


def _digest(lists: list[Any]) -> str:
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()


def gate_list(circuit: QuantumCircuit) -> list[Any]:
    """A circuit as plain values: widths, then one entry for each instruction."""
    entries = [_entry(circuit, instruction) for instruction in circuit.data]
    return [circuit.num_qubits, circuit.num_clbits, *entries, *_pulses(circuit)]


def _pulses(circuit: QuantumCircuit) -> list[Any]:
    """The circuit's own calibrations; schedules have automatic names, so not those."""
    return [
        [gate, str(place), [str(step) for step in _steps(schedule)]]
        for gate, schedules in circuit.calibrations.items()
        for place, schedule in schedules.items()
    ]


def _steps(schedule: Any) -> Any:
    return schedule.blocks if hasattr(schedule, "blocks") else schedule.instructions


def _inner(circuit: QuantumCircuit) -> list[Any]:
    """A circuit inside another: there its phase counts, under a control."""
    return [_plain(circuit.global_phase), *gate_list(circuit)]


def _entry(circuit: QuantumCircuit, instruction: CircuitInstruction) -> list[Any]:
    operation = instruction.operation
    return [
        operation.name,
        [_plain(parameter) for parameter in getattr(operation, "params", [])],
        [circuit.find_bit(qubit).index for qubit in instruction.qubits],
        [circuit.find_bit(clbit).index for clbit in instruction.clbits],
        _condition(circuit, operation),
        getattr(operation, "unit", None) if operation.name == "delay" else None,
        _made_of(operation),
    ]


def _condition(circuit: QuantumCircuit, operation: Any) -> Any:
    condition = getattr(operation, "condition", None)
    if condition is None:
        return None
    if not isinstance(condition, tuple):
        return str(condition)
    target, value = condition
    bits = [target] if not hasattr(target, "__iter__") else list(target)
    return [[circuit.find_bit(bit).index for bit in bits], int(value)]


def _made_of(operation: Any) -> Any:
    """What tells an operation apart beside its name and parameters."""
    if isinstance(operation, ControlFlowOp):
        cases = operation.cases_specifier() if operation.name == "switch_case" else []
        target = getattr(operation, "target", None)
        return [str(target), [str(labels) for labels, _ in cases]]
    if is_known(operation):
        return getattr(operation, "ctrl_state", None)
    if hasattr(operation, "base_op"):  # an operation with modifiers
        return [operation.base_op.name, _made_of(operation.base_op), str(operation)]
    definition = getattr(operation, "definition", None)
    if definition is None and hasattr(operation, "to_circuit"):
        definition = operation.to_circuit()
    return _inner(definition) if definition is not None else _matrix(operation)


def is_known(operation: Any) -> bool:
    """Whether name, parameters and control state tell an operation from any other."""
    kind = getattr(operation, "base_class", type(operation)).__module__ or ""
    return kind.startswith(_KNOWN_BY_NAME)


def _matrix(operation: Any) -> Any:
    try:
        return _plain(np.asarray(operation.to_matrix()))
    except Exception as error:
        if getattr(operation, "params", []):
            return None  # such as a Kraus channel: its parameters are all there is
        raise ConfigError(
            f"circuit: the operation {operation.name} has no parameters, definition or "
            "matrix, so nothing tells it apart from another of its name. Define it."
        ) from error


def _plain(parameter: Any) -> Any:
    if isinstance(parameter, QuantumCircuit):
        return _inner(parameter)
    if isinstance(parameter, np.ndarray):
        return _Matrix(list(parameter.shape), _pairs(parameter))
    if isinstance(parameter, bool | str) or parameter is None:
        return parameter
    try:
        value = complex(parameter)
    except TypeError:
        return str(parameter)
    # told by the type: a processor may find 1e-17 where another finds nothing
    real = value.imag == 0 and not isinstance(parameter, complex)
    return value.real if real else [value.real, value.imag]


class _Matrix(list[Any]):
    """A shape, and pairs of numbers of which none is far from 1."""

    def __init__(self, shape: list[int], pairs: list[list[float]]) -> None:
        super().__init__([shape, pairs])


def _pairs(matrix: np.ndarray[Any, Any]) -> list[list[float]]:
    numbers = np.asarray(matrix, dtype=complex).ravel()
    pairs: list[list[float]] = np.stack([numbers.real, numbers.imag], axis=1).tolist()
    return pairs


def _rounded(value: Any) -> Any:
    """Plain values, without the digits in which processors differ."""
    if isinstance(value, _Matrix):
        shape, pairs = value
        return [shape, (np.round(pairs, 8) + 0.0).tolist()]  # and not -0.0
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.10g}") if abs(value) > NOTHING else 0.0
    return value
