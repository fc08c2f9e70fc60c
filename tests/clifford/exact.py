"""A program's density matrix, step by step: what the Clifford path is held against."""

from __future__ import annotations

import numpy as np
from qiskit.quantum_info import PTM, SuperOp

from qexp.twin.program import Program


def probabilities(program: Program) -> np.ndarray:
    """(2^m,) of the outcomes as integers, the first measured bit least significant."""
    n = len(program.places)
    state = np.ones((1, 1))
    for chance in program.start:
        state = np.kron(np.diag([1 - chance, chance]), state)
    state = state.astype(complex).reshape((2,) * (2 * n))
    for step in program.steps:
        if step.name == "reset":
            for qubit in step.qubits:
                state = _applied(_RESET, (qubit,), state)
        elif step.unitary is not None:
            superop = np.kron(step.unitary.conj(), step.unitary)
            state = _applied(superop, step.qubits, state)
        for channel in step.channels:
            superop = channel.superop
            state = _applied(superop, channel.qubits, state)
    diagonal = state.reshape(2**n, 2**n).diagonal().real.reshape((2,) * n)
    kept = [n - 1 - position for position, _ in reversed(program.measured)]
    others = tuple(axis for axis in range(n) if axis not in kept)
    order = np.argsort(np.argsort(kept))
    return diagonal.sum(axis=others).transpose(order).ravel()


def twirl(superop: np.ndarray) -> np.ndarray:
    """Terra's transfer matrix without what is off its diagonal."""
    diagonal = np.diag(np.diag(PTM(SuperOp(superop)).data))
    return SuperOp(PTM(diagonal)).data


# |0><0| from |0><0| and from |1><1|, columns stacked
_RESET = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])


def _applied(superop: np.ndarray, qubits: tuple[int, ...], state: np.ndarray):
    n, k = state.ndim // 2, len(qubits)
    rows = [n - 1 - qubit for qubit in reversed(qubits)]
    axes = [n + row for row in rows] + rows  # columns are stacked: they come first
    tensor = np.asarray(superop).reshape((2,) * (4 * k))
    moved = np.tensordot(tensor, state, axes=(list(range(2 * k, 4 * k)), axes))
    return np.moveaxis(moved, list(range(2 * k)), axes)
