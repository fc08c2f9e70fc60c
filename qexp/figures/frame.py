"""What stands above a picture, heading and legend, and where its axes go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qexp.figures.page import WIDTH, Heading, Legend, page


@dataclass(frozen=True)
class Frame:
    """A page's heading and legend, measured before the page has a height.

    Attributes:
        heading: The lines above.
        legend: The legend below them; None where there is none.
        width: Of the page, in inches.
    """

    heading: Heading
    legend: Legend | None
    width: float

    @classmethod
    def of(
        cls,
        title: str,
        *notes: str,
        warning: str = "",
        labels: Sequence[str] = (),
        width: float = WIDTH,
    ) -> Frame:
        """Measure what stands above.

        Args:
            title: what is shown.
            *notes: lines below the title; empty ones are left out.
            warning: a line that stands out.
            labels: what the legend says; none for no legend.
            width: of the page, in inches.
        """
        heading = Heading.of(title, *filter(None, notes), warning=warning, width=width)
        return cls(heading, Legend(labels, width) if labels else None, width)

    @property
    def top(self) -> float:
        """Return the height of all of it."""
        return self.heading.height + (self.legend.height if self.legend else 0.0)

    def page(self, height: float, handles: Sequence[Any] = ()) -> Figure:
        """Return a page with the heading on it, and the legend with its symbols."""
        figure = page(height, self.width)
        self.heading.draw(figure)
        if self.legend is not None:
            self.legend.draw(figure, handles, self.heading.height)
        return figure


def axes_at(
    figure: Figure, left: float, top: float, across: float, body: float
) -> Axes:
    """Return axes whose corner is at a place of the page, all in inches.

    Args:
        figure: the page.
        left: from its left edge.
        top: from its upper edge.
        across: the width of the axes.
        body: their height.
    """
    width, height = figure.get_size_inches()
    box = (left / width, 1 - (top + body) / height, across / width, body / height)
    return figure.add_axes(box)
