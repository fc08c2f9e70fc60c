"""Scores that a device without errors would get at a given number of shots."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, ndtr, xlog1py, xlogy

from qexp.metrics.root import Moments, coefficient_variance, moments
from qexp.metrics.score import Array

_FEW_SHOTS = 30
_SEED = 20_250
_DRAWN = 2_000_000
_FEWEST_SAMPLES, _MOST_SAMPLES = 100, 20_000


def expected_fidelity(ideal: Array, shots: int) -> tuple[float, float]:
    """Mean and standard deviation of the plug-in Hellinger fidelity of ideal samples.

    With B the plug-in Bhattacharyya coefficient, the mean is E[B]**2 + Var[B]. Both
    come from the Poisson moments of sqrt(count), corrected for the fixed total; in the
    cases measured the mean is then right within 0.0005. Below 30 shots this is too
    coarse, and samples from a fixed seed take its place.

    Args:
        ideal: Probabilities, shape (K,), above 0 and summing to one.
        shots: Number of shots, at least 1.

    Returns:
        Mean in (0, 1] and standard deviation, at least 0.
    """
    if len(ideal) == 1:
        return 1.0, 0.0
    if shots < _FEW_SHOTS:
        return _sampled_fidelity(ideal, shots)
    found = moments(shots * ideal, np.sqrt)
    mean = float(np.sqrt(ideal / shots) @ _mean_roots(ideal, shots, found))
    variance = coefficient_variance(ideal, ideal, shots, found)
    return min(mean**2 + variance, 1.0), 2 * mean * math.sqrt(variance)


def _sampled_fidelity(ideal: Array, shots: int) -> tuple[float, float]:
    source = np.random.default_rng(_SEED)
    size = max(_DRAWN // len(ideal), _FEWEST_SAMPLES)
    samples = source.multinomial(shots, ideal, size=min(size, _MOST_SAMPLES))
    fidelity = (np.sqrt(samples / shots) @ np.sqrt(ideal)) ** 2
    return min(float(fidelity.mean()), 1.0), float(fidelity.std())


def _mean_roots(ideal: Array, shots: int, found: Moments) -> Array:
    """Mean of sqrt(count), binomial to the second order in probability."""
    rates = shots * ideal
    fixed_total = found.curvature * np.sqrt(rates) / (8 * shots)
    roots: Array = np.sqrt(rates) - found.deficit + fixed_total
    return roots


def _binomial(count: Array, chance: Array, shots: int) -> Array:
    ways = gammaln(shots + 1) - gammaln(count + 1) - gammaln(shots - count + 1)
    log = ways + xlogy(count, chance) + xlog1py(shots - count, -chance)
    probability: Array = np.exp(log)
    return probability


def expected_distance(ideal: Array, shots: int) -> float:
    """Mean plug-in total variation distance of ideal samples; exact.

    The mean of |k - n p| for a binomial count k is 2 m (1 - p) times the probability of
    m, with m the first whole number above n p (De Moivre's formula).

    Args:
        ideal: Probabilities, shape (K,), above 0 and summing to one.
        shots: Number of shots, at least 1.

    Returns:
        Half the summed mean deviations, in [0, 1).
    """
    above = np.minimum(np.floor(shots * ideal) + 1, shots)
    deviations = above * (1 - ideal) * _binomial(above, ideal, shots)
    return float(deviations.sum()) / shots


def clipped_mean(mean: float, deviation: float) -> float:
    """Mean of a normal variable of which negative values are set to zero.

    Args:
        mean: Mean before clipping.
        deviation: Standard deviation before clipping, at least 0.

    Returns:
        Mean after clipping, at least 0.
    """
    if deviation == 0:
        return max(mean, 0.0)
    ratio = mean / deviation
    density = math.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    return mean * float(ndtr(ratio)) + deviation * density
