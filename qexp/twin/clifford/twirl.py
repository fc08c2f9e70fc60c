"""Noise as random Pauli operators: channels twirled, or conditioned on known qubits.

The Pauli twirl of a channel keeps the diagonal of its Pauli transfer matrix and drops the
rest (Geller and Zhou, arXiv:1305.2021). Depolarising and dephasing stay what they are.
Relaxation does not: its twirl excites a qubit as often as it lets it decay. Where a qubit
is 0 or 1 in each shot, and we know which, it can be flipped as often as that state is.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

CHANNELS = 4096
"""How many channels' tables are kept."""

PHYSICAL = 1e-6
"""How far below 0 a probability, or from 1 their sum, may be: rounding."""

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

# I, X, Y, Z
_PAULIS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)
_COMMUTE = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
_IS = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])  # |0><0|, |1><1|
_NEVER = np.zeros((2, 2))


def table(superop: Complex, decided: tuple[bool, ...]) -> Real:
    """The probabilities of the Pauli operators that stand for a channel.

    Args:
        superop: (4^k, 4^k), column-stacking, the first qubit least significant, as in
            terra's `SuperOp`.
        decided: Of each qubit whether it is 0 or 1, so that it can but be flipped.

    Returns:
        (2^d, 4^k): a row for each state of the d decided qubits, a column for each
        operator; I, X, Y, Z count 0 to 3. The first qubit is the least significant digit
        of both. Read-only.

    Raises:
        ValueError: The matrix is no trace-preserving channel.
    """
    matrix = np.ascontiguousarray(superop, dtype=complex)
    return _table(matrix.tobytes(), decided)


@lru_cache(CHANNELS)
def _table(content: bytes, decided: tuple[bool, ...]) -> Real:
    size = 4 ** len(decided)
    matrix = np.frombuffer(content, dtype=complex).reshape(size, size)
    states = product((0, 1), repeat=sum(decided))
    found = np.array([_row(matrix, decided, state[::-1]) for state in states])
    sums = found.sum(axis=1)
    if found.min() < -PHYSICAL or abs(sums - 1).max() > PHYSICAL:
        raise ValueError(
            f"no trace-preserving channel: the least of its probabilities as Pauli "
            f"operators is {found.min():.3g}, and they add up to {sums[0]:.6g}"
        )
    found = found.clip(0)
    rows: Real = found / found.sum(axis=1)[:, None]
    rows.flags.writeable = False
    return rows


def _row(matrix: Complex, decided: tuple[bool, ...], state: tuple[int, ...]) -> Real:
    """Probabilities where the decided qubits are in a state."""
    given, asked, change = _bases(decided, state)
    became = np.einsum("pi,pi->p", asked.conj(), given @ matrix.T)
    found: Real = change @ became.real
    return found


@lru_cache(None)  # the channels have one qubit or two: 15 of them
def _bases(
    decided: tuple[bool, ...], state: tuple[int, ...]
) -> tuple[Complex, Complex, Real]:
    """What a channel is given, what is asked of the answer, and what that says."""
    given, asked, change = [], [], []
    left = iter(state)
    for known in decided:
        if known:
            value = next(left)
            given.append([_IS[value]] * 4)
            asked.append([_IS[value], _IS[1 - value], _NEVER, _NEVER])
            change.append(np.eye(4))
        else:
            given.append(list(_PAULIS))
            asked.append(list(_PAULIS / 2))
            change.append(_COMMUTE / 4)
    return _stacked(given), _stacked(asked), reduce(np.kron, reversed(change))


def _stacked(factors: list[list[Complex]]) -> Complex:
    """Products of an operator of each qubit, a row each with the columns stacked."""
    return np.array(
        [reduce(np.kron, some).ravel(order="F") for some in product(*factors[::-1])]
    )
