"""Two options together: the marginal mean of every pair of levels, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from qexp.figures.estimate import MINUS, decimals, named, number_axis
from qexp.figures.frame import Frame, axes_at
from qexp.figures.labels import distinct, shortened
from qexp.figures.page import (
    BLACK,
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

NAMES = 0.3
"""The share of the width that the names of the rows may take."""
UPRIGHT = 1.4
"""The longest an upright name of a column gets before its middle is left out."""
WIDEST, NARROWEST, LOWEST = 1.1, line_height(SMALL) + 0.02, 0.3
"""The widest, the narrowest and the lowest cell: more columns make the page wider."""
NAME = 1.4
"""The length that an option's name beside the rows may make them higher for."""
BAR, SCALE = 0.1, 1.6
"""Height and width of the colour bar."""
GAP = 0.08
DARK = 0.45
"""Colours darker than this carry white text."""
COLOURS = "cividis"

HATCHED: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": GREY,
    "hatch": "////",
    "linewidth": 0,
}
OUTLINED: dict[str, Any] = {"fill": False, "edgecolor": LIGHT, "linewidth": 1.0}
Means = NDArray[np.float64]
"""The means, shape (rows, columns); NaN where there is none."""


def _means(means: Sequence[Sequence[float | None]], rows: int, columns: int) -> Means:
    """Return the means as an array; what is not a finite number becomes NaN."""
    cells = np.array(
        [[np.nan if x is None else x for x in row] for row in means], dtype=float
    )
    if not rows or not columns or cells.shape != (rows, columns):
        raise ValueError(
            f"a heat map of {rows} rows and {columns} columns needs as many means, "
            f"at least one, not {cells.shape}"
        )
    return np.where(np.isfinite(cells), cells, np.nan)


def _texts(cells: Means) -> list[list[str]]:
    """Write the means with as many decimals as tell them apart."""
    values = cells[np.isfinite(cells)]
    spread = float(np.ptp(values)) if values.size else 0.0
    large = values.size > 0 and float(np.abs(values).max()) >= 1000
    places = 0 if large else decimals(spread, fewest=2)
    return [
        [f"{x:.{places}f}".replace("-", MINUS) if np.isfinite(x) else "" for x in row]
        for row in cells
    ]


