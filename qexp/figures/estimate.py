"""Estimates in a picture: a value with its interval, either of which may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import floor, isfinite, log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from qexp.figures.labels import shortened
from qexp.figures.page import (
    LIGHT,
    MARGIN,
    NORMAL,
    line_height,
    plain_number,
    text_width,
    write,
)

MINUS = "\N{MINUS SIGN}"
TICK, UPRIGHT_TICK = 0.5, 0.4
"""The least distance between two numbers on a horizontal and on a vertical axis."""


def known(value: float | None) -> float | None:
    """Return the value if it is a finite number."""
    return value if value is not None and isfinite(value) else None


def interval(low: float | None, high: float | None) -> tuple[float, float] | None:
    """Return the interval if both ends are finite."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return None
    return low, high


def finite(values: Iterable[float | None]) -> list[float]:
    """Return the values that are finite numbers."""
    return [value for value in values if value is not None and isfinite(value)]


def decimals(width: float, fewest: int = 3) -> int:
    """Return the decimals that show a width to two digits, from ``fewest`` to 8."""
    if not isfinite(width) or width <= 0:
        return fewest
    return min(8, max(fewest, 1 - floor(log10(width))))


def written(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    signed: bool = False,
) -> str:
    """Write an estimate with its interval.

    Args:
        value: the estimate.
        low: the lower end of its interval.
        high: the upper end.
        signed: whether it is a difference, written with a plus where it is positive.
    """
    if value is None or not isfinite(value):
        return "no estimate"
    ends, sign = interval(low, high), "+" if signed else ""
    if ends is None:
        text = f"{value:{sign}.4f} (no interval)"
    else:
        places = 0 if max(map(abs, ends)) >= 1000 else decimals(ends[1] - ends[0])
        text = (
            f"{value:{sign}.{places}f} [{ends[0]:{sign}.{places}f}, "
            f"{ends[1]:{sign}.{places}f}]"
        )
    return text.replace("-", MINUS)


def room(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Return the ends of an axis with some space around all values."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = share * (high - low) or abs(high) * 0.1 or 0.5
    return low - margin, high + margin


def _locator(length: float, least: float) -> MaxNLocator:
    return MaxNLocator(max(2, int(length / least)), steps=[1, 2, 2.5, 5, 10])


def _spacings(limits: Sequence[float], length: float) -> Iterator[float]:
    """Yield distances of numbers beside each other at which they do not touch."""
    low, high = limits
    for step in range(12):
        least = TICK + 0.1 * step
        ticks = _locator(length, least).tick_values(low, high)
        inside = [float(tick) for tick in ticks if low <= tick <= high]
        widest = max((text_width(plain_number(x), NORMAL) for x in inside), default=0.0)
        apart = (
            length
            / (high - low)
            * min((b - a for a, b in pairwise(inside)), default=1.0)
        )
        if len(inside) < 2 or widest + 0.08 <= apart:
            yield least
    yield length


def number_axis(axis: Axis, length: float, least: float = TICK) -> None:
    """Put round numbers on an axis of ``length`` inches whose limits are set."""
    limits = sorted(map(float, axis.get_view_interval()))
    if least == TICK:
        least = next(x for x in _spacings(limits, length) if x >= TICK)
    axis.set_major_locator(_locator(length, least))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(plain_number))
    axis.set_tick_params(labelsize=NORMAL)


def value_axis(axes: Axes, length: float) -> None:
    """Put numbers on a vertical axis of ``length`` inches, and lines across."""
    number_axis(axes.yaxis, length, UPRIGHT_TICK)
    axes.grid(axis="y", color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def value_width(limits: tuple[float, float], length: float) -> float:
    """Return the space for the metric's name and the numbers left of a vertical axis."""
    ticks = _locator(length, UPRIGHT_TICK).tick_values(*limits)
    inside = (float(tick) for tick in ticks if limits[0] <= tick <= limits[1])
    widest = max((text_width(plain_number(x), NORMAL) for x in inside), default=0.0)
    return MARGIN + line_height(NORMAL) + 0.16 + widest


def write_metric(figure: Figure, metric: str, middle: float, length: float) -> None:
    """Write the metric upright at the left edge; one too long loses its middle.

    Args:
        figure: the page.
        metric: the text.
        middle: of the axis, in inches from the top of the page.
        length: the most that the text takes, in inches.
    """
    text = shortened(metric, NORMAL, length)
    x = MARGIN + line_height(NORMAL) / 2
    style = {"rotation": 90, "fontsize": NORMAL, "va": "center", "ha": "center"}
    write(figure, x, middle, text, **style)


def named(metric: str, unit: str) -> str:
    """Return the metric with its unit, as an axis is labelled."""
    return f"{metric} ({unit})" if unit else metric


def bar_style(colour: str) -> dict[str, Any]:
    """Return how the interval of an estimate is drawn."""
    return {"color": colour, "linewidth": 1.8, "solid_capstyle": "butt"}
