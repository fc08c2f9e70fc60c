"""What quality costs: the metric against quantum seconds, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from qexp.figures.estimate import (
    finite,
    interval,
    named,
    number_axis,
    room,
    value_axis,
    value_width,
    write_metric,
    written,
)
from qexp.figures.frame import Frame, axes_at
from qexp.figures.page import (
    GREY,
    LIGHT,
    MARGIN,
    NORMAL,
    SKY,
    SMALL,
    VERMILION,
    WIDTH,
    line_height,
    plain_number,
    text_width,
    wrap,
    write,
)
from qexp.figures.pareto import LISTED, Setting, listed_of, pareto

__all__ = ["Setting", "quality_cost"]

PLOT = 2.6
NUMBER = 0.24
LOGARITHMIC = 20.0
"""From this ratio of the largest to the smallest cost on, its axis is logarithmic."""
REACHES = (0.15, 0.22, 0.3, 0.4)
"""How far from its mark a number is tried, in inches."""
SIDES = (
    *((-0.7, 0.7), (0, 1), (0.7, 0.7), (-1, 0), (1, 0)),
    *((-0.7, -0.7), (0.7, -0.7), (0, -1)),
)


def _scale(axes: Axes, seconds: Sequence[float], width: float) -> None:
    low, high = min(seconds), max(seconds)
    if low > 0 and high / low >= LOGARITHMIC:
        margin = (high / low) ** 0.1
        axes.set_xscale("log")
        axes.set_xlim(low / margin, high * margin)
        steps = (1.0, 2.0, 5.0) if high / low < 1000 and width > 4 else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
        axes.xaxis.set_major_formatter(FuncFormatter(plain_number))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", labelsize=NORMAL)
    else:
        axes.set_xlim(*room(seconds, 0.1))
        number_axis(axes.xaxis, width)


def _draw_marks(axes: Axes, settings: Sequence[Setting], front: Sequence[int]) -> None:
    members = set(front)
    for on_front in (False, True):
        some = [
            (setting.place, interval(setting.low, setting.high))
            for index, setting in enumerate(settings)
            if setting.place is not None and (index in members) is on_front
        ]
        style = _marker(on_front)
        line = {"color": style["color"], "zorder": style["zorder"], "linewidth": 1.0}
        known = [(place[0], *ends) for place, ends in some if ends is not None]
        if known:
            axes.vlines(*zip(*known, strict=True), **line)
        if some:
            x, y = zip(*(place for place, _ in some), strict=True)
            axes.plot(x, y, linestyle="none", **style)


def _marker(on_front: bool) -> dict[str, Any]:
    if on_front:
        return {"color": VERMILION, "marker": "D", "markersize": 5.5, "zorder": 4}
    return {"color": SKY, "marker": "o", "markersize": 4, "zorder": 2}


def _line() -> dict[str, Any]:
    return {"color": VERMILION, "linewidth": 1.1, "linestyle": (0, (4, 2)), "zorder": 3}


def _draw_front(axes: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Draw what can be had at each cost: a stair from member to member."""
    x, y = zip(*places, strict=True)
    end = axes.get_xlim()[1]
    axes.plot([*x, end], [*y, y[-1]], drawstyle="steps-post", **_line())


def _number_front(
    figure: Figure, axes: Axes, settings: Sequence[Setting], listed: Sequence[int]
) -> None:
    """Number the members, each where its number hides no mark or other number."""
    height = float(figure.get_size_inches()[1])
    taken = [box for one in settings for box in _boxes(figure, axes, one)]
    extent = axes.get_window_extent()
    corners = [x / figure.dpi for x in (extent.x0, extent.y0, extent.x1, extent.y1)]
    for number, index in enumerate(listed, start=1):
        x, y, *_ = _boxes(figure, axes, settings[index])[0]
        half = text_width(str(number), SMALL, "bold") / 2 + 0.01, SMALL * 0.55 / 72
        spots = [(x + r * a, y + r * b) for r in REACHES for a, b in SIDES]
        inside = [s for s in spots if _inside(s, half, corners)] or spots
        spot = next((s for s in inside if _clear(s, half, taken)), inside[0])
        taken.append((*spot, *half))
        style: dict[str, Any] = {
            "fontsize": SMALL,
            "weight": "bold",
            "ha": "center",
            "va": "center",
        }
        write(figure, spot[0], height - spot[1], str(number), zorder=6, **style)


Box = tuple[float, float, float, float]
"""Centre and half sizes, in inches."""


def _boxes(figure: Figure, axes: Axes, setting: Setting) -> list[Box]:
    """Return what a setting's mark and interval take."""
    if setting.place is None:
        return []
    x, y = axes.transData.transform(setting.place) / figure.dpi
    ends = interval(setting.low, setting.high)
    mark = (float(x), float(y), 0.05, 0.05)
    if ends is None:
        return [mark]
    places = [(setting.place[0], end) for end in ends]
    (_, low), (_, high) = axes.transData.transform(places) / figure.dpi
    return [mark, (float(x), float(low + high) / 2, 0.01, float(high - low) / 2)]


