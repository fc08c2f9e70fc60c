"""The 95 % interval of a squared distance from its estimate.

A sum of K squared normal variables with means off zero is noncentral chi-square. The
squared Bhattacharyya angle between an ideal distribution and frequencies is nearly such
a sum, but small counts give it more spread, and outcomes that should not occur give it
less skewness. A gamma distribution with the first three cumulants stands in for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import gammaincinv

# 95.3 % leaves room for what the approximations lose.
_MISS = 0.047
_PRECISION = 1e-7


def distance_interval(estimate: float, freedom: float) -> tuple[float, float]:
    """Invert the distribution of an estimated squared distance.

    At true distance d, the estimate plus ``freedom`` is taken to have the cumulants
    ``freedom + d``, ``2 freedom + 4 d`` and ``8 freedom + 16 d``. The first two are
    those of a noncentral chi-square variable; the third is that of a chi-square
    variable plus four times a Poisson variable of mean d / 4, the number of shots in
    outcomes that should not occur.

    The interval holds every d for which the estimate lies between two quantiles. Far
    from zero these leave the same probability on either side. At zero, where no
    interval can reach below, all of it is on the upper side, so that coverage stays
    95 % there and the interval is never empty.

    Args:
        estimate: Unbiased estimate of the squared distance, which may be negative.
        freedom: Half the variance of the estimate at distance zero, above 0.

    Returns:
        Smallest and largest distance that agree with the estimate, at least 0.
    """
    reached = max(freedom + estimate, 0.0)
    far = reached + 40 + 12 * math.sqrt(2 * freedom + 4 * reached)

    def high_tail(distance: float) -> float:
        return quantile(distance, freedom, 1 - _MISS + _lower(distance, freedom))

    def low_tail(distance: float) -> float:
        return quantile(distance, freedom, _lower(distance, freedom))

    return _solve(high_tail, reached, far), _solve(low_tail, reached, far)


def quantile(distance: float, freedom: float, probability: float) -> float:
    """Quantile of the gamma distribution with the three cumulants.

    Args:
        distance: True squared distance, at least 0.
        freedom: Half the variance at distance zero, above 0.
        probability: Probability below the quantile, in [0, 1).

    Returns:
        The quantile of the estimate plus ``freedom``.
    """
    variance = 2 * freedom + 4 * distance
    shape = 4 * variance**3 / (8 * freedom + 16 * distance) ** 2
    standard = (float(gammaincinv(shape, probability)) - shape) / math.sqrt(shape)
    return freedom + distance + math.sqrt(variance) * standard


def _lower(distance: float, freedom: float) -> float:
    """Probability below the lower quantile: none at zero, half of all far from it."""
    return -_MISS / 2 * math.expm1(-distance / math.sqrt(2 * freedom))


def _solve(rising: Callable[[float], float], target: float, far: float) -> float:
    low, high = 0.0, far
    if rising(low) >= target:
        return low
    while high - low > _PRECISION * (1 + high):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2
