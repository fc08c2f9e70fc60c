"""From probabilities, or from what shots found, to counts of what is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qexp.twin.preparation import Reals
from qexp.twin.readout import applied, matrix

Bits = npt.NDArray[np.bool_]
Errors = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Drawn:
    """What was read.

    Attributes:
        outcomes: Distinct ones, clbit k in the k-th bit.
        counts: How often each was read.
    """

    outcomes: list[int]
    counts: npt.NDArray[np.int64]

    def memory(self, rng: np.random.Generator) -> list[int]:
        """One outcome for each shot, in an order that means nothing."""
        places = np.repeat(np.arange(len(self.outcomes)), self.counts)
        return [self.outcomes[k] for k in rng.permutation(places)]


def from_probabilities(
    probabilities: Reals,
    clbits: Sequence[int],
    errors: Errors,
    shots: int,
    rng: np.random.Generator,
) -> Drawn:
    """Shots of a distribution.

    Args:
        probabilities: (2^m,), bit k of an outcome being what `clbits[k]` gets.
        clbits: m of them.
        errors: Probability of reading 1 of 0 and 0 of 1, of the first of them; the
            others are taken as they are.
        shots: Repetitions.
        rng: Draws them.
    """
    read = applied(probabilities, [matrix(*one) for one in errors])
    found = rng.multinomial(shots, read / read.sum())
    seen = np.flatnonzero(found)
    outcomes = [0] * len(seen)
    for k, clbit in enumerate(clbits):
        for number in np.flatnonzero(seen >> k & 1):
            outcomes[number] |= 1 << clbit
    return Drawn(outcomes, found[seen])


def from_shots(
    bits: Bits, read: Sequence[int], errors: Errors, rng: np.random.Generator
) -> Drawn:
    """What is read of shots.

    Args:
        bits: (shots, clbits) what is there.
        read: The clbits of the final measurements, which are read with errors.
        errors: Probability of reading 1 of 0 and 0 of 1, of each.
        rng: Draws the errors.
    """
    chance = np.array(errors).reshape(-1, 2)
    there = bits[:, list(read)]
    wrong = rng.random(there.shape) < np.where(there, chance[:, 1], chance[:, 0])
    bits = bits.copy()
    bits[:, list(read)] = there ^ wrong
    rows, counts = np.unique(
        np.packbits(bits, axis=1, bitorder="little"), axis=0, return_counts=True
    )
    return Drawn([int.from_bytes(row.tobytes(), "little") for row in rows], counts)
