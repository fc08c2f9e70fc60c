"""Pauli transfer matrices: channels as real matrices on Pauli expectation values.

A state of n qubits is the 4^n real numbers Tr[P ρ], which is half the memory of a
density matrix and a quarter of the work.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from qexp.twin.channels import Complex, of_unitary
from qexp.twin.preparation import Reals

KEPT = 8192
"""Transfer matrices that are kept: at most 16 MB of those of two qubits."""

_PAULIS = [
    np.eye(2, dtype=complex),
    np.array([[0, 1], [1, 0]], dtype=complex),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1 + 0j, -1]),
]

BASIS: Reals = np.array([[1.0, 1], [0, 0], [0, 0], [1, -1]])
"""(4, 2): expectation values of |0⟩ and of |1⟩."""

OUTCOMES: Reals = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5]])
"""(2, 4): probabilities of 0 and of 1, of the expectation values."""

TRACE: Reals = np.array([[1.0, 0, 0, 0]])
"""(1, 4): what is left of a qubit at which nobody looks."""


def of_channel(superop: Complex) -> Reals:
    """The transfer matrix of a superoperator, (4^k, 4^k); last qubit first."""
    return _transfer(np.ascontiguousarray(superop).tobytes(), False)


def of_gate(unitary: Complex) -> Reals:
    """The transfer matrix of a unitary, (4^k, 4^k); last qubit first."""
    return _transfer(np.ascontiguousarray(unitary).tobytes(), True)


@lru_cache(maxsize=KEPT)
def _transfer(content: bytes, unitary: bool) -> Reals:
    flat = np.frombuffer(content, complex)
    size = math.isqrt(flat.size)
    matrix = flat.reshape(size, size)
    superop = of_unitary(matrix) if unitary else matrix
    columns = _columns(round(math.log(len(superop), 4)))
    made = columns.conj().T @ superop @ columns / math.isqrt(len(superop))
    return np.ascontiguousarray(made.real)


@lru_cache(maxsize=8)
def _columns(qubits: int) -> Complex:
    """All Pauli operators, each stacked into a column; I, X, Y, Z, the last fastest."""
    operators = [np.eye(1, dtype=complex)]
    for _ in range(qubits):
        operators = [np.kron(one, pauli) for one in operators for pauli in _PAULIS]
    return np.array([one.ravel(order="F") for one in operators]).T


def instrument(e10: float, e01: float) -> Reals:
    """A measurement in the middle that may misread, (2, 4, 4): by what is read.

    Args:
        e10: Probability of reading 1 of |0⟩.
        e01: Probability of reading 0 of |1⟩.
    """
    found = [np.outer(BASIS[:, bit], OUTCOMES[bit]) for bit in (0, 1)]
    read_0 = (1 - e10) * found[0] + e01 * found[1]
    read_1 = e10 * found[0] + (1 - e01) * found[1]
    return np.array([read_0, read_1])


RESET: Reals = np.outer(BASIS[:, 0], TRACE[0])
"""(4, 4): an ideal reset."""


def to_kraus(transfer: Reals) -> list[Complex]:
    """Kraus operators of a transfer matrix, (2^k, 2^k) each, the likeliest first.

    The eigenvectors of its Choi matrix; those below 1e-12 of the largest are rounding.
    """
    columns = _columns(round(math.log(len(transfer), 4)))
    size = math.isqrt(len(transfer))
    superop = columns @ transfer @ columns.conj().T / size
    choi = superop.reshape([size] * 4).transpose(3, 1, 2, 0).reshape(size**2, size**2)
    weights, vectors = np.linalg.eigh((choi + choi.conj().T) / 2)
    return [
        np.sqrt(weights[k] + 0j) * vectors[:, k].reshape(size, size).T
        for k in range(len(weights) - 1, -1, -1)
        if weights[k] > 1e-12 * weights[-1]
    ]
