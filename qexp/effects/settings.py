"""Settings: combinations of options, with a mean over circuits in each block."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qexp.effects.additive import additive
from qexp.effects.factor import Factor
from qexp.effects.layout import Layout
from qexp.effects.table import Floats, Ints


@dataclass(frozen=True)
class Settings:
    """What is ranked.

    S settings, B blocks.

    Attributes:
        factors: The options.
        levels: Code of each setting's level of each option, shape (S, F).
        mean: The metric, a mean over circuits of equal weight, shape (S, B); NaN where
            a circuit lacks.
        by_shot: Its variance by shot noise, shape (S, B).
        whole: Number of each setting's job-wide levels, shape (S,).
        left: Settings that lack a circuit in every block.
    """

    factors: tuple[Factor, ...]
    levels: Ints
    mean: Floats
    by_shot: Floats
    whole: Ints
    left: int

    @property
    def number(self) -> int:
        """How many settings are ranked."""
        return len(self.levels)

    def options(self, number: int) -> dict[str, Hashable]:
        """The options of a setting."""
        codes = self.levels[number]
        pairs = zip(self.factors, codes, strict=True)
        return {one.name: one.levels[code] for one, code in pairs}

    @cached_property
    def shot(self) -> float:
        """Mean variance by shot noise; NaN where it is not known."""
        known = self.by_shot[~np.isnan(self.by_shot)]
        return float(known.mean()) if known.size else float("nan")

    @property
    def repeats(self) -> int:
        """How many blocks there are."""
        return self.mean.shape[1]


def settings(layout: Layout) -> Settings:
    """Means of the settings that were measured with every circuit."""
    cells = layout.cells
    chosen = [k for k, one in enumerate(cells.factors) if one.is_option]
    keys, setting = np.unique(cells.level[:, chosen], axis=0, return_inverse=True)
    setting = setting.ravel()
    order = np.argsort(setting, kind="stable")
    cells_of = np.split(order, np.cumsum(np.bincount(setting))[:-1])
    mean = np.empty((len(keys), cells.repeats))
    by_shot = np.empty_like(mean)
    for number, here in enumerate(cells_of):
        mean[number], by_shot[number] = _mean(layout, here)
    complete = ~np.isnan(mean).all(axis=1)
    first = np.array([here[0] for here in cells_of])
    return Settings(
        factors=tuple(cells.factors[k] for k in chosen),
        levels=keys[complete],
        mean=mean[complete],
        by_shot=by_shot[complete],
        whole=layout.whole[first[complete]],
        left=int((~complete).sum()),
    )


def _mean(layout: Layout, here: Ints) -> tuple[Floats, Floats]:
    """Mean over circuits of the means over seeds, NaN in blocks that lack a circuit."""
    cells = layout.cells
    circuits = cells.circuit[here]
    if len(np.unique(circuits)) < len(cells.circuits):
        nothing = np.full(cells.repeats, np.nan)
        return nothing, nothing
    count = np.bincount(circuits)[circuits]
    weight = 1 / (count * len(cells.circuits))
    variance = layout.variance[layout.alias[here]]
    return weight @ cells.value[here], weight**2 @ variance


@dataclass(frozen=True)
class Errors:
    """The error of differences between settings.

    Attributes:
        inside: Variance of one setting in one block, within jobs.
        job: Further variance of a job, for settings that do not share jobs.
        freedom: Degrees of freedom within jobs.
        job_freedom: And from job to job.
        unit: `block`, or `shots` where there is one block only.
    """

    inside: float
    job: float
    freedom: float
    job_freedom: float
    unit: str

    def difference(self, blocks: float, *, shared: bool) -> tuple[float, float]:
        """Standard error of a difference of means, and its degrees of freedom.

        Args:
            blocks: Over how many blocks.
            shared: Whether the two settings share their jobs.
        """
        if shared or self.job == 0:
            return float(np.sqrt(2 * self.inside / blocks)), self.freedom
        total = self.inside + self.job
        # Satterthwaite: the two parts have their own degrees of freedom
        parts = self.inside**2 / self.freedom + self.job**2 / self.job_freedom
        return float(np.sqrt(2 * total / blocks)), total**2 / parts if parts else np.inf


def errors(found: Settings) -> Errors | None:
    """Pooled over all settings; None where nothing is known."""
    if found.repeats < 2:
        inside = found.shot
        return (
            None if np.isnan(inside) else Errors(inside, 0.0, np.inf, np.inf, "shots")
        )
    row, block = np.nonzero(~np.isnan(found.mean))
    plot = found.whole[row] * found.repeats + block
    _, column = np.unique(plot, return_inverse=True)
    fit = additive(row, column, found.mean[row, block])
    if len(np.unique(found.whole)) == 1:
        return _of(fit.rest, fit.freedom, 0.0, 0)
    present = np.unique(plot)
    between = additive(present // found.repeats, present % found.repeats, fit.column)
    if between.freedom < 1:
        return None
    square = float(between.rest @ between.rest) / between.freedom
    if fit.freedom < 1:  # every setting has jobs of its own
        return Errors(square, 0.0, between.freedom, between.freedom, "block")
    inside = float(fit.rest @ fit.rest) / fit.freedom
    each = len(row) / len(present)
    return _of(fit.rest, fit.freedom, max(square - inside / each, 0.0), between.freedom)


def _of(rest: Floats, freedom: int, job: float, job_freedom: int) -> Errors | None:
    if freedom < 1:
        return None
    inside = float(rest @ rest) / freedom
    return Errors(inside, job, freedom, job_freedom, "block")
