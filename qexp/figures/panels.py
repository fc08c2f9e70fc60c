"""The panels of a picture of levels: which there are, and how their names fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qexp.figures.estimate import (
    finite,
    named,
)
from qexp.figures.labels import distinct
from qexp.figures.page import (
    NORMAL,
    SMALL,
    line_height,
    plain_number,
    text_width,
    wrap,
)

PITCH = 0.2
"""The least width of a level."""
NARROWEST = 1.1
"""The least width of a panel."""
LEVEL = 1.4
"""The longest an upright level's name gets before its middle is left out."""
GAP, SIDE = 0.2, 0.08
LOGARITHMIC = 20.0
"""From this ratio of largest to smallest on, a numeric option has a logarithmic axis."""


@dataclass(frozen=True)
class Level:
    """A level of an option: its marginal mean over all the others.

    Attributes:
        label: its name; not drawn where ``at`` is.
        mean: the marginal mean, in the metric's unit; None or NaN if there is none.
        low: the lower end of its 95 % interval.
        high: the upper end.
        points: the metric of every point at this level.
        at: where it stands on a numeric axis; None for a name.
    """

    label: str
    mean: float | None
    low: float | None
    high: float | None
    points: Sequence[float | None] = ()
    at: float | None = None

    @property
    def values(self) -> list[float]:
        """Return everything that has to be inside the axis."""
        return finite([self.mean, self.low, self.high, *self.points])


@dataclass(frozen=True)
class Factor:
    """An option with its levels, from left to right.

    It has a numeric axis if every level says where it stands. Seconds are written with
    the prefix that suits them.

    Attributes:
        option: the option's name.
        levels: at least one.
        unit: of a numeric option, as "s".
        note: what limits it, as "confounded with the job".
    """

    option: str
    levels: Sequence[Level]
    unit: str = ""
    note: str = ""

    @property
    def numeric(self) -> bool:
        """Return whether the levels stand on a numeric axis."""
        places = finite(level.at for level in self.levels)
        return len(places) == len(self.levels) == len(set(places)) > 1


PREFIXES = ((1.0, ""), (1e3, "m"), (1e6, "µ"), (1e9, "n"))


def scaled(values: Sequence[float], unit: str) -> tuple[list[float], str]:
    """Write seconds with the prefix that makes the largest at least 1.

    Args:
        values: in the unit.
        unit: only "s" is scaled.

    Returns:
        The values and their unit.
    """
    largest = max(map(abs, values), default=0.0)
    if unit != "s" or not largest:
        return list(values), unit
    fitting = (x for x in PREFIXES if largest * x[0] >= 0.9999995)
    factor, prefix = next(fitting, PREFIXES[-1])
    return [float(f"{value * factor:.9g}") for value in values], f"{prefix}{unit}"


class Panel:
    """An option's levels: where they stand and how their names fit below them."""

    def __init__(self, factor: Factor, most: int) -> None:
        self.factor = factor
        self.left_out = max(0, len(factor.levels) - most)
        self.levels = list(factor.levels[:most])
        self.numeric = factor.numeric
        if self.numeric:
            self.levels = sorted(factor.levels, key=lambda level: level.at or 0.0)
            self.left_out = 0
        places = [level.at or 0.0 for level in self.levels]
        self.places, self.unit = scaled(places, factor.unit if self.numeric else "")
        if self.numeric:
            self.labels = [plain_number(place) for place in self.places]
        else:
            self.places = [float(index) for index in range(len(self.levels))]
            self.labels = distinct([level.label for level in self.levels], SMALL, LEVEL)
        self.least = max(NARROWEST, PITCH * len(self.levels) if not self.numeric else 0)

    def title(self, width: float) -> list[str]:
        """Return the option's name, and the unit of a numeric one."""
        return wrap(named(self.factor.option, self.unit), NORMAL, width, weight="bold")

    def note(self, width: float) -> list[str]:
        """Return what limits the option, in lines."""
        return wrap(self.factor.note, SMALL, width)

    def head(self, width: float) -> float:
        """Return the height of the lines above the panel."""
        notes = len(self.note(width)) * line_height(SMALL)
        return len(self.title(width)) * line_height(NORMAL) + notes + 0.05

    def upright(self, width: float) -> bool:
        """Tell whether the names have to stand upright."""
        pitch = width / max(len(self.levels), 2)
        widest = max(text_width(label, SMALL) for label in self.labels)
        return not self.numeric and widest > 0.94 * pitch

    def foot(self, width: float) -> float:
        """Return the height of the names below the panel."""
        if not self.upright(width):
            return line_height(SMALL) + 0.1
        return max(text_width(label, SMALL) for label in self.labels) + 0.1

    @property
    def logarithmic(self) -> bool:
        """Tell whether the axis is logarithmic."""
        least = self.places[0]
        return self.numeric and least > 0 and self.places[-1] / least >= LOGARITHMIC


def rows_of(panels: Sequence[Panel], width: float) -> list[list[Panel]]:
    """Put as many panels into a row as fit."""
    rows: list[list[Panel]] = [[]]
    for panel in panels:
        used = sum(one.least + GAP for one in rows[-1])
        if rows[-1] and used + panel.least > width:
            rows.append([])
        rows[-1].append(panel)
    return rows


def widths_of(row: Sequence[Panel], width: float, widest: float) -> list[float]:
    """Widen the panels of a row until it is full; none beyond ``widest``."""
    spare = width - sum(panel.least for panel in row) - GAP * (len(row) - 1)
    share = spare / len(row)
    return [min(panel.least + share, max(widest, panel.least)) for panel in row]
