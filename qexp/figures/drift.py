"""Whether readings that should be alike are: the test of the sentinel."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np

from qexp.figures.estimate import (
    interval,
    known,
)

QUANTILE = 1.959964
"""Of the normal distribution, at 97.5 %."""
FALSE_ALARM = 2.326348
"""Of the normal distribution, at 99 %."""
ALIKE = 2.0
"""Intervals of which the widest is at most this many times the narrowest are pooled."""
Sigmas = tuple[list[float], list[float]]
"""Values with their standard deviations."""


def measured(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> Sigmas:
    """Return what has a value and an interval of some width."""
    known_values, sigmas = [], []
    usable = _usable(values, lows, highs)
    for value, low, high, fine in zip(values, lows, highs, usable, strict=True):
        if fine and value is not None and low is not None and high is not None:
            known_values.append(value)
            sigmas.append((high - low) / (2 * QUANTILE))
    if sigmas and max(sigmas) <= ALIKE * min(sigmas):
        pooled = sqrt(float(np.mean(np.square(sigmas))))
        sigmas = [pooled] * len(sigmas)
    return known_values, sigmas


def _usable(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> list[bool]:
    """Tell of each value whether it is one, with an interval of some width."""
    return [
        known(value) is not None
        and (ends := interval(low, high)) is not None
        and ends[1] > ends[0]
        for value, low, high in zip(values, lows, highs, strict=True)
    ]


def homogeneity(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    groups: Sequence[Hashable] | None = None,
) -> tuple[float, float]:
    """Compare how far values scatter with how far their intervals let them.

    The first number is the sum of squared deviations from the weighted mean of the
    value's group, each divided by the variance of its value: chi-square distributed,
    with a degree of freedom less for each group than there are values, if nothing moved.
    The second is what chance exceeds once in a hundred sweeps, in the approximation of
    Wilson and Hilferty (Proc. Natl. Acad. Sci. 17, 684, 1931).

    A variance is that of the value's interval. Where the widths of the intervals differ
    by less than a factor of two, all get the mean variance: the interval of a success
    probability is narrower if it happened to come out near 0 or 1, and weighting by it
    raises more false alarms.

    Without drift the rule alarms in 0.4 to 1.2 % of sweeps of 2 to 500 jobs with 1,000
    or 4,000 shots and a probability of 0.5 to 0.97, and in up to 5 % where the jobs'
    shots differ. At 0.99 it holds with 4,000 shots; 1,000 give up to 4 %, and shots that
    differ up to 15 % (simulated with Wilson intervals, 4,000 to 20,000 sweeps each).

    Args:
        values: in the metric's unit; those without value or interval do not count.
        lows: the lower ends of their 95 % intervals.
        highs: the upper ends.
        groups: for each value what it shares with those that should be like it; one
            group where that is not told.

    Returns:
        The statistic and its limit; zeros where no group has two values.
    """
    numbers, sigmas = measured(values, lows, highs)
    groups = [None] * len(values) if groups is None else groups
    own = [
        one
        for one, fine in zip(groups, _usable(values, lows, highs), strict=True)
        if fine
    ]
    centres = means(values, lows, highs, groups)
    freedom = len(numbers) - len(centres)
    if freedom < 1:
        return 0.0, 0.0
    off = np.array(numbers) - np.array([centres[one] for one in own])
    share = 2 / (9 * freedom)
    limit = freedom * (1 - share + FALSE_ALARM * sqrt(share)) ** 3
    return float(np.sum(np.square(off / np.array(sigmas)))), float(limit)


def means(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    groups: Sequence[Hashable],
) -> dict[Hashable, float]:
    """Return the weighted mean of each group that has a value with an interval."""
    numbers, sigmas = measured(values, lows, highs)
    weights = 1 / np.square(sigmas)
    own = [
        one
        for one, fine in zip(groups, _usable(values, lows, highs), strict=True)
        if fine
    ]
    found: dict[Hashable, float] = {}
    for group in dict.fromkeys(own):
        inside = np.array([one == group for one in own])
        found[group] = float(
            np.average(np.array(numbers)[inside], weights=weights[inside])
        )
    return found


def moved(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> bool:
    """Tell whether values moved by more than their intervals let them.

    A chi-square test of homogeneity at 1 %: however many values there are, one sweep in
    a hundred alarms by chance (``homogeneity`` says how well that holds).

    Args:
        values: in the metric's unit; those without value or interval do not count.
        lows: the lower ends of their 95 % intervals.
        highs: the upper ends.
    """
    statistic, limit = homogeneity(values, lows, highs)
    return statistic > limit


def judgement(statistic: float, limit: float, count: int) -> str:
    """Return what the test says of some readings, in a sentence."""
    if not limit:
        return "Too few readings with intervals to see whether it moved."
    numbers = f"chi-square {statistic:.1f}, limit {limit:.1f}"
    verdict = "The sentinel moved" if statistic > limit else "No drift seen"
    return f"{verdict}: {numbers} (1 %, {count} readings)."
