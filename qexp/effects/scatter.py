"""How far repeats of the same thing scatter: within jobs, and from job to job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qexp.effects.additive import additive
from qexp.effects.layout import Layout
from qexp.effects.table import Floats, Ints


@dataclass(frozen=True)
class Scatter:
    """Variance of single entries, from the residuals of a stratum.

    Measured variance is laid over that by shot noise: what exceeds shot noise is taken
    as the same for all entries, and where less was measured, all are scaled down alike.

    Attributes:
        square: Mean square of the residuals.
        shot: Mean variance by shot noise of the same; 0 where it is not known.
        freedom: Degrees of freedom, after Satterthwaite where shot noise differs.
    """

    square: float
    shot: float
    freedom: float

    def variance(self, squares: float, by_shot: float) -> float:
        """Variance of a contrast.

        Args:
            squares: Sum of its squared coefficients.
            by_shot: Its variance by shot noise; not used where that is not known.
        """
        if self.shot <= 0:
            return self.square * squares
        if self.square < self.shot:
            return by_shot * self.square / self.shot
        return by_shot + (self.square - self.shot) * squares


@dataclass(frozen=True)
class Strata:
    """The scatter of both strata; None where there is nothing to tell it from."""

    layout: Layout

    @cached_property
    def point(self) -> Scatter | None:
        """Among the points of a job, from cells that compiled alike in all blocks."""
        layout = self.layout
        row, block = _representatives(layout)
        if len(row) == 0:
            return None
        _, column = np.unique(layout.cells.job[row, block], return_inverse=True)
        _, number = np.unique(row, return_inverse=True)
        fit = additive(number, column, layout.cells.value[row, block])
        shot = layout.variance[layout.alias[row, block]]
        return _scatter(fit.rest, fit.freedom, shot)

    @cached_property
    def job(self) -> Scatter | None:
        """Among jobs: of the means of whole plots, beyond their setting and block."""
        layout = self.layout
        row, block = np.nonzero(layout.cells.valid)
        plot = layout.place[row, block]
        present, column = np.unique(plot, return_inverse=True)
        fit = additive(row, column, layout.cells.value[row, block])
        blocks = layout.cells.repeats
        means = additive(present // blocks, present % blocks, fit.column)
        shot = _of_means(column, layout.variance[layout.alias[row, block]])
        return _scatter(means.rest, means.freedom, shot)


def _scatter(rest: Floats, freedom: int, shot: Floats) -> Scatter | None:
    if freedom < 1:
        return None
    square = float(rest @ rest) / freedom
    known = not np.isnan(shot).any() and float(shot.mean()) > 0
    level = float(shot.mean()) if known else 0.0
    found = Scatter(square, level, freedom)
    if not known:
        return found
    each = np.array([found.variance(1.0, float(one)) for one in shot])
    equal = float(each.mean() ** 2 / (each**2).mean()) if each.any() else 1.0
    return Scatter(square, level, freedom * equal)


def _representatives(layout: Layout) -> tuple[Ints, Ints]:
    """Entries of steady cells, one for each alias class of a block."""
    row, block = np.nonzero(layout.cells.valid & layout.steady[:, None])
    _, first = np.unique(layout.alias[row, block], return_index=True)
    return row[first], block[first]


def _of_means(column: Ints, shot: Floats) -> Floats:
    count = np.bincount(column)
    return np.bincount(column, shot) / count**2
