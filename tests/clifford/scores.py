"""How far samples are from probabilities, and how far chance alone would bring them."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

POOLED = 10
"""Outcomes that are expected more rarely are counted as one."""


def counts(bits: np.ndarray) -> np.ndarray:
    """Of (shots, measured) bits; the first bit is the least significant."""
    measured = bits.shape[1]
    return np.bincount(bits @ (1 << np.arange(measured)), minlength=2**measured)


def chance(found: np.ndarray, expected: np.ndarray) -> float:
    """Pearson's chi-square: how likely samples are at least so far off."""
    expected = expected.clip(0) * found.sum()
    rare = expected < POOLED
    found = np.append(found[~rare], found[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < POOLED:  # too few even together: they must not be many
        if found[-1] > 10 * POOLED:
            return 0.0
        found, expected = found[:-1], expected[:-1]
    if len(found) == 1:
        return 1.0
    distance = ((found - expected) ** 2 / expected).sum()
    return float(chi2.sf(distance, len(found) - 1))


def variation(found: np.ndarray, expected: np.ndarray) -> float:
    """Total variation distance of frequencies from probabilities."""
    return float(abs(found / found.sum() - expected).sum() / 2)


def fidelity(distribution: np.ndarray) -> float:
    """P(0...0) + P(1...1)."""
    return float((distribution[0] + distribution[-1]) / distribution.sum())
