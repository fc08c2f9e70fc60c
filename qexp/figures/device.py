"""A device as it is drawn: its errors, their colours, what is not calibrated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, floor, log10

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from qexp.figures.estimate import number_axis
from qexp.figures.page import (
    NORMAL,
    SMALL,
    line_height,
    plain_number,
    text_width,
    write,
)

Pair = tuple[int, int]
BAR, BAR_GAP = 0.1, 0.35
LOGARITHMIC = 5.0
"""From this ratio of largest to smallest error on, a colour bar is logarithmic."""
FAILED = 1.0
"""IBM writes an error of 1 where the calibration failed."""
MISSING = "#BDBDBD"


def _readable(name: str, last: float) -> Colormap:
    """Return a colour map without its end that is too light for a white page."""
    return ListedColormap(colormaps[name](np.linspace(0, last, 256)))


QUBITS, COUPLINGS = _readable("viridis", 0.92), _readable("plasma", 0.85)


def _error(value: float | None) -> float | None:
    """Return an error rate; None where the calibration is missing or failed."""
    return None if value is None or not 0 <= value < FAILED else value


@dataclass(frozen=True)
class Colours:
    """The colours of error rates."""

    errors: tuple[float, ...]
    colours: Colormap

    @cached_property
    def norm(self) -> Normalize:
        """Return the scale: logarithmic if the errors are far apart."""
        if not self.errors:
            return Normalize(0, 1)
        low, high = min(self.errors), max(self.errors)
        if low > 0 and high / low >= LOGARITHMIC:
            return LogNorm(low, high)
        margin = 0.0 if high > low else max(0.1 * high, 1e-4)
        return Normalize(low - margin, high + margin)

    def of(self, error: float | None) -> object:
        """Return the colour of an error; grey where there is none."""
        return MISSING if error is None else self.colours(self.norm(error))

    def draw(
        self, figure: Figure, name: str, corner: tuple[float, float], length: float
    ) -> None:
        """Draw the colour bar below its name, from the corner's left and top."""
        left, top = corner
        width, height = figure.get_size_inches()
        write(figure, left, top, name, fontsize=NORMAL)
        if not self.errors:
            write(figure, left, top + line_height(NORMAL), "none known", fontsize=SMALL)
            return
        low, high = float(self.norm.vmin or 0), float(self.norm.vmax or 0)
        bottom = 1 - (top + line_height(NORMAL) + 0.02 + BAR) / height
        axes = figure.add_axes((left / width, bottom, length / width, BAR / height))
        logarithmic = isinstance(self.norm, LogNorm)
        spaced = np.geomspace if logarithmic else np.linspace
        edges = spaced(low, high, 257)
        axes.pcolormesh(edges, [0, 1], np.arange(256)[None], cmap=self.colours)
        axes.set_yticks([])
        number_axis(axes.xaxis, length)
        if logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high, length)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(plain_number))
        axes.set_xlim(low, high)
        axes.tick_params(axis="x", labelsize=SMALL, length=2, pad=2)


def _ticks(low: float, high: float, length: float) -> list[float]:
    """Return as many round numbers of a logarithmic axis as have room beside each other."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        round_ones = [float(f"{step}e{k}") for k in decades for step in steps]
        ticks = [tick for tick in round_ones if low <= tick <= high]
        places = [log10(tick / low) / log10(high / low) * length for tick in ticks]
        halves = [text_width(plain_number(tick), SMALL) / 2 + 0.03 for tick in ticks]
        ends = zip(places, halves, strict=True)
        if all(a + x <= b - y for (a, x), (b, y) in pairwise(ends)):
            return ticks
    return [low, high]


class Device:
    """The qubits and couplings with their errors, and which of them are used."""

    def __init__(
        self,
        qubits: int,
        couplings: Iterable[Pair],
        readout: Sequence[float | None],
        two_qubit: Mapping[Pair, float | None],
    ) -> None:
        self.qubits = qubits
        self.couplings = sorted({ordered(pair) for pair in couplings})
        self.readout = [_error(value) for value in readout]
        errors: dict[Pair, list[float]] = {}
        for pair, value in two_qubit.items():
            if (known := _error(value)) is not None:
                errors.setdefault(ordered(pair), []).append(known)
        self.two_qubit = {pair: max(values) for pair, values in errors.items()}
        self._check(len(readout))

    def _check(self, readouts: int) -> None:
        outside = [
            x for pair in self.couplings for x in pair if not 0 <= x < self.qubits
        ]
        if self.qubits < 1 or outside:
            raise ValueError(
                f"a device of {self.qubits} qubits cannot couple {sorted(set(outside))}"
            )
        if readouts != self.qubits:
            raise ValueError(
                f"{self.qubits} qubits need as many readout errors, not {readouts}"
            )

    def check_use(self, layout: Sequence[int], used: Iterable[Pair]) -> None:
        """Refuse qubits and couplings that the device does not have."""
        outside = [x for x in layout if not 0 <= x < self.qubits]
        if outside or len(set(layout)) < len(layout):
            raise ValueError(f"not a layout on {self.qubits} qubits: {list(layout)}")
        uncoupled = sorted({ordered(pair) for pair in used} - set(self.couplings))
        if uncoupled:
            raise ValueError(f"the device does not couple {uncoupled}")

    @property
    def missing(self) -> str:
        """Return what is not calibrated, in a sentence."""
        qubits = sum(error is None for error in self.readout)
        pairs = sum(pair not in self.two_qubit for pair in self.couplings)
        parts = [(qubits, "qubit"), (pairs, "coupling")]
        words = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in parts if n]
        return f"Grey: no calibration ({', '.join(words)})." if words else ""


def ordered(pair: Pair) -> Pair:
    """Return a pair with the smaller number first."""
    return (min(pair), max(pair))
