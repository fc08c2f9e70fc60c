"""Square roots of Poisson rates, estimated from single counts.

The Bhattacharyya coefficient sums sqrt(p q) over outcomes. The root of an observed
frequency is on average too small; over K outcomes that lowers the coefficient by about
(K - 1) / (8 n), which is many standard errors when K is large. ``unbiased_root`` takes
the place of the root: its mean over a Poisson count is sqrt(rate) as nearly as numbers
of moderate size allow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from qexp.metrics.score import Array

# Least squares: these minimise, over rates from 0 to 60, the integral of
# min(rate, 2) * (mean - sqrt(rate))**2, plus 0.001 times the squared distance to
# sqrt(count + 1/4), which keeps the variance small.
_SMALL_COUNTS = np.array(
    [
        *(0.2784, 1.3057, 1.4458, 1.7672, 2.0856, 2.3152, 2.5),
        *(2.6813, 2.8653, 3.0428, 3.2066, 3.3574, 3.5007),
    ]
)
_LARGEST_ROOT = 16
_STEPS = 50
_GRID = np.linspace(0, _LARGEST_ROOT, int(_LARGEST_ROOT) * _STEPS + 1)
_COUNTS = np.arange(500.0)

Root = Callable[[Array], Array]


def unbiased_root(counts: Array) -> Array:
    """Estimate the square root of Poisson rates from one count each.

    From 13 counts on it is sqrt(count + 1/4), whose bias falls faster than that of any
    other offset; Freeman & Tukey, Annals of Mathematical Statistics 21, 607 (1950),
    treat roots of this kind. Below, a table takes over. The mean is off by less than
    0.0071 for rates above 0.3, by less than 0.0022 above 1 and by less than 0.0007
    above 2.5. At rate zero it is 0.28.

    Args:
        counts: Whole numbers, any shape, at least 0.

    Returns:
        Estimates, the same shape, above 0.
    """
    inside = np.minimum(counts, len(_SMALL_COUNTS) - 1).astype(np.intp)
    tail = np.sqrt(counts + 0.25)
    return np.where(counts < len(_SMALL_COUNTS), _SMALL_COUNTS[inside], tail)


class Moments(NamedTuple):
    """What a root of a Poisson count does at given rates, each scaled to tend to 1.

    Attributes:
        deficit: sqrt(rate) minus the mean, not scaled.
        slope: 2 sqrt(rate) times the derivative of the mean.
        curvature: -4 rate**1.5 times the second derivative of the mean.
        spread: 32 rate times the variance around the best straight line.
        worst: Largest size of the deficit from half to twice the rate, not scaled.
    """

    deficit: Array
    slope: Array
    curvature: Array
    spread: Array
    worst: Array


def moments(rates: Array, root: Root) -> Moments:
    """Return the moments of a root at Poisson rates.

    Args:
        rates: Poisson rates, shape (K,), at least 0.
        root: ``unbiased_root`` or ``numpy.sqrt``.

    Returns:
        Arrays of shape (K,), interpolated in a table for rates up to 256. Beyond, the
        scaled ones stay within 0.5 % of 1 and keep their last value.
    """
    roots = np.sqrt(rates)
    place = np.minimum(roots * _STEPS, len(_GRID) - 1)
    row = np.minimum(place.astype(np.intp), len(_GRID) - 2)
    share = (place - row)[:, None]
    table = _table(root)
    found = (1 - share) * table[row] + share * table[row + 1]
    deficit, slope, curvature, spread, worst = found.T
    beyond = _LARGEST_ROOT / np.maximum(roots, _LARGEST_ROOT)
    return Moments(deficit * beyond, slope, curvature, spread, worst * beyond)


@cache
def _table(root: Root) -> Array:
    """Moments at the rates of the grid, one row each."""
    rate = _GRID**2
    weights = np.exp(
        xlogy(_COUNTS, rate[:, None]) - rate[:, None] - gammaln(_COUNTS + 1)
    )
    values = root(np.arange(len(_COUNTS) + 2.0))
    mean = weights @ values[:-2]
    # The derivative of a Poisson mean is the mean of the difference to the next count.
    slope, bend = weights @ np.diff(values)[:-1], weights @ np.diff(values, 2)
    spread = weights @ values[:-2] ** 2 - mean**2 - rate * slope**2
    scaled = (2 * _GRID * slope, -4 * rate * _GRID * bend, 32 * rate * spread)
    worst = _worst_nearby(rate, np.abs(_GRID - mean))
    return np.column_stack([_GRID - mean, *scaled, worst])


def _worst_nearby(rate: Array, size: Array) -> Array:
    near = [size[(rate >= one / 2) & (rate <= 2 * one)] for one in rate]
    return np.array([float(part.max()) for part in near])


def coefficient_variance(
    ideal: Array, device: Array, shots: int, found: Moments
) -> float:
    """Variance of sum(sqrt(ideal) root(counts)) / sqrt(shots) for a fixed total.

    Args:
        ideal: Probabilities that weight the outcomes, shape (K,), above 0.
        device: Probabilities that the counts come from, shape (K,), above 0.
        shots: Number of shots, at least 1.
        found: Moments of the root at the rates ``shots * device``.

    Returns:
        The variance, at least 0: the part linear in the counts, then the rest, which
        loses one of its K degrees of freedom to the fixed total.
    """
    linear = float(ideal @ found.slope**2)
    linear -= float(np.sqrt(ideal * device) @ found.slope) ** 2
    rest = float((ideal / device) @ found.spread) - 1
    return max(linear / (4 * shots) + rest / (32 * shots**2), 0.0)
