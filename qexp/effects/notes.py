"""What a person should know about an effect, in a few words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qexp.effects.contrast import Contrast
from qexp.effects.estimate import Estimate
from qexp.effects.layout import Layout

ENOUGH = 5
"""Blocks from which on a contrast that drifts by itself is noticed: with 2 and 3, such
drift decides a null sweep in more than 5 % (docs/statistics.md)."""


def effect(
    layout: Layout, one: Contrast, found: Estimate, by_seed: Sequence[float]
) -> str:
    """The note of a row of the table of effects."""
    parts = [
        _left(one),
        _blocks(layout, found),
        _scatter(found),
        _alike(one, found),
        _confounded(found),
        _aliased(found),
        _seeds(by_seed, found),
    ]
    return "; ".join(part for part in parts if part)


def _left(one: Contrast) -> str:
    left = sum(one.left.values())
    if not left:
        return ""
    reasons = ", ".join(f"{why} {n}" for why, n in sorted(one.left.items()))
    return f"{left} of {left + len(one.cells)} pairs left out: {reasons}"


def _blocks(layout: Layout, found: Estimate) -> str:
    total = layout.cells.repeats
    if not found.pairs or found.blocks == total:
        return ""
    return f"in {found.blocks} of {total} repeats"


def _scatter(found: Estimate) -> str:
    if found.alias or not found.pairs:
        return ""
    if found.unit == "shots":
        if math.isnan(found.error):
            return "one repeat, and no known shot noise: no interval"
        return "one repeat: the interval is shot noise only"
    if found.error == 0 and found.unit == "block" and found.value != 0:
        return "the same in every repeat, though compiled anew"
    return ""


def _alike(one: Contrast, found: Estimate) -> str:
    """What a pooled error takes for granted, where there are too few blocks to see it."""
    compiled = any(factor.kind == "compile" for factor in one.factors)
    if found.unit != "point" or found.blocks >= ENOUGH or not compiled:
        return ""
    return f"if its circuits drift alike, which {found.blocks} repeats cannot show"


def _confounded(found: Estimate) -> str:
    if found.confounded == "the job":
        return "confounded with the job"
    if found.confounded:
        return (
            f"confounded with {found.confounded}, which was the same in every repeat: a "
            "steady drift looks like this"
        )
    return ""


def _aliased(found: Estimate) -> str:
    if found.alias:
        return "compiled to the same circuits"
    if found.aliased <= 0:
        return ""
    return (
        f"0 in {100 * found.aliased:.0f} % of the pairs: compiled to the same circuit"
    )


def _seeds(by_seed: Sequence[float], found: Estimate) -> str:
    if found.alias or not by_seed:
        return ""
    if len(by_seed) == 1:
        return "one transpiler seed"
    low, high = min(by_seed), max(by_seed)
    between = f"{low:+.4f} to {high:+.4f}".replace("-", "\N{MINUS SIGN}")
    return f"{len(by_seed)} transpiler seeds: {between}"