def _inside(
    spot: tuple[float, float], half: tuple[float, float], corners: Sequence[float]
) -> bool:
    left, bottom, right, top = corners
    return (
        left <= spot[0] - half[0]
        and spot[0] + half[0] <= right + 0.1
        and bottom <= spot[1] - half[1]
        and spot[1] + half[1] <= top + 0.1
    )


def _clear(
    spot: tuple[float, float],
    half: tuple[float, float],
    taken: Sequence[Box],
) -> bool:
    return all(
        abs(spot[0] - x) >= half[0] + w or abs(spot[1] - y) >= half[1] + h
        for x, y, w, h in taken
    )


def _entries(
    settings: Sequence[Setting], front: Sequence[int], width: float
) -> list[tuple[str, list[str]]]:
    """Return a numbered description of each member, in lines."""
    across = width - 2 * MARGIN - NUMBER
    entries = []
    for number, index in enumerate(listed_of(front), start=1):
        one = settings[index]
        seconds = plain_number(float(f"{one.seconds:.3g}"))
        text = f"{written(one.value, one.low, one.high)} for {seconds} s"
        rows = wrap(one.label, SMALL, across, lines=4) + wrap(text, SMALL, across)
        joined = f"{one.label}: {text}"
        fits = text_width(joined, SMALL) <= across
        entries.append((str(number), [joined] if fits else rows))
    if len(front) > LISTED:
        more = len(front) - LISTED
        entries.append(("", [f"and {more} more without a number"]))
    return entries


def _write_entries(
    figure: Figure, entries: Sequence[tuple[str, list[str]]], top: float
) -> None:
    for number, rows in entries:
        write(figure, MARGIN, top, number, fontsize=SMALL, weight="bold")
        for row in rows:
            write(figure, MARGIN + NUMBER, top, row, fontsize=SMALL)
            top += line_height(SMALL)
        top += 0.04


def _unknown(settings: Sequence[Setting]) -> str:
    count = sum(one.place is None for one in settings)
    noun = "setting" if count == 1 else "settings"
    return f"{count} {noun} without metric or cost not drawn." if count else ""


LABELS = ("Pareto front", "beaten by another", "95 % interval")


def _handles() -> list[Line2D]:
    plain: dict[str, Any] = {"linestyle": "none"}
    return [
        Line2D([], [], **(_line() | _marker(True))),
        Line2D([], [], **(_marker(False) | plain)),
        Line2D([], [], color=GREY, linewidth=1.0),
    ]


def quality_cost(
    settings: Sequence[Setting],
    *,
    metric: str,
    title: str,
    subtitle: str,
    unit: str = "",
    higher_is_better: bool = True,
    width: float = WIDTH,
) -> Figure:
    """Draw the metric against quantum seconds, and describe the Pareto front below.

    Args:
        settings: points or settings; at least one with cost and metric.
        metric: what is on the vertical axis.
        title: what was compared.
        subtitle: on which backend and how.
        unit: the metric's unit; "" for a plain number.
        higher_is_better: whether a larger metric is the better one.
        width: of the page, in inches; at least 3.5.

    Raises:
        ValueError: if no setting has both a cost and a metric.
    """
    front = pareto(settings, higher_is_better=higher_is_better)
    if not front:
        raise ValueError("a picture of cost needs a setting with cost and metric")
    notes = (subtitle, _unknown(settings))
    frame = Frame.of(title, *notes, labels=LABELS, width=width)
    entries = _entries(settings, front, width)
    below = sum(len(rows) * line_height(SMALL) + 0.04 for _, rows in entries)
    top, foot = frame.top + 0.08, 2 * line_height(NORMAL) + 0.3
    height = top + PLOT + foot + below + MARGIN
    figure = frame.page(height, _handles())
    ends = [x for s in settings if s.place for x in (s.value, s.low, s.high)]
    limits = room(finite(ends), 0.1)
    left = value_width(limits, PLOT)
    across = width - left - 2 * MARGIN
    axes = axes_at(figure, left, top, across, PLOT)
    places = [one.place for one in settings if one.place is not None]
    axes.set_ylim(*limits)
    _scale(axes, [seconds for seconds, _ in places], across)
    value_axis(axes, PLOT)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    _draw_marks(axes, settings, front)
    members = [place for i in front if (place := settings[i].place) is not None]
    _draw_front(axes, members)
    _number_front(figure, axes, settings, listed_of(front))
    better = "higher" if higher_is_better else "lower"
    text = f"{named(metric, unit)}, {better} is better"
    write_metric(figure, text, top + PLOT / 2, PLOT + 0.4)
    label = top + PLOT + line_height(NORMAL) + 0.12
    write(
        figure,
        left + across / 2,
        label,
        "quantum seconds",
        ha="center",
        fontsize=NORMAL,
    )
    _write_entries(figure, entries, top + PLOT + foot)
    return figure
