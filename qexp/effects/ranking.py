"""Settings in the order of their means; of many, only those that are looked at are made."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from qexp.effects.estimate import LEVEL, quantile
from qexp.effects.needed import POWER, first
from qexp.effects.settings import Errors, Settings
from qexp.effects.table import Floats, Ints

_SAME = 1e-12


@dataclass(frozen=True)
class Candidate:
    """One setting against the best of the others.

    Attributes:
        options: Its options.
        mean: Its mean over circuits and blocks.
        low: Lower end of the 95 % interval of what it is better than the best other by,
            at most 0; NaN where there is no error.
        high: Upper end, at least 0. At 0 something else is better.
        among: Whether it cannot be told from the best.
        gap: How far it is behind the winner, where more measurements might tell.
    """

    options: Mapping[str, Hashable]
    mean: float
    low: float
    high: float
    among: bool
    gap: Gap | None

    @property
    def repeats(self) -> int | None:
        """Repeats in all that would tell it from the winner.

        Were the difference what it seems; None for the winner, its like, and beyond
        10,000.
        """
        return None if self.gap is None else self.gap.repeats()

    @property
    def shots(self) -> int | None:
        """By how much the shots of all points would have to be multiplied instead.

        None also where other scatter than shot noise stands in the way.
        """
        return None if self.gap is None else self.gap.shots()


@dataclass(frozen=True)
class Gap:
    """A difference that cannot be told from none so far.

    Attributes:
        settings: All settings.
        errors: What scatters.
        behind: The difference.
        shared: Whether the two share their jobs.
    """

    settings: Settings
    errors: Errors
    behind: float
    shared: bool

    def repeats(self) -> int | None:
        """Repeats in all that would tell it; None beyond 10,000."""
        found, error = self.settings, self.errors

        def enough(blocks: int) -> bool:
            step, freedom = error.difference(blocks, shared=self.shared)
            grown = freedom * (blocks - 1) / max(found.repeats - 1, 1)
            return _reach(found.number - 1, grown) * step <= self.behind

        return first(enough, 2)

    def shots(self) -> int | None:
        """By how much the shots would have to be multiplied; None where that is no way."""
        found, by_shot = self.settings, self.settings.shot
        if math.isnan(by_shot):
            return None
        step, freedom = self.errors.difference(found.repeats, shared=self.shared)
        other = max(step**2 - 2 * by_shot / found.repeats, 0.0)
        reach = _reach(found.number - 1, freedom)

        def enough(times: int) -> bool:
            return reach * math.sqrt(other + (step**2 - other) / times) <= self.behind

        return first(enough, 1)


def _reach(others: int, freedom: float) -> float:
    """Standard errors that tell two settings apart with the power, by Bonferroni.

    Dunnett's value is a little less; this one is quick.
    """
    if freedom <= 0:
        return math.inf
    chance = 1 - (1 - LEVEL) / others
    return quantile(chance, freedom) + quantile(POWER, freedom)


@dataclass(frozen=True, eq=False)
class Ranking(Sequence[Candidate]):
    """Settings, the best first.

    S settings.

    Attributes:
        settings: The settings.
        order: Numbers of those that are ranked here, the best first.
        mean: Means where more is better, shape (S,).
        ends: Ends of their intervals, likewise, shape (S, 2).
        errors: What scatters; None where nothing is known.
        winner: Number of the best.
        larger: Whether more of the metric is better.
    """

    settings: Settings
    order: Ints
    mean: Floats
    ends: Floats
    errors: Errors | None
    winner: int
    larger: bool

    def __len__(self) -> int:
        """How many there are."""
        return len(self.order)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...

    @overload
    def __getitem__(self, place: slice) -> list[Candidate]: ...

    def __getitem__(self, place: int | slice) -> Candidate | list[Candidate]:
        """One of them, or some."""
        if isinstance(place, slice):
            return [self._made(int(one)) for one in self.order[place]]
        return self._made(int(self.order[place]))

    def _made(self, one: int) -> Candidate:
        mean = float(self.mean[one])
        low, high = (float(end) for end in self.ends[one])
        return Candidate(
            options=self.settings.options(one),
            mean=mean if self.larger else -mean,
            low=low if self.larger else -high,
            high=high if self.larger else -low,
            among=not high <= 0,
            gap=self._gap(one, high),
        )

    def _gap(self, one: int, high: float) -> Gap | None:
        behind = float(self.mean[self.winner] - self.mean[one])
        if self.errors is None or not high > 0 or behind <= _SAME:
            return None
        whole = self.settings.whole
        shared = bool(whole[one] == whole[self.winner])
        return Gap(self.settings, self.errors, behind, shared)

    @property
    def among(self) -> Ranking:
        """Those that cannot be told from the best."""
        kept = self.order[~(self.ends[self.order, 1] <= 0)]
        return Ranking(
            self.settings,
            kept,
            self.mean,
            self.ends,
            self.errors,
            self.winner,
            self.larger,
        )


def ranking(
    found: Settings, mean: Floats, ends: Floats, error: Errors | None, *, larger: bool
) -> Ranking:
    """Rank settings.

    Args:
        found: The settings.
        mean: Their means where more is better, shape (S,).
        ends: Ends of the intervals of each less the best other, shape (S, 2).
        error: What scatters; None where nothing is known.
        larger: Whether more of the metric is better; else candidates have it mirrored.
    """
    order = np.argsort(-mean, kind="stable")
    return Ranking(found, order, mean, ends, error, int(order[0]), larger)
