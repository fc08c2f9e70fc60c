"""Several things measured over one, in the style of qexp's own pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from qexp.figures.estimate import (
    number_axis,
    room,
    value_axis,
    value_width,
    write_metric,
)
from qexp.figures.page import (
    BLUE,
    GREY,
    MARGIN,
    NORMAL,
    WIDTH,
    Heading,
    Legend,
    page,
)

PLOT, BOTTOM = 2.8, 0.55
"""Height of the plot, and of the axis below it, in inches."""


@dataclass(frozen=True)
class Series:
    """One line of a picture.

    Attributes:
        label: What the legend calls it.
        x: Where, shape (K,).
        y: What, shape (K,).
        ends: Lower and upper ends of 95 % intervals, K pairs; empty for none.
        colour: One of the palette in `qexp.figures.page`.
        published: Whether others measured it: open marks, dashed line.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    ends: Sequence[tuple[float, float]] = ()
    colour: str = BLUE
    published: bool = False


def lines(
    series: Sequence[Series],
    *,
    title: str,
    subtitle: str,
    x_label: str,
    y_label: str,
    level: float | None = None,
    ticks: Sequence[float] = (),
) -> Figure:
    """Draw them.

    Args:
        series: The lines.
        title: What the picture shows.
        subtitle: How it was measured.
        x_label: The horizontal axis, with its unit.
        y_label: The vertical axis.
        level: A height that matters, as a thin line across.
        ticks: Where the horizontal axis has numbers; where there is room if empty.
    """
    heading = Heading.of(title, subtitle)
    legend = Legend([one.label for one in series])
    top = heading.height + legend.height
    height = top + PLOT + BOTTOM
    heights = [y for one in series for y in (*one.y, *_flat(one.ends)) if y == y]
    limits = room([*heights, *([] if level is None else [level])])
    left = value_width(limits, PLOT)
    across = WIDTH - left - MARGIN
    figure = page(height)
    heading.draw(figure)
    axes = figure.add_axes(
        (left / WIDTH, BOTTOM / height, across / WIDTH, PLOT / height)
    )
    if level is not None:
        axes.axhline(level, color=GREY, linewidth=0.8)
    handles = [_draw(axes, one) for one in series]
    axes.set_ylim(*limits)
    value_axis(axes, PLOT)
    number_axis(axes.xaxis, across)
    if ticks:
        axes.set_xticks(ticks)
    axes.set_xlabel(x_label, fontsize=NORMAL, parse_math=False)
    legend.draw(figure, handles, heading.height)
    write_metric(figure, y_label, top + PLOT / 2, PLOT)
    return figure


def _draw(axes: Any, one: Series) -> Any:
    bars = None
    if one.ends:
        pairs = zip(one.y, one.ends, strict=True)
        sides = [(y - low, high - y) for y, (low, high) in pairs]
        bars = [[below for below, _ in sides], [above for _, above in sides]]
    style: dict[str, Any] = {"color": one.colour, "linewidth": 1, "markersize": 5}
    if one.published:
        style |= {"linestyle": "--", "markerfacecolor": "white"}
    return axes.errorbar(one.x, one.y, bars, marker="o", elinewidth=1.4, **style)


def _flat(ends: Sequence[tuple[float, float]]) -> list[float]:
    return [end for pair in ends for end in pair]
