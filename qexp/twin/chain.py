"""The distribution of a circuit that is its own predecessor, shot after shot.

What qubits start in depends on what the previous shot measured. With a reset before
each shot hardly, and each may be taken by itself; without one the outcomes of a GHZ
state, say, come again together, and only their joint distribution is right.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qexp.twin.preparation import Reals

WEAK = 0.02
"""Up to this change of a qubit's start with its last outcome, each qubit is taken by
itself. On GHZ states of ibmq_montreal (0.01) that is a total variation of at most 6e-4."""

SLIGHT = 1e-3
"""Up to this change of a qubit's start its last outcome is taken for 0 or 1 with even
odds; beyond, with the odds that the circuit itself has."""

PRECISE = 1e-10
"""Total variation between two rounds at which the distribution has settled."""

ROUNDS = 500
"""Most rounds; GHZ-10 on ibmq_montreal without reset and delay needs 27."""


ROUNDS_ALONE = 30
"""Most rounds for qubits by themselves; with resets two."""


def independent(carried: Reals) -> bool:
    """Whether qubits may be taken by themselves.

    Args:
        carried: (n, 2) probability of starting in |1⟩, after a 0 and after a 1.
    """
    return bool(np.abs(carried[:, 1] - carried[:, 0]).max(initial=0.0) <= WEAK)


def alone(carried: Reals, ones: Reals) -> Reals:
    """(n,) probability of starting in |1⟩, of qubits that are taken by themselves.

    Args:
        carried: (n, 2) that probability after a 0 and after a 1.
        ones: (n,) probability that the last outcome was 1.
    """
    return np.asarray(carried[:, 0] + (carried[:, 1] - carried[:, 0]) * ones)


def settled_alone(carried: Reals, ones: Callable[[Reals], Reals]) -> Reals:
    """How qubits start that are taken by themselves, once shots have forgotten the first.

    Args:
        carried: (n, 2) probability of starting in |1⟩, after a 0 and after a 1.
        ones: From (n,) how qubits start to (n,) how often each is measured as 1; not
            asked where even odds do as well.

    Returns:
        (n,) probability of starting in |1⟩, what `ones` was asked last if it settled.
    """
    now: Reals = carried.mean(axis=1)
    if np.abs(carried[:, 1] - carried[:, 0]).max(initial=0.0) / 2 <= SLIGHT:
        return now
    for _ in range(ROUNDS_ALONE):
        following = alone(carried, ones(now))
        if np.abs(following - now).max() <= SLIGHT:
            return now
        now = following
    return now


def starts(outcomes: Reals, carried: Reals) -> Reals:
    """(2^n,) how qubits start, after shots of these outcomes; bit k is qubit k.

    Args:
        outcomes: (2^n,) probability of each.
        carried: (n, 2) probability of starting in |1⟩, after a 0 and after a 1.
    """
    for k, (after_0, after_1) in enumerate(carried):
        step = np.array([[1 - after_0, 1 - after_1], [after_0, after_1]])
        outcomes = np.matmul(step, outcomes.reshape(-1, 2, 2**k))
    return outcomes.ravel()


def settled(shot: Callable[[Reals], Reals], carried: Reals) -> tuple[Reals, bool]:
    """(2^n,) how qubits start once shots have forgotten the first, and whether they have.

    Args:
        shot: From (2^n,) how qubits start to (2^n,) what is measured.
        carried: (n, 2) probability of starting in |1⟩, after a 0 and after a 1.
    """
    n = len(carried)
    now = starts(np.full(2**n, 0.5**n), carried)
    for _ in range(ROUNDS):
        following = starts(shot(now), carried)
        following /= following.sum()
        change = float(np.abs(following - now).sum()) / 2
        now = following
        if change < PRECISE:
            return now, True
    return now, False
