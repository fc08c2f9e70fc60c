"""What the pictures share: size, colours, text that is measured before it is set."""

from __future__ import annotations

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
MARGIN = 0.15
SMALL, NORMAL, LARGE = 8.0, 9.0, 12.0
"""Font sizes in points; nothing is set smaller than ``SMALL``."""

# The palette of Okabe and Ito, which the common kinds of colour blindness tell apart.
BLACK, GREY, LIGHT = "#000000", "#4D4D4D", "#D9D9D9"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"

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
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _pieces(word: str, size: float, width: float, weight: str) -> Iterator[str]:
    """Cut a word that is wider than the page."""
    while len(word) > 1 and text_width(word, size, weight) > width:
        end = len(word) - 1
        while end > 1 and text_width(word[:end], size, weight) > width:
            end -= 1
        yield word[:end]
        word = word[end:]
    yield word


def _shortened(row: str, size: float, width: float, weight: str) -> str:
    while row and text_width(row + "…", size, weight) > width:
        row = row[:-1]
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
    """A line of a heading."""

    text: str
    size: float
    weight: str = "normal"
    colour: str = BLACK


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
        return MARGIN + sum(line_height(line.size) for line in self.lines) + 0.06

    def draw(self, figure: Figure) -> None:
        """Write the lines at the top of the figure."""
        top = MARGIN
        for line in self.lines:
            style = {"fontsize": line.size, "weight": line.weight, "color": line.colour}
            write(figure, MARGIN, top, line.text, **style)
            top += line_height(line.size)


@dataclass(frozen=True)
class Legend:
    """A legend in as many columns as the page is wide."""

    labels: Sequence[str]

    @property
    def columns(self) -> int:
        """Return the number of columns; an entry is never broken."""
        return ceil(len(self.labels) / self.rows)

    @property
    def rows(self) -> int:
        """Return the smallest number of rows that fits the width."""
        counts = range(1, len(self.labels))
        fitting = (n for n in counts if self._width(n) < WIDTH - 2 * MARGIN)
        return next(fitting, len(self.labels))

    def _width(self, rows: int) -> float:
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
