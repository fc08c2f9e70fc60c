"""Estimates with their 95 % intervals, for analyses to build on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from qexp.circuits.family import Estimate, Taken

NORMAL = 1.959963984540054
"""Standard errors on either side of a 95 % interval."""


def share(taken: Taken, wanted: Sequence[str]) -> Estimate:
    """The probability of some outcomes, with Wilson's interval.

    Args:
        taken: What a circuit gave.
        wanted: The outcomes, as bit strings.

    Returns:
        An estimate in [0, 1]; the interval is that of so many shots.
    """
    p = min(max(math.fsum(map(taken.probability, set(wanted))), 0.0), 1.0)
    n, z = taken.shots, NORMAL
    # Wilson 1927, J. Am. Stat. Assoc. 22:209
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Estimate(p, min(centre - half, p), max(centre + half, p))


def combined(value: float, sigma: float, note: str | None = None) -> Estimate:
    """A normal estimate with its standard error.

    Args:
        value: The estimate.
        sigma: Its standard error, at least 0.
        note: What a reader has to know.
    """
    return Estimate(value, value - NORMAL * sigma, value + NORMAL * sigma, note)


def mean(values: Sequence[float], note: str | None = None) -> Estimate:
    """The mean over independent circuits, with Student's interval.

    Its unit is the circuit: the spread over circuits is in the interval, and shot noise
    with it. One value has no interval.
    """
    array = np.asarray(values, float)
    value = float(array.mean())
    if len(array) < 2:
        return Estimate(value, note=note or "one circuit has no spread")
    half = float(t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / len(array) ** 0.5)
    return Estimate(value, value - half, value + half, note)


def parity_variance(taken: Taken) -> float:
    """Variance of a parity from so many shots: (1 - p^2) / n."""
    return (1 - taken.parity() ** 2) / taken.shots
