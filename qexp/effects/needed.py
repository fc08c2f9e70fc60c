"""How many repeats or shots would decide it."""

from __future__ import annotations

import math
from collections.abc import Callable

from qexp.effects.estimate import Estimate, quantile
from qexp.effects.family import RATE

POWER = 0.8
"""Chance that a difference as large as the estimate would then be decided."""

MOST = 10_000
"""Repeats, or times the shots, beyond which none are told."""


def repeats(found: Estimate, tests: int) -> int | None:
    """Repeats in all with which an effect as large as the estimate would be decided.

    Args:
        found: The estimate.
        tests: How many comparisons there are; the error is shared equally.

    Returns:
        At least 2. None where no number up to 10,000 would do, or nothing is known.
    """
    if not _usable(found):
        return None
    single = found.error**2 * found.blocks
    per_block = found.freedom / max(found.blocks - 1, 1)

    def enough(number: int) -> bool:
        error = math.sqrt(single / number)
        return reach(per_block * (number - 1), tests) * error <= abs(found.value)

    return first(enough, 2)


def shots(found: Estimate, tests: int) -> int | None:
    """By how much the shots of every point would have to be multiplied instead.

    Returns:
        A whole number of at least 1. None where other scatter than shot noise stands in
        the way, where shot noise is not known, or where 10,000 would not do.
    """
    if not _usable(found) or math.isnan(found.by_shot):
        return None
    other = max(found.error**2 - found.by_shot, 0.0)

    def enough(times: int) -> bool:
        error = math.sqrt(other + (found.error**2 - other) / times)
        return reach(found.freedom, tests) * error <= abs(found.value)

    return first(enough, 1)


def _usable(found: Estimate) -> bool:
    return not (
        math.isnan(found.error)
        or found.alias
        or found.confounded
        or found.error == 0
        or found.value == 0
    )


def reach(freedom: float, tests: int) -> float:
    """Standard errors that a difference needs to be decided with the power."""
    if freedom <= 0:
        return math.inf
    alpha = RATE / max(tests, 1)
    return quantile(1 - alpha / 2, freedom) + quantile(POWER, freedom)


def first(enough: Callable[[int], bool], start: int) -> int | None:
    """The first number from ``start`` to 10,000 that is enough, all later ones being."""
    if not enough(MOST):
        return None
    low, high = start - 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
