"""The effects of a sweep as a forest plot: which option mattered, and how sure is that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qexp.figures.estimate import (
    bar_style,
    finite,
    interval,
    known,
    named,
    number_axis,
    room,
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
    WIDTH,
    line_height,
    text_width,
    wrap,
    write,
)
from qexp.figures.strips import (
    GAP,
    Effect,
    Strip,
    common,
    kept_effects,
    strips_of,
)

__all__ = ["Effect", "forest"]

LIMIT = 40
"""The most effects that are drawn."""
WIDE = 5.0
"""From this width on the numbers stand beside the intervals."""
TICKS = line_height(NORMAL) + 0.12


def _draw_effect(axes: Axes, effect: Effect, height: float) -> None:
    colour = BLUE if effect.decided else GREY
    ends, value = interval(effect.low, effect.high), known(effect.value)
    if ends is not None:
        axes.plot(ends, [height] * 2, zorder=3, **bar_style(colour))
    if value is not None:
        axes.plot([value], [height], **_marker(effect.decided))


def _marker(decided: bool) -> dict[str, Any]:
    colour = BLUE if decided else GREY
    face = BLUE if decided else "white"
    return {
        "color": colour,
        "marker": "o",
        "markersize": 5,
        "markerfacecolor": face,
        "markeredgewidth": 1.2,
        "zorder": 4,
    }


def _handles() -> list[Line2D]:
    kinds = (True, False)
    points = [Line2D([], [], **(_marker(x) | {"linestyle": "none"})) for x in kinds]
    return [*points, Line2D([], [], **bar_style(GREY))]


LABELS = ("decided", "undecided", "95 % interval")


def _scale(axes: Axes, effects: Sequence[Effect], width: float) -> None:
    ends = [x for one in effects for x in (one.value, one.low, one.high)]
    axes.set_xlim(*room([0.0, *finite(ends)]))
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=LIGHT, linewidth=0.6)
    number_axis(axes.xaxis, width)
    axes.axvline(0, color=BLACK, linewidth=0.9, zorder=2)


def _write_strip(figure: Figure, strip: Strip, top: float, numbers: float) -> None:
    top += strip.before
    if strip.effect is not None and numbers:
        middle, text = top + strip.lines[0].height / 2, strip.effect.text
        write(figure, numbers, middle, text, fontsize=SMALL, va="center")
    for line in strip.lines:
        style: dict[str, Any] = {"fontsize": line.size, "color": line.colour}
        if strip.effect is None:  # a header may reach into the axes
            style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        left, middle = MARGIN + strip.indent, top + line.height / 2
        write(figure, left, middle, line.text, va="center", weight=line.weight, **style)
        top += line.height


def _columns(strips: Sequence[Strip], width: float) -> tuple[float, float, float]:
    """Return where the axes begin and end, and the numbers begin; 0 for no numbers."""
    widths = [
        strip.indent + text_width(line.text, line.size, line.weight)
        for strip in strips
        if strip.effect is not None
        for line in strip.lines
    ]
    left, right = MARGIN + max(widths) + GAP, width - 2 * MARGIN
    if width < WIDE:
        return left, right, 0.0
    texts = (text_width(x.effect.text, SMALL) for x in strips if x.effect is not None)
    numbers = width - MARGIN - max(texts)
    return left, numbers - GAP, numbers


def forest(
    effects: Sequence[Effect],
    *,
    metric: str,
    title: str,
    subtitle: str,
    interactions: Sequence[Effect] = (),
    unit: str = "",
    limit: int = LIMIT,
    width: float = WIDTH,
) -> Figure:
    """Draw the effects as a forest plot, a line each, grouped by option.

    The option with the largest effect comes first. A note that all effects share is
    written once, below the title.

    Args:
        effects: of single options; within an option they keep their order.
        metric: what the effects are differences in.
        title: what was compared.
        subtitle: on which backend and how.
        interactions: of two options, drawn as a second group.
        unit: the metric's unit; "" for a plain number.
        limit: the most effects drawn; the largest, and the others are counted.
        width: of the page, in inches; at least 3.5.

    Raises:
        ValueError: if there is no effect at all.
    """
    if not effects and not interactions:
        raise ValueError("a forest plot needs at least one effect")
    main, joint, left_out = kept_effects(effects, interactions, limit)
    drawn = [*main, *joint]
    shared = common(drawn)[1] if len(drawn) > 1 else ""
    strips = strips_of(main, joint, width, shared)
    notes = (subtitle, shared, left_out)
    frame = Frame.of(title, *notes, labels=LABELS, width=width)
    label = wrap(f"difference in {named(metric, unit)}", NORMAL, width - 2 * MARGIN)
    top, body = frame.top, sum(strip.height for strip in strips)
    bottom = TICKS + len(label) * line_height(NORMAL) + MARGIN
    figure = frame.page(top + body + bottom, _handles())
    start, end, numbers = _columns(strips, width)
    axes = axes_at(figure, start, top, end - start, body)
    axes.set_ylim(top + body, top)
    _scale(axes, drawn, end - start)
    for strip in strips:
        if strip.effect is not None:
            _draw_effect(axes, strip.effect, top + strip.middle)
        _write_strip(figure, strip, top, numbers)
        top += strip.height
    _write_label(figure, label, start, end)
    return figure


def _write_label(
    figure: Figure, rows: Sequence[str], left: float, right: float
) -> None:
    """Write the axis's label below it; a wide one reaches to the right of the page."""
    width, height = figure.get_size_inches()
    half = max(text_width(row, NORMAL) for row in rows) / 2
    centre = min(max((left + right) / 2, MARGIN + half), width - MARGIN - half)
    top = height - MARGIN - len(rows) * line_height(NORMAL)
    for row in rows:
        write(figure, centre, top, row, ha="center", fontsize=NORMAL)
        top += line_height(NORMAL)
