"""What a setting costs and how good it is, and which ones no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qexp.figures.estimate import (
    known,
)

LISTED = 12
"""The most members of the front that are described below the picture."""


@dataclass(frozen=True)
class Setting:
    """A point, or a setting over its repeats: what it cost and how good it was.

    Attributes:
        label: what tells it apart, as "layout_method=sabre, rep_delay=5e-5".
        seconds: quantum seconds; None or NaN if unknown.
        value: the metric; None or NaN if there is none.
        low: the lower end of its 95 % interval.
        high: the upper end.
    """

    label: str
    seconds: float | None
    value: float | None
    low: float | None
    high: float | None

    @property
    def place(self) -> tuple[float, float] | None:
        """Return cost and quality if both are known."""
        seconds, value = known(self.seconds), known(self.value)
        return None if seconds is None or value is None else (seconds, value)


def pareto(settings: Sequence[Setting], *, higher_is_better: bool = True) -> list[int]:
    """Return which settings no other one beats, the cheapest first.

    A setting is on the front if every other one that is at most as expensive is worse.
    Of settings with the same cost and metric only the first is on it. Intervals are not
    looked at.

    Args:
        settings: those without cost or metric are never on the front.
        higher_is_better: whether a larger metric is the better one.
    """
    sign = -1.0 if higher_is_better else 1.0
    places = [(i, one.place) for i, one in enumerate(settings)]
    ranked = sorted((x[0], sign * x[1], i) for i, x in places if x is not None)
    front: list[int] = []
    best = float("inf")
    for _, worse, index in ranked:
        if worse < best:
            front.append(index)
            best = worse
    return front


def listed_of(front: Sequence[int]) -> list[int]:
    """Return the members that are numbered: all, or some from end to end."""
    if len(front) <= LISTED:
        return list(front)
    step = (len(front) - 1) / (LISTED - 1)
    return [front[round(i * step)] for i in range(LISTED)]
