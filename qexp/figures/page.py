"""What the pictures share: size, colours, text that is measured before it is set."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

DPI = 120
WIDTH = 800 / DPI
"""Width of a page in inches, as every length in this package."""
COLUMN = 3.5
"""Width of a column in print: the narrowest page of a picture with ``width``."""
MARGIN = 0.15
SMALL, NORMAL, LARGE = 8.0, 9.0, 12.0
"""Font sizes in points; nothing is set smaller than ``SMALL``."""

# The palette of Okabe and Ito, which the common kinds of colour blindness tell apart.
BLACK, GREY, LIGHT = "#000000", "#4D4D4D", "#D9D9D9"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
HANDLE = 0.42
"""Width of a legend's symbol with the space around it."""


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(16, 16, DPI)


@lru_cache(4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of one line of text."""
    font = FontProperties(size=size, weight=weight)
    return float(_renderer().get_text_width_height_descent(text, font, False)[0]) / DPI


def line_height(size: float) -> float:
    """Return the distance between two lines of text."""
    return size * 1.35 / 72


def plain_number(value: float, _: object = None) -> str:
    """Return a number as an axis shows it."""
    text = f"{value:g}"
    if "e" in text:
        digits, power = text.split("e")
        text = f"{digits}\N{MULTIPLICATION SIGN}10{str(int(power)).translate(RAISED)}"
    return text.replace("-", "\N{MINUS SIGN}")


def _fitting(text: str, size: float, width: float, weight: str, end: str = "") -> int:
    """Return how many characters fit, followed by ``end``; at least one."""
    fit = range(1, len(text))
    found = bisect_right(
        fit, width, key=lambda count: text_width(text[:count] + end, size, weight)
    )
    return max(1, found)


def _pieces(word: str, size: float, width: float, weight: str) -> Iterator[str]:
    """Cut a word that is wider than the page, where it has a joint or anywhere."""
    while len(word) > 1 and text_width(word, size, weight) > width:
        end = _fitting(word, size, width, weight)
        joint = max(word.rfind(mark, 0, end) for mark in "_./=") + 1
        end = joint if joint > end / 3 else end
        yield word[:end]
        word = word[end:]
    yield word


def _shortened(row: str, size: float, width: float, weight: str) -> str:
    if text_width(row + "…", size, weight) > width:
        row = row[: _fitting(row, size, width, weight, "…")]
    return row.rstrip() + "…"


def wrap(
    text: str, size: float, width: float, *, lines: int = 3, weight: str = "normal"
) -> list[str]:
    """Break text into lines no wider than ``width``; what is left over becomes '…'."""
    rows: list[str] = []
    for word in text.split():
        for piece in _pieces(word, size, width, weight):
            longer = f"{rows[-1]} {piece}" if rows else piece
            if rows and text_width(longer, size, weight) <= width:
                rows[-1] = longer
            else:
                rows.append(piece)
    if len(rows) > lines:
        rows[lines - 1 :] = [_shortened(rows[lines - 1], size, width, weight)]
    return rows


def page(height: float, width: float = WIDTH) -> Figure:
    """Return an empty white figure that can be rendered."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def write(figure: Figure, x: float, top: float, text: str, **style: Any) -> None:
    """Write a line of text, ``x`` from the left and ``top`` from the top edge."""
    width, height = figure.get_size_inches()
    style = {"ha": "left", "va": "top", "parse_math": False, **style}
    figure.text(x / width, 1 - top / height, text, **style)


@dataclass(frozen=True)
class Line:
    """A line of text."""

    text: str
    size: float
    weight: str = "normal"
    colour: str = BLACK

    @property
    def height(self) -> float:
        """Return the height."""
        return line_height(self.size)


@dataclass(frozen=True)
class Heading:
    """The lines above a picture."""

    lines: tuple[Line, ...]

    @classmethod
    def of(
        cls, title: str, *notes: str, warning: str = "", width: float = WIDTH
    ) -> Heading:
        """Break a title, notes and a warning into lines that fit the page."""
        room = width - 2 * MARGIN
        rows = wrap(title, LARGE, room, weight="bold")
        lines = [Line(row, LARGE, "bold") for row in rows]
        for note in notes:
            lines += [
                Line(row, NORMAL, "normal", GREY) for row in wrap(note, NORMAL, room)
            ]
        rows = wrap(warning, NORMAL, room, weight="bold")
        lines += [Line(row, NORMAL, "bold", VERMILION) for row in rows]
        return cls(tuple(lines))

    @property
    def height(self) -> float:
        """Return the height with the margin above and the space below."""
        return MARGIN + sum(line.height for line in self.lines) + 0.06

    def draw(self, figure: Figure) -> None:
        """Write the lines at the top of the figure."""
        top = MARGIN
        for line in self.lines:
            style = {"fontsize": line.size, "weight": line.weight, "color": line.colour}
            write(figure, MARGIN, top, line.text, **style)
            top += line.height


@dataclass(frozen=True)
class Legend:
    """A legend in as many columns as the page is wide."""

    labels: Sequence[str]
    width: float = WIDTH

    @property
    def columns(self) -> int:
        """Return the number of columns; an entry is never broken."""
        return ceil(len(self.labels) / self.rows)

    @property
    def rows(self) -> int:
        """Return the smallest number of rows that fits the width."""
        counts = range(1, len(self.labels))
        fitting = (n for n in counts if self._needed(n) < self.width - 2 * MARGIN)
        return next(fitting, len(self.labels))

    def _needed(self, rows: int) -> float:
        widths = [text_width(label, NORMAL) + HANDLE for label in self.labels]
        starts = range(0, len(widths), rows)
        return sum(max(widths[start : start + rows]) for start in starts)

    @property
    def height(self) -> float:
        """Return the height of the legend with the space below it."""
        return self.rows * line_height(NORMAL) + 0.08

    def draw(self, figure: Figure, handles: Sequence[Any], top: float) -> None:
        """Draw the legend ``top`` below the upper edge."""
        width, height = figure.get_size_inches()
        corner = (MARGIN / width, 1 - top / height)
        spacing = {"handlelength": 1.6, "handletextpad": 0.6, "columnspacing": 1.2}
        figure.legend(
            list(handles),
            list(self.labels),
            loc="upper left",
            bbox_to_anchor=corner,
            ncols=self.columns,
            fontsize=NORMAL,
            frameon=False,
            borderaxespad=0,
            borderpad=0,
            labelspacing=0.3,
            **spacing,
        )
