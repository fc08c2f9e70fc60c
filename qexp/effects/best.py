"""Which settings may be the best: multiple comparisons with the best, after Hsu."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qexp.effects.chosen import corrected, means
from qexp.effects.dunnett import both_sides, one_sided
from qexp.effects.estimate import LEVEL, quantile
from qexp.effects.layout import Layout
from qexp.effects.ranking import Candidate, Ranking, ranking
from qexp.effects.settings import Errors, Settings, errors, settings
from qexp.effects.table import Floats, Ints


@dataclass(frozen=True)
class Best:
    """The settings in the order of their means, and what is known of the winner.

    Attributes:
        metric: The metric.
        settings: All that were measured with every circuit, the winner first.
        corrected: The winner's mean, corrected for having been chosen for it.
        low: Lower end of a 95 % interval that holds whichever setting was chosen.
        high: Upper end.
        unit: `block`, or `shots`: the interval is shot noise only.
        confirmed: Its mean in fresh repeats, with its 95 % interval, or None.
        fresh: How many fresh repeats that is.
        note: What a person should know.
    """

    metric: str
    settings: Ranking
    corrected: float
    low: float
    high: float
    unit: str
    confirmed: tuple[float, float, float] | None
    fresh: int
    note: str

    @property
    def winner(self) -> Candidate:
        """The setting with the best mean."""
        return self.settings[0]

    @property
    def among(self) -> Ranking:
        """The settings that cannot be told from the best."""
        return self.settings.among


def best(
    layout: Layout, metric: str, *, larger: bool = True, fresh: Layout | None = None
) -> Best | None:
    """Rank the settings.

    Args:
        layout: The sweep.
        metric: Name of the metric.
        larger: Whether more of it is better.
        fresh: The same factors measured again after the choice, to confirm it.

    Returns:
        None where fewer than two settings were measured with every circuit.

    Source: J. C. Hsu, "Constrained simultaneous confidence intervals for multiple
    comparisons with the best", Annals of Statistics 12, 1136 (1984).
    """
    found = settings(layout)
    if found.number < 2:
        return None
    sign = 1.0 if larger else -1.0
    mean = sign * means(found.mean)
    error = errors(found)
    ranked = ranking(found, mean, _ends(mean, found, error), error, larger=larger)
    centre = sign * corrected(sign * found.mean, found.by_shot)
    half = _half(found, error)
    confirmed, repeats = _confirmed(ranked[0].options, fresh)
    return Best(
        metric=metric,
        settings=ranked,
        corrected=centre,
        low=centre - half,
        high=centre + half,
        unit="" if error is None else error.unit,
        confirmed=confirmed,
        fresh=repeats,
        note=_note(found, error, metric),
    )


def _ends(mean: Floats, found: Settings, error: Errors | None) -> Floats:
    """Ends of the intervals of each setting less the best other, shape (S, 2)."""
    if error is None:
        return np.full((len(mean), 2), np.nan)
    different = len({round(float(one), 12) for one in mean})
    low, high = np.full(len(mean), np.inf), np.full(len(mean), np.inf)
    for shared, other in zip(
        (True, False), _best_others(mean, found.whole), strict=True
    ):
        step, freedom = error.difference(found.repeats, shared=shared)
        reach = one_sided(max(different - 1, 1), _whole(freedom)) * step
        low = np.minimum(low, mean - other - reach)
        high = np.minimum(high, mean - other + reach)
    return np.column_stack([np.minimum(low, 0.0), np.maximum(high, 0.0)])


def _best_others(mean: Floats, whole: Ints) -> tuple[Floats, Floats]:
    """For each setting the best other of its jobs, and the best of others; or -inf."""
    _, plot = np.unique(whole, return_inverse=True)
    plot = plot.ravel()
    top = np.full(int(plot.max()) + 1, -np.inf)
    np.maximum.at(top, plot, mean)
    outside = _best_without(top, np.zeros(len(top), np.intp))
    return _best_without(mean, plot), outside[plot]


def _best_without(values: Floats, group: Ints) -> Floats:
    """For each value the best other one of its group; -inf where it is alone."""
    order = np.lexsort((-values, group))
    leads = np.diff(group[order], prepend=-1) > 0
    leader = order[leads]
    second = np.full(len(leader), -np.inf)
    follows = np.flatnonzero(leads) + 1
    there = (follows < len(order)) & ~np.append(leads, True)[follows]
    second[there] = values[order[follows[there]]]
    found: Floats = values[leader][group]
    found[leader] = second
    return found


def _whole(freedom: float) -> float:
    """Whole degrees of freedom, so that a critical value is computed once."""
    return max(math.floor(freedom), 1) if math.isfinite(freedom) else freedom


def _half(found: Settings, error: Errors | None) -> float:
    if error is None:
        return math.nan
    step, freedom = error.difference(found.repeats, shared=error.job == 0)
    return both_sides(found.number, _whole(freedom)) * step / math.sqrt(2)


def _confirmed(
    options: Mapping[str, Hashable], fresh: Layout | None
) -> tuple[tuple[float, float, float] | None, int]:
    """Mean and interval of the chosen setting where it was measured afresh; how often."""
    if fresh is None:
        return None, 0
    again = settings(fresh)
    known = [again.options(one) for one in range(again.number)]
    if options not in known:
        return None, 0
    number = known.index(dict(options))
    values = again.mean[number]
    values = values[~np.isnan(values)]
    mean = float(values.mean())
    if len(values) > 1:
        error = float(values.std(ddof=1)) / math.sqrt(len(values))
        half = quantile((1 + LEVEL) / 2, len(values) - 1) * error
    else:
        shot = float(np.nanmean(again.by_shot[number]))
        half = quantile((1 + LEVEL) / 2, math.inf) * math.sqrt(shot)
    return (mean, mean - half, mean + half), len(values)


def _note(found: Settings, error: Errors | None, metric: str) -> str:
    parts: Sequence[str] = [
        _left(found.left),
        f"no scatter of {metric} is known, so none can be told apart"
        if error is None
        else "",
        "one repeat: shot noise only, and jobs are not told from settings"
        if error is not None and error.unit == "shots"
        else "",
    ]
    return "; ".join(part for part in parts if part)


def _left(count: int) -> str:
    if not count:
        return ""
    if count == 1:
        return "1 setting left out, which lacks a circuit in every repeat"
    return f"{count} settings left out, which lack a circuit in every repeat"
