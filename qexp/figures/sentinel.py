"""The sentinel over time: did the device move while the sweep was running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qexp.figures.drift import homogeneity, judgement, means, measured
from qexp.figures.estimate import (
    finite,
    interval,
    known,
    named,
    number_axis,
    room,
    value_axis,
    value_width,
    write_metric,
)
from qexp.figures.frame import Frame, axes_at
from qexp.figures.page import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    MARGIN,
    NORMAL,
    SMALL,
    VERMILION,
    WIDTH,
    line_height,
    text_width,
    wrap,
    write,
)

__all__ = ["Reading", "sentinel"]

PLOT = 2.1
UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
SHADE = "#EFEFEF"


@dataclass(frozen=True)
class Reading:
    """What a job's sentinel scored.

    Attributes:
        start: when the job started, with its time zone.
        value: the metric; None or NaN if there is none.
        low: the lower end of its 95 % interval.
        high: the upper end.
        block: the number of the job's block; None if there are none.
        setting: what the jobs have in common whose sentinels should score alike.
    """

    start: datetime
    value: float | None
    low: float | None
    high: float | None
    block: int | None = None
    setting: str = ""


class _Course:
    """The readings in the order of time, and what to say of them.

    Where there are several settings, a reading is drawn by what it differs from the mean
    of its setting by.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.readings = sorted(readings, key=lambda one: one.start)
        values = [one.value for one in self.readings]
        lows = [one.low for one in self.readings]
        highs = [one.high for one in self.readings]
        settings = [one.setting for one in self.readings]
        self.statistic, self.limit = homogeneity(values, lows, highs, settings)
        self.count = len(measured(values, lows, highs)[0])
        self.settings = len(set(settings))
        centres = means(values, lows, highs, settings)
        if self.settings > 1:
            self.readings = [
                _less(one, centres.get(one.setting)) for one in self.readings
            ]
            centres = {"": 0.0} if centres else {}
        self.mean = next(iter(centres.values()), None)
        self.moved = self.statistic > self.limit
        self.first = self.readings[0].start
        spans = [(one.start - self.first).total_seconds() for one in self.readings]
        fitting = (unit for unit in UNITS if spans[-1] >= 2 * unit[0])
        self.seconds, self.unit = next(fitting, UNITS[-1])
        self.times = [span / self.seconds for span in spans]

    @property
    def judgement(self) -> str:
        """Return what the test says, in a sentence."""
        return judgement(self.statistic, self.limit, self.count)

    @property
    def missing(self) -> str:
        """Return how many readings have no value."""
        count = sum(known(one.value) is None for one in self.readings)
        total = len(self.readings)
        return f"Readings without a value: {count} of {total}." if count else ""

    def strays(self, reading: Reading) -> bool:
        """Tell whether a reading's interval misses the mean of a sentinel that moved."""
        ends = interval(reading.low, reading.high)
        if not self.moved or self.mean is None or ends is None:
            return False
        return not ends[0] <= self.mean <= ends[1]

    def blocks(self) -> list[tuple[int, float, float]]:
        """Return each run of jobs of one block: its number, begin and end."""
        pairs = list(zip(self.readings, self.times, strict=True))
        runs = [
            (block, [time for _, time in group])
            for block, group in groupby(pairs, key=lambda pair: pair[0].block)
        ]
        return [(block, run[0], run[-1]) for block, run in runs if block is not None]


def _less(reading: Reading, mean: float | None) -> Reading:
    """Return a reading as what it differs from a mean by."""
    ends = (reading.value, reading.low, reading.high)
    less = [None if one is None or mean is None else one - mean for one in ends]
    return replace(reading, value=less[0], low=less[1], high=less[2])


def _shade(axes: Axes, course: _Course, width: float) -> None:
    """Shade every second block; number them all, or none where there is no room."""
    low, high = axes.get_xlim()
    blocks = course.blocks()
    spans = []
    for index, (_, begin, end) in enumerate(blocks):
        left = low if index == 0 else (blocks[index - 1][2] + begin) / 2
        right = high if index == len(blocks) - 1 else (end + blocks[index + 1][1]) / 2
        if index % 2 == 0:
            axes.axvspan(left, right, color=SHADE, linewidth=0, zorder=0)
        spans.append((left, right))
    rooms = [(right - left) / (high - low) * width for left, right in spans]
    style: dict[str, Any] = {
        "ha": "center",
        "va": "top",
        "fontsize": SMALL,
        "color": GREY,
    }
    for word in ("block ", ""):
        names = [f"{word}{block}" for block, _, _ in blocks]
        widths = [text_width(name, SMALL) + 0.06 for name in names]
        if all(x < room_for for x, room_for in zip(widths, rooms, strict=True)):
            for name, span in zip(names, spans, strict=True):
                place = axes.get_xaxis_transform()
                axes.text(sum(span) / 2, 0.985, name, transform=place, **style)
            return


