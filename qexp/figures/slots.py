"""The places of the bars in a histogram, and the labels below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from qexp.figures.page import MARGIN, NORMAL, SMALL, WIDTH, line_height, text_width

LEFT = 0.85
"""Space for the probabilities left of the bars."""
FEWEST_SLOTS = 5
GAP = 0.5
"""Extra space before the bar that sums the other outcomes."""
NARROWEST = line_height(SMALL) + 0.02
"""The least space for a bar: more bars make the page wider."""


class Slots:
    """Where the bars stand, and how their labels fit below them."""

    def __init__(self, labels: Sequence[str], *, other: bool) -> None:
        self.centres = [float(index) for index in range(len(labels))]
        self.upright, self.stacked = list(labels), list(labels)
        if other:
            self.centres[-1] += GAP if len(labels) > 1 else 0.0
            self.upright[-1] = labels[-1].replace(" ", "\n", 1)
            self.stacked[-1] = labels[-1].replace(" ", "\n")
        middle = self.centres[-1] / 2
        half = max(self.centres[-1] + 1.2, FEWEST_SLOTS) / 2
        self.limits = (middle - half, middle + half)
        self.width = max(WIDTH - LEFT - MARGIN, 2 * half * NARROWEST)
        self.pitch = self.width / (2 * half)

    @property
    def size(self) -> float:
        """Return the size of the labels: smaller before they are turned."""
        return NORMAL if self._fits(NORMAL) or not self._fits(SMALL) else SMALL

    @property
    def turned(self) -> bool:
        """Tell whether the labels have to stand upright."""
        return not self._fits(SMALL)

    def _fits(self, size: float) -> bool:
        return self._widest(size) < 0.92 * self.pitch

    def _widest(self, size: float) -> float:
        rows = (row for label in self.stacked for row in label.split("\n"))
        return max(text_width(row, size) for row in rows)

    @property
    def height(self) -> float:
        """Return the height of the labels."""
        if self.turned:
            rows = (row for label in self.upright for row in label.split("\n"))
            return max(text_width(row, self.size) for row in rows)
        lines = max(label.count("\n") + 1 for label in self.stacked)
        return lines * line_height(self.size)

    def draw(self, axes: Axes) -> None:
        """Write the labels below the bars."""
        axes.set_xlim(*self.limits)
        labels = self.upright if self.turned else self.stacked
        style: dict[str, Any] = {"fontsize": self.size, "parse_math": False}
        if self.turned:
            style |= {"rotation": 90, "multialignment": "right"}
        axes.set_xticks(self.centres, labels, **style)
        axes.tick_params(axis="x", length=0, pad=3)
