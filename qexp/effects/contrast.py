"""What is compared: pairs of cells for an effect, four cells for an interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from qexp.effects.factor import Factor
from qexp.effects.layout import Layout, Truths
from qexp.effects.table import ABSENT, Cells, Floats, Ints

NONE: Ints = np.zeros(0, np.intp)


@dataclass(frozen=True)
class Contrast:
    """A difference between cells, averaged over everything else.

    Attributes:
        factors: One factor for an effect, two for an interaction.
        levels: The level of each that is compared with its reference.
        cells: Cells of each group, shape (P, 2 ** number of factors). Groups differ in
            everything but the factors; their cells in nothing else.
        signs: Signs of the cells of a group, shape (2 ** number of factors,).
        weight: Weight of each group, summing to 1: circuits weigh the same, and the
            groups of a circuit do.
        left: How many groups lack a cell, by the reason.
    """

    factors: tuple[Factor, ...]
    levels: tuple[int, ...]
    cells: Ints
    signs: Floats
    weight: Floats
    left: dict[str, int]


def contrasts(cells: Cells, *factors: Factor) -> list[Contrast]:
    """Every level against its reference, or any two levels of two factors.

    Args:
        cells: The sweep.
        factors: One or two of its factors.

    Raises:
        ValueError: Two cells differ in the circuit alone, where an argument of the
            circuit is compared.
    """
    columns = [cells.factors.index(one) for one in factors]
    group = _groups(cells, columns)
    here = _by_levels(cells, columns)
    codes = product(*(range(1, len(one.levels)) for one in factors))
    return [_contrast(cells, factors, here, code, group) for code in codes]


def _by_levels(cells: Cells, columns: Sequence[int]) -> dict[tuple[int, ...], Ints]:
    """The cells at each combination of levels, in their order."""
    codes = cells.level[:, columns]
    known, which = np.unique(codes, axis=0, return_inverse=True)
    which = which.ravel()
    order = np.argsort(which, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(which))[:-1])
    return {
        tuple(map(int, code)): part for code, part in zip(known, parts, strict=True)
    }


def _contrast(
    cells: Cells,
    factors: Sequence[Factor],
    by_levels: Mapping[tuple[int, ...], Ints],
    levels: Sequence[int],
    group: Ints,
) -> Contrast:
    """Find the groups of cells that differ in the factors only."""
    corners = _corners(levels)
    found = np.full((group.max() + 1, len(corners)), -1, np.intp)
    for number, corner in enumerate(corners):
        here = by_levels.get(tuple(corner), NONE)
        if len(np.unique(group[here])) < len(here):
            raise ValueError(
                f"{factors[0].name}: circuits differ in more than their factors; make "
                "a factor of `circuit` or of the argument that tells them apart"
            )
        found[group[here], number] = here
    found = found[(found >= 0).any(axis=1)]
    whole, left = _complete(cells, found)
    signs = np.array([1.0, -1.0, -1.0, 1.0][: len(corners)])
    groups = found[whole]
    by_circuit = not any(one.kind == "circuit" for one in factors)
    weight = _weights(cells.circuit[groups[:, 0]], by_circuit)
    return Contrast(tuple(factors), tuple(levels), groups, signs, weight, left)


def _corners(levels: Sequence[int]) -> list[list[int]]:
    """Levels of the cells of a group: compared, reference; both, one, other, neither."""
    if len(levels) == 1:
        return [[levels[0]], [0]]
    return [[levels[0], levels[1]], [0, levels[1]], [levels[0], 0], [0, 0]]


def _groups(cells: Cells, columns: Sequence[int]) -> Ints:
    others = [k for k in range(len(cells.factors)) if k not in columns]
    keys = [np.zeros(cells.number, np.intp), *cells.level[:, others].T]
    if not any(cells.factors[k].kind == "circuit" for k in columns):
        keys.append(cells.circuit)  # else it goes with the argument
    _, group = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    return np.asarray(group.ravel(), np.intp)


def _complete(cells: Cells, groups: Ints) -> tuple[Truths, dict[str, int]]:
    """Which groups have all cells in some block; why the others have not."""
    present = (groups >= 0).all(axis=1)
    valid = cells.valid[groups].all(axis=1).any(axis=1) & present
    left: dict[str, int] = {}
    for group in groups[~valid]:
        reason = _reason(cells, group)
        left[reason] = left.get(reason, 0) + 1
    return valid, left


def _reason(cells: Cells, group: Ints) -> str:
    if (group < 0).any():
        return ABSENT
    reasons = [cells.why[int(one)] for one in group if int(one) in cells.why]
    return reasons[0] if reasons else ABSENT


def _weights(circuit: Ints, by_circuit: bool) -> Floats:
    if not len(circuit):
        return np.zeros(0)
    if not by_circuit:
        return np.full(len(circuit), 1 / len(circuit))
    _, code = np.unique(circuit, return_inverse=True)
    count = np.bincount(code)
    return 1 / (count[code] * len(count))


def same_circuits(layout: Layout, one: Contrast) -> bool:
    """Whether what the compiler's seeds did cancels in a contrast.

    It does where each cell was one compiled circuit in all blocks (or had one seed), and
    where two cells of a group that are subtracted are the same circuit in every block.
    """
    steady = layout.steady[one.cells].all(axis=1)
    compiled = layout.cells.compiled
    valid = layout.cells.valid[one.cells].all(axis=1)

    def equal(first: int, second: int) -> Truths:
        a, b = compiled[one.cells[:, first]], compiled[one.cells[:, second]]
        found: Truths = (((a == b) & (a >= 0)) | ~valid).all(axis=1)
        return found

    alike = equal(0, 1)
    if len(one.signs) == 4:
        alike = (alike & equal(2, 3)) | (equal(0, 2) & equal(1, 3))
    return bool((steady | alike).all())
