"""Outcomes of the logical qubits, from their amplitudes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qexp.twin.clifford.logical import Reduced
from qexp.twin.clifford.pauli import Pauli, parity

Real = NDArray[np.float64]
State = NDArray[np.complex128]

HELD = 2**20
"""How many amplitudes are held at once."""


def drawn(circuit: Reduced, angles: Real, rng: np.random.Generator) -> NDArray[np.intp]:
    """Sample the logical outcomes.

    Args:
        circuit: The circuit.
        angles: (rotations of the circuit, shots) in radians, rounded: equal angles are
            computed once.
        rng: Chance.

    Returns:
        (shots,): the outcomes of a shot as one integer, the first least significant.
    """
    distinct, which = _distinct(angles)
    chance = rng.random(len(which))
    found = np.zeros(len(which), dtype=np.intp)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(len(distinct) + 1))
    block = max(1, HELD >> circuit.rank)
    for first in range(0, len(distinct), block):
        sets = distinct[first : first + block]
        mine = order[ends[first] : ends[first + len(sets)]]
        likely = _probabilities(circuit, sets)
        found[mine] = _chosen(likely, which[mine] - first, chance[mine])
    return found


def _distinct(angles: Real) -> tuple[Real, NDArray[np.intp]]:
    """(sets, rotations) angles that differ, and the set of each shot."""
    which = np.zeros(angles.shape[1], dtype=np.intp)
    for row in angles:
        values, value = np.unique(row, return_inverse=True)
        if len(values) > 1:
            _, which = np.unique(which * len(values) + value, return_inverse=True)
    _, first = np.unique(which, return_index=True)
    return angles[:, first].T, which


def _chosen(likely: Real, rows: NDArray[np.intp], chance: Real) -> NDArray[np.intp]:
    """A column for each chance, from the row of probabilities that goes with it."""
    many, columns = likely.shape
    up_to = likely.cumsum(axis=1)
    # one search in all rows at once: row k holds k to k + 1
    steps = (up_to / up_to[:, -1:] + np.arange(many)[:, None]).ravel()
    at = np.searchsorted(steps, chance + rows, side="right")
    return (at - rows * columns).clip(0, columns - 1)


def _probabilities(circuit: Reduced, angles: Real) -> Real:
    """(sets, 2^outcomes) probabilities of the logical outcomes."""
    state = np.zeros((len(angles), 2**circuit.rank), dtype=complex)
    state[:, 0] = 1
    for rotation, half in zip(circuit.rotations, angles.T[..., None] / 2, strict=True):
        turned = _applied(rotation.axis, state)
        state = np.cos(half) * state - 1j * np.sin(half) * turned
    weights: Real = np.abs(state @ circuit.bits.basis.T) ** 2
    outcomes = circuit.bits.coins.count(False)
    found: Real = weights.reshape(len(angles), -1, 2**outcomes).sum(axis=1)
    return found


def _applied(axis: Pauli, state: State) -> State:
    """A Pauli operator on states in rows: i^power (-1)^(z.y) from |y> to |y + x>."""
    size = state.shape[1]
    signs = np.array([1 - 2 * parity(axis.z & y) for y in range(size)])
    moved: State = (state * signs)[:, np.arange(size) ^ axis.x]
    return 1j**axis.power * moved
