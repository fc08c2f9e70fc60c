"""A circuit drawn by Qiskit into axes: measured, scaled and set on a page."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Patch, Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from qexp.figures.page import DPI, MARGIN, SMALL, WIDTH, Heading

LABEL_SIZE = 1.25
"""How much larger than a gate's text the drawer writes the names of the wires."""
SIZE_PLACE = 0.1
"""Where on a register's wire its size stands, too near to a measurement's arrow."""
WIRE, MASK, GATE = 1, 4, 10
"""The levels of the drawer's wires, of the box that hides what reaches into the names
of the wires, and of the gates."""
STROKE, THIN_STROKE, BOX_STROKE, FLOW_STROKE = 1.2, 0.8, 1.0, 2.0
PAD = 0.12
"""Space around the drawing, in distances between wires."""
TOUCH = 1.5
"""Texts closer than this, in pixels, count as overlapping."""

Boxes = NDArray[np.float64]
"""One row a box: left, bottom, right and top."""


class Drawing:
    """The drawer's axes, with lengths in distances between wires ('units').

    The drawer scales its texts with the axes it is given. Here they keep the size they
    are asked for, and the distance between wires is chosen so that they fit.
    """

    def __init__(self, figure: Figure, axes: Axes, font: float, classical: str) -> None:
        axes.set_aspect("auto")
        self._figure, self._axes = figure, axes
        self._wires = [x for x in axes.lines if x.get_zorder() == WIRE]
        self._start = float(np.min(self._wires[0].get_xdata()))
        self._right = float(axes.get_xlim()[1])
        self._texts = self._visible_texts()
        self._scale_texts(font)
        self._scale_lines(classical)
        self._anchors = np.array([text.get_position() for text in self._texts])
        self._offsets = self._measured()
        gates = (patch for patch in axes.patches if patch.get_zorder() == GATE)
        boxes = [_bounds(patch) for patch in gates]
        self._boxes: Boxes = np.array([box for box in boxes if box]).reshape(-1, 4)

    def _visible_texts(self) -> list[Text]:
        """Remove the copies of texts that the drawer would hide behind its mask."""
        for text in list(self._axes.texts):
            x = text.get_position()[0]
            outside = not self._start - 0.1 <= x <= self._right
            if not text.get_text().strip() or (outside and text.get_zorder() < MASK):
                text.remove()
        return list(self._axes.texts)

    def _scale_texts(self, font: float) -> None:
        scale = float(self._texts[0].get_fontsize()) / (LABEL_SIZE * font)
        for text in self._texts:
            large = float(text.get_fontsize()) / scale > font - 0.1
            text.set_fontsize(font if large else SMALL)
            text.set_clip_on(False)
            x, y = text.get_position()
            if abs(x - self._start - SIZE_PLACE) < 1e-6:
                text.set_position((self._start, y))

    def _scale_lines(self, classical: str) -> None:
        for line in self._axes.lines:
            thin = line.get_color() == classical
            line.set_linewidth(THIN_STROKE if thin else STROKE)
        for patch in self._axes.patches:
            flow = isinstance(patch, FancyBboxPatch)
            patch.set_linewidth(FLOW_STROKE if flow else BOX_STROKE)

    def _measured(self) -> Boxes:
        """Return the pixels around the point at which each text is anchored."""
        renderer = self._figure.canvas.get_renderer()  # type: ignore[attr-defined]
        boxes: Boxes = np.array([_extents(text, renderer) for text in self._texts])
        points: Boxes = self._axes.transData.transform(self._anchors)
        boxes -= np.hstack([points, points])
        return boxes

    def _text_boxes(self, unit: float) -> Boxes:
        points = self._anchors * unit * DPI
        return np.hstack([points, points]) + self._offsets

    def legible(self, unit: float) -> bool:
        """Tell whether no texts touch, nor stick out of their gates."""
        texts = self._text_boxes(unit)
        overlap = _overlap(texts, texts, TOUCH)
        np.fill_diagonal(overlap, False)
        return not overlap.any() and not self._spilling(texts, unit)

    def _spilling(self, texts: Boxes, unit: float) -> bool:
        boxes = self._boxes * unit * DPI
        left = texts[:, None, 0] < boxes[:, 0]
        right = texts[:, None, 2] > boxes[:, 2]
        return bool((_overlap(texts, boxes, 0.0) & (left | right)).any())

    def _visible(self, unit: float) -> tuple[float, float, float, float]:
        """Return the left, bottom, right and top of what is drawn."""
        texts = self._text_boxes(unit) / (unit * DPI)
        lowest = min(float(np.min(wire.get_ydata())) for wire in self._wires)
        left, bottom = texts[:, :2].min(axis=0)
        right, top = texts[:, 2:].max(axis=0)
        bottom, top = min(bottom, lowest - 0.5), max(top, 0.6)
        return left - PAD, bottom, max(right, self._right) + PAD, top

    def width(self, unit: float) -> float:
        """Return the width in inches."""
        left, _, right, _ = self._visible(unit)
        return (right - left) * unit

    def height(self, unit: float) -> float:
        """Return the height in inches."""
        _, bottom, _, top = self._visible(unit)
        return (top - bottom) * unit

    @property
    def columns(self) -> float:
        """Return the length of a line without the names of the wires."""
        return self._right - self._start

    def columns_in(self, room: float, unit: float) -> int:
        """Return the columns that fit on a line; at least the widest gate.

        Where all gates are narrow the lines become equally long.
        """
        names = self._start - self._visible(unit)[0]
        fold = int(room / unit - names - PAD - 0.2)
        widths = self._boxes[:, 2] - self._boxes[:, 0]
        widest = widths.max(initial=0.0)
        if widest < 1:
            lines = ceil(self.columns / fold)
            return min(fold, ceil(self.columns / lines) + 1)
        return max(fold, int(widest) + 2)

    def set(self, heading: Heading, unit: float) -> Figure:
        """Return a page with the heading and the drawing below it."""
        left, bottom, right, top = self._visible(unit)
        size = (right - left) * unit, (top - bottom) * unit
        width = max(WIDTH, size[0] + 2 * MARGIN)
        height = heading.height + size[1] + MARGIN
        self._figure.set_size_inches(width, height)
        self._axes.set_xlim(left, right)
        self._axes.set_ylim(bottom, top)
        corner = (MARGIN / width, MARGIN / height)
        self._axes.set_position((*corner, size[0] / width, size[1] / height))
        heading.draw(self._figure)
        return self._figure


def _bounds(patch: Patch) -> tuple[float, ...]:
    """Return the box of a gate; nothing for the arc in a measurement."""
    if isinstance(patch, Circle):
        (x, y), radius = patch.center, patch.radius
        return x - radius, y - radius, x + radius, y + radius
    if isinstance(patch, Rectangle):
        x, y = patch.get_xy()
        return x, y, x + patch.get_width(), y + patch.get_height()
    return ()


def _extents(text: Text, renderer: Any) -> Boxes:
    """Return the box of a text.

    A label whose dollar signs do not enclose a formula is written as it is.
    """
    try:
        box = text.get_window_extent(renderer)
    except ValueError:
        text.set_parse_math(False)
        box = text.get_window_extent(renderer)
    return np.asarray(box.extents)


def _overlap(one: Boxes, other: Boxes, touch: float) -> NDArray[np.bool_]:
    """Return which boxes of one set overlap which of another."""
    below = one[:, None, 2:] + touch <= other[None, :, :2]
    above = one[:, None, :2] >= other[None, :, 2:] + touch
    overlap: NDArray[np.bool_] = ~(below | above).any(axis=2)
    return overlap
