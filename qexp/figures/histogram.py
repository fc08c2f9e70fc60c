"""Measured probabilities beside the ideal ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qexp.figures.labels import notation, outcome_labels
from qexp.figures.page import (
    BLACK,
    GREY,
    LARGE,
    LIGHT,
    MARGIN,
    NORMAL,
    SKY,
    SMALL,
    VERMILION,
    Heading,
    Legend,
    line_height,
    page,
    plain_number,
    write,
)
from qexp.figures.slots import LEFT, Slots

PLOT = 3.0
NORMAL_QUANTILE = 1.959964
NEGLIGIBLE = 1e-9
CUT = 1.6
"""'other' is cut off when it is this much higher than every outcome shown."""


@dataclass(frozen=True)
class _Bar:
    label: str
    measured: float
    low: float
    high: float
    ideal: float | None
    mitigated: float | None
    other: bool = False

    @property
    def heights(self) -> list[float]:
        marks = (self.ideal, self.mitigated)
        return [self.low, self.high, *(mark for mark in marks if mark is not None)]


def _wilson(share: float, shots: float) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    square = NORMAL_QUANTILE**2 / shots
    centre = (share + square / 2) / (1 + square)
    spread = share * (1 - share) / shots + square / (4 * shots)
    half = NORMAL_QUANTILE * sqrt(max(spread, 0.0)) / (1 + square)
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)


class _Results:
    """Counts, ideal and mitigated probabilities of the same outcomes."""

    def __init__(
        self,
        counts: Mapping[str, int],
        ideal: Mapping[str, float] | None,
        mitigated: Mapping[str, float] | None,
    ) -> None:
        self.shots = sum(counts.values())
        if self.shots <= 0:
            raise ValueError("a histogram needs at least one shot")
        self.measured = {key: count / self.shots for key, count in counts.items()}
        self.ideal = ideal
        self.mitigated = mitigated

    def _weight(self, outcome: str) -> float:
        return max(
            self.measured.get(outcome, 0.0), (self.ideal or {}).get(outcome, 0.0)
        )

    def ranked(self) -> list[str]:
        """Return every outcome that occurs, the most probable first."""
        parts = (self.measured, self.ideal or {}, self.mitigated or {})
        pairs = (pair for part in parts for pair in part.items())
        keys = sorted({key for key, share in pairs if abs(share) > NEGLIGIBLE})
        return sorted(keys, key=self._weight, reverse=True)

    def unseen(self, limit: int) -> str:
        """Return how many outcomes are left out because they did not occur."""
        possible, known = 2 ** len(next(iter(self.measured))), len(self.ranked())
        if known == possible or possible > 2 * limit:
            return ""
        return f"; {possible - known} of {possible} did not occur"

    def bar(self, label: str, outcomes: Sequence[str], *, other: bool = False) -> _Bar:
        """Return one bar for all the outcomes together."""

        def total(part: Mapping[str, float] | None) -> float | None:
            return None if part is None else sum(part.get(x, 0.0) for x in outcomes)

        share = sum(self.measured.get(x, 0.0) for x in outcomes)
        low, high = _wilson(min(share, 1.0), self.shots)
        marks = total(self.ideal), total(self.mitigated)
        return _Bar(label, share, low, high, *marks, other=other)


def _bars(results: _Results, limit: int) -> tuple[list[_Bar], str]:
    """Return the bars from left to right, and how to read their labels."""
    ranked = results.ranked()
    shown, rest = sorted(ranked[:limit]), ranked[limit:]
    labels = outcome_labels(shown)
    bars = [results.bar(x, [key]) for x, key in zip(labels, shown, strict=True)]
    if rest:
        noun = "outcome" if len(rest) == 1 else "outcomes"
        label = f"other ({len(rest):,} {noun})"
        bars.append(results.bar(label, rest, other=True))
    return bars, notation(shown, labels)


def _upper_limit(bars: Sequence[_Bar]) -> tuple[float, bool]:
    """Return the top of the axis, and whether 'other' is cut off there."""
    tops = [max(bar.heights) for bar in bars]
    if len(bars) > 1 and bars[-1].other and tops[-1] > CUT * max(tops[:-1]):
        return 1.15 * max(tops[:-1]), True
    return 1.06 * max(tops), False


def _scale(axes: Axes, bars: Sequence[_Bar], top: float) -> None:
    lowest = min(min(bar.heights) for bar in bars)
    axes.set_ylim(min(0.0, lowest - 0.03 * top), top)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
    axes.tick_params(axis="y", labelsize=NORMAL)
    axes.set_ylabel("probability", fontsize=NORMAL)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LIGHT, linewidth=0.6)
    if lowest < 0:
        axes.axhline(0, color=BLACK, linewidth=0.8)


def _draw_measured(axes: Axes, bars: Sequence[_Bar], centres: list[float]) -> list[Any]:
    heights = [bar.measured for bar in bars]
    drawn = axes.bar(centres, heights, width=0.66, color=SKY, zorder=2)
    for bar, patch in zip(bars, drawn, strict=True):
        if bar.other:
            patch.set(facecolor=LIGHT, edgecolor=GREY, hatch="////", linewidth=0)
    below = [bar.measured - bar.low for bar in bars]
    above = [bar.high - bar.measured for bar in bars]
    style: dict[str, Any] = {
        "fmt": "none",
        "ecolor": BLACK,
        "elinewidth": 1.1,
        "capsize": 2.5,
    }
    whiskers = axes.errorbar(centres, heights, yerr=[below, above], zorder=4, **style)
    return [drawn[0], whiskers]


def _draw_ideal(axes: Axes, bars: Sequence[_Bar], centres: list[float]) -> Any:
    # an outline of height 0 would hide the bar and the whisker behind it
    outlined = [
        (x, bar.ideal) for x, bar in zip(centres, bars, strict=True) if bar.ideal
    ]
    places, heights = zip(*outlined, strict=True) if outlined else ([0.0], [0.0])
    style: dict[str, Any] = {
        "fill": False,
        "edgecolor": BLACK,
        "linewidth": 1.1,
        "zorder": 3,
    }
    return axes.bar(places, heights, width=0.86, **style)[0]


def _draw_mitigated(axes: Axes, bars: Sequence[_Bar], centres: list[float]) -> Any:
    places = [centre + 0.22 for centre in centres]
    heights = [bar.mitigated or 0.0 for bar in bars]
    style: dict[str, Any] = {
        "s": 26,
        "marker": "D",
        "edgecolor": "white",
        "linewidth": 0.6,
    }
    return axes.scatter(places, heights, color=VERMILION, zorder=5, **style)


def _cut_note(bar: _Bar) -> str:
    note = f"bar 'other' is cut off: measured {bar.measured:.3f}"
    if bar.ideal is not None:
        note += f", ideal {bar.ideal:.3f}"
    if bar.mitigated is not None:
        note += f", mitigated {bar.mitigated:.3f}"
    return note


def _draw_cut(axes: Axes, bar: _Bar, centre: float) -> None:
    low, high = axes.get_ylim()
    for share in (0.91, 0.94):
        heights = [low + (share + slant) * (high - low) for slant in (-0.012, 0.012)]
        sides = [centre - 0.6, centre + 0.6]
        axes.plot(sides, heights, color="white", linewidth=2.5, zorder=6)
    style: dict[str, Any] = {
        "ha": "right",
        "va": "bottom",
        "fontsize": SMALL,
        "color": GREY,
    }
    axes.text(1, 1.015, _cut_note(bar), transform=axes.transAxes, **style)


def _draw(axes: Axes, bars: Sequence[_Bar], centres: list[float]) -> list[Any]:
    """Draw everything inside the axes and return the symbols for the legend."""
    top, cut = _upper_limit(bars)
    handles = _draw_measured(axes, bars, centres)
    if bars[0].ideal is not None:
        handles.append(_draw_ideal(axes, bars, centres))
    if bars[0].mitigated is not None:
        handles.append(_draw_mitigated(axes, bars, centres))
    _scale(axes, bars, top)
    if cut:
        _draw_cut(axes, bars[-1], centres[-1])
    return handles


def _legend(results: _Results) -> Legend:
    noun = "shot" if results.shots == 1 else "shots"
    labels = [f"measured ({results.shots:,} {noun})", "95 % Wilson interval"]
    if results.ideal is not None:
        labels.append("ideal (without noise)")
    if results.mitigated is not None:
        labels.append("mitigated quasi-probability")
    return Legend(labels)


def histogram(
    counts: Mapping[str, int],
    ideal: Mapping[str, float] | None,
    *,
    title: str,
    subtitle: str,
    mitigated: Mapping[str, float] | None = None,
    limit: int = 24,
) -> Figure:
    """Draw the measured probability of every outcome beside the ideal one.

    Args:
        counts: how often each outcome was measured; at least one shot.
        ideal: the probabilities without noise, if they are known.
        title: what was measured.
        subtitle: on which backend and how.
        mitigated: quasi-probabilities after readout mitigation; may be negative.
        limit: the most outcomes shown one by one; the rest is summed in one bar.

    Raises:
        ValueError: if there is no shot in ``counts``.
    """
    results = _Results(counts, ideal, mitigated)
    bars, reading = _bars(results, limit)
    slots, legend, heading = (
        Slots([bar.label for bar in bars], other=bars[-1].other),
        _legend(results),
        Heading.of(title, subtitle),
    )
    space = line_height(SMALL) if _upper_limit(bars)[1] else 0.0
    top = heading.height + legend.height + space + 0.08
    bottom = slots.height + line_height(LARGE) + MARGIN
    height, width = top + PLOT + bottom, LEFT + slots.width + MARGIN
    figure = page(height, width)
    heading.draw(figure)
    box = (LEFT / width, bottom / height, slots.width / width, PLOT / height)
    axes = figure.add_axes(box)
    legend.draw(figure, _draw(axes, bars, slots.centres), heading.height)
    slots.draw(axes)
    centre = {"ha": "center", "va": "bottom", "fontsize": NORMAL}
    write(
        figure,
        LEFT + slots.width / 2,
        height - MARGIN,
        f"outcome ({reading}{results.unseen(limit)})",
        **centre,
    )
    return figure
