"""The metric over each option's levels: a small panel an option, one vertical axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from qexp.figures.estimate import (
    bar_style,
    finite,
    interval,
    known,
    named,
    room,
    value_axis,
    value_width,
    write_metric,
)
from qexp.figures.frame import Frame, axes_at
from qexp.figures.page import (
    BLUE,
    GREY,
    MARGIN,
    NORMAL,
    SKY,
    SMALL,
    WIDTH,
    line_height,
    text_width,
    write,
)
from qexp.figures.panels import (
    GAP,
    PITCH,
    SIDE,
    Factor,
    Level,
    Panel,
    rows_of,
    widths_of,
)

__all__ = ["Factor", "Level", "levels"]

PLOT = 1.5
"""Height of a panel."""
MANY_POINTS = 2000
"""From this number on, the points are an image inside a vector file."""


def _shift(index: int, step: float) -> float:
    """Spread points evenly without chance (the van der Corput sequence)."""
    value, share = 0.0, 0.5
    while index:
        value += share * (index & 1)
        index, share = index >> 1, share / 2
    return (value - 0.5) * step


def _spacing(panel: Panel) -> float:
    """Return how far apart the levels stand, on the axis or on its logarithm."""
    if not panel.numeric:
        return 0.5
    span = panel.places[-1] - panel.places[0]
    return min(0.06 * span, 0.5 * min(b - a for a, b in pairwise(panel.places)))


def _draw_points(axes: Axes, panel: Panel, image: bool) -> None:
    step = _spacing(panel)
    for place, level in zip(panel.places, panel.levels, strict=True):
        heights = finite(level.points)
        if panel.logarithmic:
            sides = [place * 10 ** _shift(i, 0.08) for i in range(len(heights))]
        else:
            sides = [place + _shift(i, step) for i in range(len(heights))]
        axes.plot(sides, heights, rasterized=image, **_faint())


def _faint() -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 3,
        "color": SKY,
        "alpha": 0.55,
        "markeredgewidth": 0,
        "zorder": 2,
    }


def _strong() -> dict[str, Any]:
    return {"color": BLUE, "marker": "o", "markersize": 5, "zorder": 4}


def _draw_means(axes: Axes, panel: Panel) -> None:
    means = [known(level.mean) for level in panel.levels]
    known_means = [
        (x, y) for x, y in zip(panel.places, means, strict=True) if y is not None
    ]
    if panel.numeric and known_means:
        style: dict[str, Any] = {
            "color": BLUE,
            "linewidth": 0.8,
            "alpha": 0.6,
            "zorder": 3,
        }
        axes.plot(*zip(*known_means, strict=True), **style)
    for place, level, mean in zip(panel.places, panel.levels, means, strict=True):
        ends = interval(level.low, level.high)
        if ends is not None:
            axes.plot([place] * 2, ends, zorder=3, **bar_style(BLUE))
        if mean is not None:
            axes.plot([place], [mean], **_strong())
        else:
            _write_none(axes, place)


def _write_none(axes: Axes, place: float) -> None:
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": SMALL}
    style |= {"rotation": 90, "color": GREY, "transform": axes.get_xaxis_transform()}
    axes.text(place, 0.03, "none", **style)


def _scale(axes: Axes, panel: Panel, width: float) -> None:
    low, high = panel.places[0], panel.places[-1]
    if panel.logarithmic:
        margin = (high / low) ** 0.1
        axes.set_xscale("log")
        axes.set_xlim(low / margin, high * margin)
    elif panel.numeric:
        axes.set_xlim(low - 0.12 * (high - low), high + 0.12 * (high - low))
    else:
        axes.set_xlim(low - 0.5, max(high, 1.0) + 0.5)
    shown = _readable(axes, panel, width)
    ticks = [panel.places[index] for index in shown]
    style: dict[str, Any] = {
        "fontsize": SMALL,
        "rotation": 90 if panel.upright(width) else 0,
    }
    labels = [panel.labels[index] for index in shown]
    axes.set_xticks(ticks, labels, parse_math=False, **style)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", length=3 if panel.numeric else 0, pad=3)


def _readable(axes: Axes, panel: Panel, width: float) -> list[int]:
    """Return which levels have a number below them: the last, and what leaves room."""
    if not panel.numeric:
        return list(range(len(panel.levels)))
    scale = axes.transScale + axes.transLimits
    places = [float(scale.transform((x, 0.0))[0]) * width for x in panel.places]
    halves = [text_width(label, SMALL) / 2 for label in panel.labels]
    kept = [len(places) - 1]
    for index in range(len(places) - 2, -1, -1):
        right = places[kept[-1]] - halves[kept[-1]]
        if places[index] + halves[index] + 0.06 < right:
            kept.append(index)
    return kept[::-1]


def _write_head(
    figure: Figure, panel: Panel, left: float, bottom: float, width: float
) -> None:
    top = bottom - panel.head(width)
    for row in panel.title(width):
        write(figure, left, top, row, fontsize=NORMAL, weight="bold")
        top += line_height(NORMAL)
    for row in panel.note(width):
        write(figure, left, top, row, fontsize=SMALL, color=GREY)
        top += line_height(SMALL)


def _handles() -> list[Line2D]:
    mean = Line2D([], [], linewidth=1.8, **_strong())
    return [mean, Line2D([], [], **_faint())]


LABELS = ("mean, 95 % interval", "single points")


def _left_out(panels: Sequence[Panel]) -> list[str]:
    """Say which options have more levels than are drawn."""
    return [
        f"{panel.factor.option}: {panel.left_out} of {len(panel.factor.levels)} levels "
        "not drawn."
        for panel in panels
        if panel.left_out
    ]


def levels(
    factors: Sequence[Factor],
    *,
    metric: str,
    title: str,
    subtitle: str,
    unit: str = "",
    width: float = WIDTH,
) -> Figure:
    """Draw the metric over each option: marginal means, intervals, single points.

    Args:
        factors: the options, a panel each; at least one, each with a level.
        metric: what is on the vertical axis, which all panels share.
        title: what was compared.
        subtitle: on which backend and how.
        unit: the metric's unit; "" for a plain number.
        width: of the page, in inches; at least 3.5.

    Raises:
        ValueError: if there is no option, or one without a level.
    """
    if not factors or not all(factor.levels for factor in factors):
        raise ValueError("a picture of levels needs an option, and each a level")
    values = [x for factor in factors for level in factor.levels for x in level.values]
    limits = room(values)
    start = value_width(limits, PLOT)
    across = width - start - MARGIN - SIDE
    panels = [Panel(factor, int(across / PITCH)) for factor in factors]
    notes = (subtitle, *_left_out(panels))
    frame = Frame.of(title, *notes, labels=LABELS, width=width)
    rows = rows_of(panels, across)
    sizes = [widths_of(row, across, 2.4) for row in rows]
    pairs = [
        list(zip(row, size, strict=True)) for row, size in zip(rows, sizes, strict=True)
    ]
    heads = [max(panel.head(size) for panel, size in row) for row in pairs]
    feet = [max(panel.foot(size) for panel, size in row) for row in pairs]
    top = frame.top + 0.06
    height = top + sum(heads) + sum(feet) + (PLOT + GAP) * len(rows)
    figure = frame.page(height, _handles())
    image = sum(len(level.points) for x in panels for level in x.levels) > MANY_POINTS
    for row, head, foot in zip(pairs, heads, feet, strict=True):
        top += head
        left = start
        for panel, size in row:
            axes = axes_at(figure, left, top, size, PLOT)
            axes.set_ylim(*limits)
            value_axis(axes, PLOT)
            _scale(axes, panel, size)
            _draw_points(axes, panel, image)
            _draw_means(axes, panel)
            _write_head(figure, panel, left, top, size)
            axes.tick_params(axis="y", labelleft=left == start)
            left += size + GAP
        write_metric(figure, named(metric, unit), top + PLOT / 2, PLOT + 0.3)
        top += PLOT + foot + GAP
    return figure
