"""In which order qubits stand in a matrix product state, and how large its bonds get."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from qexp.twin.program import Program

MOST = 2**40
"""Where a bond is not counted any further."""


def pairs(program: Program) -> list[tuple[int, int]]:
    """The pairs of positions that gates couple, in order; one after another count once.

    A gate on more than two positions counts as the pairs of its neighbours.
    """
    return list(_pairs(tuple(s.qubits for s in program.steps if len(s.qubits) > 1)))


@lru_cache(maxsize=16)
def _pairs(coupled: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    last: dict[int, tuple[int, int]] = {}
    for qubits in coupled:
        for one, other in pairwise(qubits):
            pair = min(one, other), max(one, other)
            if last.get(one) == pair == last.get(other):
                continue
            last[one] = last[other] = pair
            found.append(pair)
    return tuple(found)


def line(program: Program) -> list[int]:
    """A place for each position, such that those that gates couple are near each other."""
    qubits, coupled = len(program.places), pairs(program)
    if not coupled:
        return list(range(qubits))
    rows, columns = np.array(coupled).T
    graph = coo_array(
        (np.ones(len(coupled)), (rows, columns)), (qubits, qubits)
    ).tocsr()
    there = reverse_cuthill_mckee((graph + graph.T).tocsr(), symmetric_mode=True)
    place = np.empty(qubits, int)
    place[there] = np.arange(qubits)
    return [int(one) for one in place]


def bond(program: Program) -> int:
    """A bound of the largest bond: each gate over a cut multiplies it by 2 or 4."""
    place, qubits = line(program), len(program.places)
    crossed = np.zeros(qubits + 1)
    for one, other in pairs(program):
        low, high = sorted((place[one], place[other]))
        crossed[low + 1 : high + 1] += 2
    half = [min(k, qubits - k) for k in range(qubits + 1)]
    return int(min(MOST, 2 ** np.minimum(crossed, half).max(initial=0.0)))