def _draw_readings(axes: Axes, course: _Course) -> None:
    axes.plot(course.times, _heights(course), color=LIGHT, linewidth=0.8, zorder=1)
    if course.mean is not None:
        axes.axhline(course.mean, **_mean_line())
    for reading, time in zip(course.readings, course.times, strict=True):
        style, value = _marker(course.strays(reading)), known(reading.value)
        ends = interval(reading.low, reading.high)
        if ends is not None:
            axes.plot([time] * 2, ends, color=style["color"], linewidth=1.2, zorder=3)
        if value is not None:
            axes.plot([time], [value], **style)


def _heights(course: _Course) -> list[float]:
    values = (known(one.value) for one in course.readings)
    return [float("nan") if value is None else value for value in values]


def _mean_line() -> dict[str, Any]:
    return {"color": BLACK, "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 2}


def _marker(strays: bool) -> dict[str, Any]:
    if strays:
        return {"color": VERMILION, "marker": "D", "markersize": 4.5, "zorder": 4}
    return {"color": BLUE, "marker": "o", "markersize": 4, "zorder": 4}


def _handles(course: _Course) -> tuple[list[Any], list[str]]:
    """Return what the legend shows: only what is in the picture."""
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], linewidth=1.2, **_marker(False)), "95 % interval")
    ]
    if any(map(course.strays, course.readings)):
        entries.append(
            (Line2D([], [], linewidth=1.2, **_marker(True)), "misses the mean")
        )
    if course.mean is not None:
        entries.append((Line2D([], [], **_mean_line()), "mean"))
    if course.blocks():
        entries.append((Patch(color=SHADE), "every second block"))
    handles, labels = zip(*entries, strict=True)
    return list(handles), list(labels)


def sentinel(
    readings: Sequence[Reading],
    *,
    metric: str,
    title: str,
    subtitle: str,
    unit: str = "",
    width: float = WIDTH,
) -> Figure:
    """Draw the sentinel's metric over the jobs' start times, with a judgement.

    A sentinel that moved is a warning in the heading (see ``moved``), and the readings
    whose intervals miss the mean are marked.

    Args:
        readings: in any order; at least one, all with a time zone.
        metric: what the sentinel scores.
        title: what is shown.
        subtitle: on which backend and how.
        unit: the metric's unit; "" for a plain number.
        width: of the page, in inches; at least 3.5.

    Raises:
        ValueError: if there is no reading.
    """
    if not readings:
        raise ValueError("a picture of the sentinel needs at least one reading")
    course = _Course(readings)
    if course.settings > 1:
        metric = f"{metric}, less the mean"
        subtitle += f"; {course.settings} settings of jobs, each less its own mean"
    notes = [subtitle, "" if course.moved else course.judgement, course.missing]
    warning = course.judgement if course.moved else ""
    handles, labels = _handles(course)
    frame = Frame.of(title, *notes, warning=warning, labels=labels, width=width)
    begin = course.first.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    label = wrap(f"{course.unit} after {begin}", NORMAL, width - 2 * MARGIN)
    top = frame.top + 0.08
    bottom = (1 + len(label)) * line_height(NORMAL) + MARGIN + 0.1
    height = top + PLOT + bottom
    figure = frame.page(height, handles)
    ends = [x for one in course.readings for x in (one.value, one.low, one.high)]
    limits = room(finite(ends), 0.14)
    left = value_width(limits, PLOT)
    across = width - left - 2 * MARGIN
    axes = axes_at(figure, left, top, across, PLOT)
    axes.set_ylim(*limits)
    span = course.times[-1] or 1.0
    axes.set_xlim(-0.04 * span, 1.04 * span)
    value_axis(axes, PLOT)
    number_axis(axes.xaxis, across)
    _shade(axes, course, across)
    _draw_readings(axes, course)
    write_metric(figure, named(metric, unit), top + PLOT / 2, PLOT + 0.4)
    below = height - MARGIN - len(label) * line_height(NORMAL)
    for row in label:
        half = text_width(row, NORMAL) / 2
        centre = min(left + across / 2, width - MARGIN - half)
        write(figure, centre, below, row, ha="center", fontsize=NORMAL)
        below += line_height(NORMAL)
    return figure
