"""Total variation distance of a measured distribution from the ideal one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from qexp.metrics.ideal import expected_distance
from qexp.metrics.score import (
    BIASED,
    Array,
    Comparison,
    Score,
    clip,
    compare,
    paired,
    wilson,
)

_FEW_OUTCOMES = 2
_MARGIN = 2.0
_LARGEST_DOUBT = 1.0
# Beyond this many standard errors the bias is zero in double precision.
_SETTLED = 40.0


def total_variation_distance(
    counts: Mapping[str, int], ideal: Mapping[str, float]
) -> Score:
    """Total variation distance, half the sum over x of |p(x) - q(x)|, in [0, 1].

    The distance is P(A) - Q(A) with A the set of outcomes where p is above q. Once A is
    known, Q(A) is a binomial proportion and Wilson's interval is exact enough. The sign
    of p - q is unsettled where the frequency is within noise of p; there the plug-in is
    too large. With z the gap in standard errors s, one outcome adds the bias
    s (phi(z) - z Phi(-z)), and ``value`` has that subtracted.

    With one or two ideal outcomes, Wilson's interval was measured to hold whatever the
    signs, and it is always given. With more, the same bias with every z taken 2 smaller
    is the doubt: it is subtracted from the lower end, and where it is above one
    standard error there is no interval and ``value`` is ``plugin``. This depends on the
    counts, so that repeats near the limit may differ; the lower end keeps the coverage
    of those that do give an interval.

    Measured coverage, 20,000 repeats at 1,024 and 8,192 shots, GHZ on 5 qubits: 95.3 %
    and 95.0 % for an ideal device, 95.5 % and 94.9 % with 10 % noise, 95.8 % and 95.6 %
    for a lopsided one, and 94.3 % to 96.6 % with noise between 0.1 % and 30 %. For W
    states where some repeats give an interval and others do not: 96 % to 99 %.

    Args:
        counts: Counts by bitstring.
        ideal: Ideal probabilities by bitstring; the sum is one within 1e-6.

    Returns:
        The score; ``ideal`` is exact.

    Raises:
        ValueError: As ``compare``.
    """
    comparison = compare(counts, ideal)
    expected = expected_distance(comparison.ideal, comparison.shots)
    missing = np.maximum(comparison.ideal - comparison.observed / comparison.shots, 0)
    plugin = clip(float(missing.sum()))
    doubt = _doubt(comparison)
    if doubt > _LARGEST_DOUBT * _standard_error(comparison):
        return Score(plugin, None, None, plugin, expected, BIASED)
    low, high = _interval(comparison, doubt)
    # outcomes outside the ideal support count in full, without any bias
    outside = 1 - float(comparison.observed.sum()) / comparison.shots
    value = min(max(plugin - _bias(comparison), low, outside), high)
    return Score(value, low, high, plugin, expected)


def total_variation_distance_of(
    probabilities: Mapping[str, float], ideal: Mapping[str, float]
) -> float:
    """Total variation distance of two known distributions.

    Args:
        probabilities: Probabilities by bitstring, for example after mitigation.
        ideal: Ideal probabilities by bitstring.

    Returns:
        Half the sum over x of |p(x) - q(x)|, in [0, 1].

    Raises:
        ValueError: If widths differ or either is not a distribution; a negative
            probability above -1e-9 counts as zero.
    """
    met, weights = paired(probabilities, ideal)
    return clip(float(np.maximum(weights - met, 0).sum()))


def _lacking(comparison: Comparison) -> tuple[float, float]:
    """Ideal probability, and counts, of the outcomes seen less often than expected."""
    fewer = comparison.observed < comparison.shots * comparison.ideal
    return float(comparison.ideal[fewer].sum()), float(comparison.observed[fewer].sum())


def _interval(comparison: Comparison, doubt: float) -> tuple[float, float]:
    expected, hits = _lacking(comparison)
    low, high = wilson(hits, comparison.shots)
    return clip(expected - high - doubt), clip(expected - low)


def _doubt(comparison: Comparison) -> float:
    """Bias that the plug-in might have, by a cautious reading of the gaps."""
    few = comparison.support <= _FEW_OUTCOMES
    return 0.0 if few else _bias(comparison, _MARGIN)


def _standard_error(comparison: Comparison) -> float:
    shots = comparison.shots
    share = _lacking(comparison)[1] / shots
    return math.sqrt(max(share * (1 - share), 1 / shots) / shots)


def _bias(comparison: Comparison, margin: float = 0) -> float:
    """Summed bias of the plug-in, each gap taken ``margin`` standard errors smaller."""
    seen = comparison.observed / comparison.shots
    error = np.sqrt(_variance(comparison.ideal, seen) / comparison.shots)
    gaps = np.abs(comparison.ideal - seen) / np.maximum(error, np.finfo(float).tiny)
    reduced = np.clip(gaps - margin, 0, _SETTLED)
    density = np.exp(-(reduced**2) / 2) / math.sqrt(2 * math.pi)
    return float(error @ (density - reduced * ndtr(-reduced)))


def _variance(ideal: Array, seen: Array) -> Array:
    """The larger of the two binomial variances; frequencies of zero would have none."""
    return np.maximum(ideal * (1 - ideal), seen * (1 - seen))
