"""Numbers as people read them."""

from __future__ import annotations

SMALL = 0.01


def decimals(value: float) -> str:
    """Four decimals, or three significant digits where four decimals would say little.

    A time of 9.8e-05 s is not 0.0001.
    """
    return f"{value:.3g}" if 0 < abs(value) < SMALL else f"{value:.4f}"


def span(low: float, high: float) -> str:
    """An interval, both ends in one style."""
    if max(abs(low), abs(high)) < SMALL:
        return f"{low:.3g} to {high:.3g}"
    return f"{low:.4f} to {high:.4f}"