def _limits(cells: Means) -> tuple[float, float]:
    values = cells[np.isfinite(cells)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.0 if high > low else max(abs(high) * 0.1, 1e-3)
    return low - margin, high + margin


def _missing(cells: Means) -> str:
    count = int(np.isnan(cells).sum())
    noun = "cell" if cells.size == 1 else "cells"
    return f"Hatched: no result ({count} of {cells.size} {noun})." if count else ""


class _Grid:
    """The sizes of the cells, and how the names fit beside and below them."""

    def __init__(
        self,
        rows: Sequence[str],
        columns: Sequence[str],
        texts: Sequence[Sequence[str]],
        width: float,
        option: str,
    ) -> None:
        self.rows = [wrap(row, SMALL, NAMES * width, lines=2) or [""] for row in rows]
        shown = ["\n".join(row) for row in self.rows]
        if len(set(shown)) < len(set(rows)):
            self.rows = [[x] for x in distinct(rows, SMALL, NAMES * width)]
        self.names = max(text_width(x, SMALL) for row in self.rows for x in row)
        self.left = MARGIN + line_height(NORMAL) + GAP + self.names + GAP
        across = width - self.left - MARGIN
        self.cell = max(min(across / len(columns), WIDEST), NARROWEST)
        self.width = max(width, self.left + self.cell * len(columns) + MARGIN)
        text = max(text_width(x, SMALL) for row in texts for x in row)
        self.turned = text + 0.06 > self.cell
        lines = max(len(row) for row in self.rows)
        needed = text + 0.1 if self.turned else 0.0
        beside = min(text_width(option, NORMAL), NAME) / len(rows)
        self.height = max(LOWEST, lines * line_height(SMALL) + 0.06, needed, beside)
        widest = max(text_width(x, SMALL) for x in columns)
        self.upright = widest > self.cell - 0.06
        self.columns = distinct(columns, SMALL, UPRIGHT) if self.upright else columns

    @property
    def foot(self) -> float:
        """Return the height of the names of the columns."""
        if not self.upright:
            return line_height(SMALL) + 0.06
        return max(text_width(x, SMALL) for x in self.columns) + 0.06


def _draw_cells(axes: Axes, cells: Means, texts: list[list[str]], grid: _Grid) -> None:
    low, high = _limits(cells)
    image = axes.pcolormesh(
        cells,
        cmap=COLOURS,
        vmin=low,
        vmax=high,
        edgecolor="white",
    )
    axes.invert_yaxis()
    for (row, column), value in np.ndenumerate(cells):
        if np.isnan(value):
            for style in (HATCHED, OUTLINED):
                axes.add_patch(Rectangle((column, row), 1, 1, **style))
        else:
            red, green, blue, _ = image.to_rgba(np.array(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < DARK
            axes.text(
                column + 0.5,
                row + 0.5,
                texts[row][column],
                ha="center",
                va="center",
                fontsize=SMALL,
                color="white" if dark else BLACK,
                rotation=90 if grid.turned else 0,
            )
    axes.spines[:].set_color(LIGHT)


def _write_names(axes: Axes, grid: _Grid) -> None:
    style: dict[str, Any] = {"fontsize": SMALL, "parse_math": False}
    rows = ["\n".join(row) for row in grid.rows]
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, **style)
    turn = 90 if grid.upright else 0
    places = np.arange(len(grid.columns)) + 0.5
    axes.set_xticks(places, grid.columns, rotation=turn, **style)
    axes.tick_params(length=0, pad=4)


def _draw_scale(figure: Figure, cells: Means, label: list[str], top: float) -> None:
    """Write what the colours mean above the colour bar."""
    for row in label:
        write(figure, MARGIN, top, row, fontsize=NORMAL)
        top += line_height(NORMAL)
    if np.isnan(cells).all():
        return
    low, high = _limits(cells)
    axes = axes_at(figure, MARGIN + GAP, top, SCALE, BAR)
    colours = np.linspace(0, 1, 256)[None]
    axes.imshow(colours, cmap=COLOURS, aspect="auto", extent=(low, high, 0, 1))
    axes.set_yticks([])
    number_axis(axes.xaxis, SCALE)
    axes.tick_params(axis="x", labelsize=SMALL, length=2, pad=2)


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    means: Sequence[Sequence[float | None]],
    *,
    row_option: str,
    column_option: str,
    metric: str,
    title: str,
    subtitle: str,
    unit: str = "",
    width: float = WIDTH,
) -> Figure:
    """Draw the marginal means of two options as a heat map with the numbers in it.

    Args:
        rows: the levels of one option, from top to bottom.
        columns: the levels of the other, from left to right.
        means: a row each, a number a column; None or NaN where there is no result.
        row_option: the name of the option whose levels are the rows.
        column_option: the name of the other.
        metric: what the means are of.
        title: what was compared.
        subtitle: on which backend and how.
        unit: the metric's unit; "" for a plain number.
        width: of the page, in inches; at least 3.5. Many columns make it wider.

    Raises:
        ValueError: if there is no cell, or not a mean for each.
    """
    cells = _means(means, len(rows), len(columns))
    texts = _texts(cells)
    grid = _Grid(rows, columns, texts, width, row_option)
    width = grid.width
    frame = Frame.of(title, subtitle, _missing(cells), width=width)
    label = wrap(f"mean {named(metric, unit)}", NORMAL, width - 2 * MARGIN)
    scale = len(label) * line_height(NORMAL) + BAR + 0.22
    top, body = frame.top + GAP + scale + 0.1, grid.height * len(rows)
    height = top + body + grid.foot + line_height(NORMAL) + MARGIN + 0.04
    figure = frame.page(height)
    _draw_scale(figure, cells, label, frame.top + GAP)
    across = grid.cell * len(columns)
    axes = axes_at(figure, grid.left, top, across, body)
    _draw_cells(axes, cells, texts, grid)
    _write_names(axes, grid)
    axes.yaxis.set_minor_locator(NullLocator())
    _write_options(figure, row_option, column_option, grid, (top, body, across))
    return figure


def _write_options(
    figure: Figure,
    row_option: str,
    column_option: str,
    grid: _Grid,
    sizes: tuple[float, float, float],
) -> None:
    """Write the names of the options beside the rows and below the columns."""
    width, height = figure.get_size_inches()
    top, body, across = sizes
    style: dict[str, Any] = {"fontsize": NORMAL, "ha": "center"}
    name, middle = shortened(row_option, NORMAL, body), top + body / 2
    write(figure, MARGIN + 0.08, middle, name, rotation=90, va="center", **style)
    name = shortened(column_option, NORMAL, width - 2 * MARGIN)
    half = text_width(name, NORMAL) / 2
    centre = min(max(grid.left + across / 2, MARGIN + half), width - MARGIN - half)
    write(figure, centre, height - MARGIN, name, va="bottom", **style)
