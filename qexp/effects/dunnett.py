"""How far apart settings have to be when many are compared with one."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, roots_hermitenorm

from qexp.effects.estimate import LEVEL
from qexp.effects.table import Floats

_NODES = 64
_STRATA = 2000


@lru_cache(maxsize=4096)
def one_sided(others: int, freedom: float, level: float = LEVEL) -> float:
    """Critical value for comparing ``others`` settings with one, all equally precise.

    The quantile of the largest of t-ratios that share the one setting (correlation
    1/2) and the error's degrees of freedom.

    Args:
        others: How many are compared, at least 1.
        freedom: Degrees of freedom of the error; may be infinite.
        level: Probability that all stay below.

    Source: C. W. Dunnett, "A multiple comparison procedure for comparing several
    treatments with a control", Journal of the American Statistical Association 50, 1096
    (1955).
    """
    nodes, weights = roots_hermitenorm(_NODES)
    weights = weights / weights.sum()
    spread = _spread(freedom)

    def excess(value: float) -> float:
        inside = ndtr(math.sqrt(2) * value * spread[:, None] + nodes[None, :])
        return float((inside**others @ weights).mean()) - level

    high = 4.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-6))


@lru_cache(maxsize=4096)
def both_sides(settings: int, freedom: float, level: float = LEVEL) -> float:
    """Critical value that holds for the estimates of all settings at once.

    Source: Z. Šidák, Journal of the American Statistical Association 62, 626 (1967).
    """
    spread = _spread(freedom)

    def excess(value: float) -> float:
        inside = 1 - 2 * ndtr(-value * spread)
        return float((inside**settings).mean()) - level

    high = 4.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-6))


@lru_cache(maxsize=1024)
def _spread(freedom: float) -> Floats:
    """Values of the error's estimate over its truth, equally likely."""
    if math.isinf(freedom):
        return np.ones(1)
    chance = (np.arange(_STRATA) + 0.5) / _STRATA
    return np.asarray(np.sqrt(chdtri(freedom, 1 - chance) / freedom))
