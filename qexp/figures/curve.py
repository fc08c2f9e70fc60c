"""Something measured over something set, beside what was fitted to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from qexp.figures.page import (
    BLUE,
    GREY,
    MARGIN,
    NORMAL,
    SMALL,
    VERMILION,
    WIDTH,
    Heading,
    Legend,
    page,
    plain_number,
)

PLOT = 2.6
"""Height of the plot, in inches."""
LEFT, BOTTOM = 0.75, 0.6


def curve(
    x: Sequence[float],
    y: Sequence[float],
    *,
    title: str,
    subtitle: str = "",
    x_label: str,
    y_label: str,
    error: Sequence[float] = (),
    fit_x: Sequence[float] = (),
    fit_y: Sequence[float] = (),
) -> Figure:
    """Return the picture.

    Args:
        x: Where it was measured, shape (K,).
        y: What was measured, shape (K,).
        title: What it shows.
        subtitle: How it was measured.
        x_label: The horizontal axis, with its unit.
        y_label: The vertical axis.
        error: Standard errors, shape (K,); drawn as 95 % bars.
        fit_x: Where the fit is drawn, shape (M,).
        fit_y: The fit there, shape (M,).
    """
    heading = Heading.of(title, *([subtitle] if subtitle else []))
    labels = ["measured, 95 %" if len(error) else "measured"]
    labels += ["fit"] if len(fit_x) else []
    legend = Legend(labels)
    height = heading.height + legend.height + PLOT + BOTTOM
    figure = page(height)
    heading.draw(figure)
    axes = figure.add_axes(
        (LEFT / WIDTH, BOTTOM / height, 1 - (LEFT + MARGIN) / WIDTH, PLOT / height)
    )
    handles: list[Any] = []
    bars = [1.96 * one for one in error] if len(error) else None
    handles.append(
        axes.errorbar(x, y, bars, fmt="o", ms=4, color=BLUE, elinewidth=1, zorder=3)
    )
    if len(fit_x):
        handles += axes.plot(fit_x, fit_y, color=VERMILION, linewidth=1.2, zorder=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(plain_number))
    axes.set_xlabel(x_label, fontsize=NORMAL, parse_math=False)
    axes.set_ylabel(y_label, fontsize=NORMAL, parse_math=False)
    axes.tick_params(labelsize=SMALL, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    legend.draw(figure, handles, heading.height)
    return figure
