"""The scores of a run with their intervals, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qexp.figures.frame import Frame, axes_at
from qexp.figures.numbers import decimals
from qexp.figures.page import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    MARGIN,
    NORMAL,
    SMALL,
    WIDTH,
    line_height,
    plain_number,
    text_width,
    wrap,
    write,
)

NAMES = 1.75
"""The widest the names get before they are broken into lines."""
VALUES = 1.7
"""The narrowest the column of the values gets."""
GAP = 0.15
AXIS = 0.5
LABELS = (
    "estimate, with its 95 % interval where it has one",
    "what an ideal machine would score at these shots",
)


@dataclass(frozen=True)
class Row:
    """One metric: its value, its interval and what an ideal machine would score."""

    name: str
    value: float
    low: float | None
    high: float | None
    ideal: float | None
    note: str | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the interval if both ends are known."""
        if self.low is None or self.high is None:
            return None
        ends = (self.low, self.high)
        return ends if all(map(isfinite, ends)) else None

    @property
    def points(self) -> list[float]:
        """Return everything that has to be inside the axis."""
        points = [self.value, *(self.interval or ())]
        if self.ideal is not None:
            points.append(self.ideal)
        return [point for point in points if isfinite(point)]


def _decimals(low: float, high: float) -> int:
    """Return the decimals that tell the ends of an interval apart."""
    width = high - low
    return 3 if width <= 0 else min(8, max(3, 1 - floor(log10(width))))


def _value(row: Row) -> str:
    if not isfinite(row.value):
        return "no value"
    if row.interval is None:
        text = decimals(row.value)
    else:
        low, high = row.interval
        places = _decimals(low, high)
        text = f"{row.value:.{places + 1}f} [{low:.{places}f}, {high:.{places}f}]"
    return text.replace("-", "\N{MINUS SIGN}")


def _remark(row: Row) -> str:
    if row.interval is not None:
        return ""
    return f"no interval ({row.note})" if row.note else "no interval"


@dataclass(frozen=True)
class _Strip:
    """A row with its texts broken into lines."""

    row: Row
    name: list[str]
    remark: list[str]

    @classmethod
    def of(cls, row: Row) -> _Strip:
        """Break the texts of a row."""
        remark = wrap(_remark(row), SMALL, VALUES, lines=4)
        return cls(row, wrap(row.name, NORMAL, NAMES), remark)

    @property
    def height(self) -> float:
        """Return the height of the strip with the space around it."""
        lines = max(len(self.name), 1) * line_height(NORMAL)
        values = line_height(NORMAL) + len(self.remark) * line_height(SMALL)
        return max(lines, values) + 0.16

    @property
    def name_width(self) -> float:
        """Return the width of the name."""
        return max((text_width(row, NORMAL) for row in self.name), default=0.0)

    def write(self, figure: Figure, middle: float, right: float) -> None:
        """Write the name left and the value right of the axes."""
        _block(figure, MARGIN, middle, [(line, NORMAL, BLACK) for line in self.name])
        remark = [(line, SMALL, GREY) for line in self.remark]
        _block(figure, right, middle, [(_value(self.row), NORMAL, BLACK), *remark])


def _block(
    figure: Figure, left: float, middle: float, lines: list[tuple[str, float, str]]
) -> None:
    """Write lines of text, given as text, size and colour, around a height."""
    top = middle - sum(line_height(size) for _, size, _ in lines) / 2
    for text, size, colour in lines:
        centre = top + line_height(size) / 2
        write(figure, left, centre, text, va="center", fontsize=size, color=colour)
        top += line_height(size)


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the range of the axis: 0 to 1, wider where a point is outside."""
    points = [0.0, 1.0, *(point for row in rows for point in row.points)]
    low, high = min(points), max(points)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _draw_row(axes: Axes, row: Row, height: float) -> None:
    if row.interval is not None:
        axes.plot(row.interval, [height] * 2, color=BLUE, linewidth=2.2, zorder=3)
        style: dict[str, Any] = {
            "color": BLUE,
            "marker": "|",
            "markersize": 9,
            "markeredgewidth": 1.6,
        }
        axes.plot(row.interval, [height] * 2, linestyle="none", zorder=3, **style)
    if isfinite(row.value):
        axes.plot(
            [row.value], [height], color=BLUE, marker="o", markersize=4.5, zorder=4
        )
    if row.ideal is not None:
        axes.plot([row.ideal], [height], **_open_marker())


def _open_marker() -> dict[str, Any]:
    style: dict[str, Any] = {"marker": "D", "markersize": 8, "markerfacecolor": "none"}
    return {
        **style,
        "clip_on": False,
        "color": BLACK,
        "markeredgewidth": 1.2,
        "linestyle": "none",
    }


def _draw(axes: Axes, strips: Sequence[_Strip], middles: Sequence[float]) -> None:
    axes.set_xlim(*_limits([strip.row for strip in strips]))
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(plain_number))
    axes.tick_params(axis="x", labelsize=NORMAL)
    axes.set_xlabel("score", fontsize=NORMAL)
    for strip, middle in zip(strips, middles, strict=True):
        axes.axhline(middle, color=LIGHT, linewidth=0.6, zorder=1)
        _draw_row(axes, strip.row, middle)


def _middles(strips: Sequence[_Strip], top: float) -> list[float]:
    middles = []
    for strip in strips:
        middles.append(top + strip.height / 2)
        top += strip.height
    return middles


def scores(rows: Sequence[Row], *, title: str, subtitle: str) -> Figure:
    """Draw a forest plot: a line a metric, with its interval and its value.

    Args:
        rows: the metrics from top to bottom; at least one.
        title: what was scored.
        subtitle: on which backend and how.

    Raises:
        ValueError: if there are no rows.
    """
    if not rows:
        raise ValueError("a picture of scores needs at least one row")
    strips = [_Strip.of(row) for row in rows]
    handles = _handles(rows)
    frame = Frame.of(title, subtitle, labels=LABELS[: len(handles)])
    top = frame.top
    body = sum(strip.height for strip in strips)
    figure = frame.page(top + body + AXIS, handles)
    left = MARGIN + max(strip.name_width for strip in strips) + GAP
    widest = max(text_width(_value(row), NORMAL) for row in rows)
    right = WIDTH - MARGIN - max(VALUES, widest)
    axes = axes_at(figure, left, top, right - GAP - left, body)
    axes.set_ylim(top + body, top)
    middles = _middles(strips, top)
    _draw(axes, strips, middles)
    for strip, middle in zip(strips, middles, strict=True):
        strip.write(figure, middle, right)
    return figure


def _handles(rows: Sequence[Row]) -> list[Line2D]:
    style: dict[str, Any] = {
        "color": BLUE,
        "marker": "o",
        "markersize": 4.5,
        "linewidth": 2.2,
    }
    handles = [Line2D([], [], **style)]
    if any(row.ideal is not None for row in rows):
        handles.append(Line2D([], [], **_open_marker()))
    return handles
