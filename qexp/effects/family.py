"""Many comparisons at once: Holm's correction over a metric's effects."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qexp.effects.table import Floats

EFFECTS_SHARE = 0.8
"""Share of the error that a metric's effects have; its interactions have the rest."""

RATE = 0.05
"""How often a sweep in which nothing matters reports that something does, at most."""


def holm(p: Sequence[float], weight: Sequence[float]) -> Floats:
    """Adjust p-values so that any false one below 0.05 is as rare as 0.05 altogether.

    Args:
        p: p-values; NaN is not in the family.
        weight: Weights, above 0.

    Returns:
        Adjusted p-values, NaN where the p-value is.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6, 65 (1979), with the weights of its section 4.
    Holds under any dependence.
    """
    values, weights = np.asarray(p, float), np.asarray(weight, float)
    found = np.full(len(values), np.nan)
    inside = np.flatnonzero(~np.isnan(values))
    order = inside[np.argsort(values[inside] / weights[inside], kind="stable")]
    if not len(order):
        return found
    left = np.cumsum(weights[order][::-1])[::-1]
    found[order] = np.maximum.accumulate(
        np.minimum(values[order] * left / weights[order], 1.0)
    )
    return found


def shares(effects: Sequence[float], interactions: Sequence[float]) -> list[float]:
    """Weights of the p-values of effects, then of interactions; see `EFFECTS_SHARE`."""
    first = sum(not math.isnan(one) for one in effects)
    second = sum(not math.isnan(one) for one in interactions)
    return [EFFECTS_SHARE / max(first, 1)] * len(effects) + [
        (1 - EFFECTS_SHARE) / max(second, 1)
    ] * len(interactions)
