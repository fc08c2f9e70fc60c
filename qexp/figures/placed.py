"""Where a compiled circuit stands on the device, and how good its qubits are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke

from qexp.figures.device import (
    BAR,
    BAR_GAP,
    COUPLINGS,
    QUBITS,
    Colours,
    Device,
    Pair,
    ordered,
)
from qexp.figures.frame import Frame, axes_at
from qexp.figures.page import (
    BLACK,
    GREY,
    MARGIN,
    NORMAL,
    SMALL,
    WIDTH,
    line_height,
    text_width,
)
from qexp.figures.places import Places, places

__all__ = ["placed"]

PITCH = 0.62
"""The most distance between two coupled qubits."""
RADIUS, SHARE = 0.13, 0.42
"""The largest radius of a used qubit, and its largest share of that distance."""
IDLE = 0.72
"""How much smaller a qubit is that is not used."""
NUMBERED = 0.4
"""From this distance on, all qubits have their physical numbers."""


@dataclass(frozen=True)
class _Map:
    """The map in inches."""

    places: Places
    pitch: float

    @classmethod
    def of(cls, device: Device, width: float) -> _Map:
        """Make the map as large as the page lets it be."""
        found = places(device.qubits, device.couplings)
        found = found - found.min(axis=0)
        across = float(found[:, 0].max()) + 2 * SHARE + 0.1
        pitch = min(PITCH, (width - 2 * MARGIN) / across)
        return cls(found * pitch, pitch)

    @property
    def radius(self) -> float:
        """Return the radius of a used qubit."""
        return min(RADIUS, SHARE * self.pitch)

    @property
    def edge(self) -> float:
        """Return the space around the qubits' middles, for the physical numbers too."""
        return max(self.radius + 0.04, 0.3 if self.numbered else 0.0)

    @property
    def numbered(self) -> bool:
        """Tell whether all qubits have their physical numbers."""
        return self.pitch >= NUMBERED

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height."""
        right, top = self.places.max(axis=0)
        return float(right) + 2 * self.edge, float(top) + 2 * self.edge

    def fits(self, text: str) -> bool:
        """Tell whether a number fits into a used qubit."""
        return (
            hypot(text_width(text, SMALL, "bold"), SMALL / 72 * 0.75)
            <= 2.2 * self.radius
        )


def _draw_couplings(
    axes: Axes, device: Device, shown: _Map, colours: Colours, used: set[Pair]
) -> None:
    thin, thick = min(2.2, 18 * shown.radius), min(6.0, 46 * shown.radius)
    idle = [pair for pair in device.couplings if pair not in used]
    busy = [pair for pair in device.couplings if pair in used]
    for pairs, width, order in ((idle, thin, 1.0), (busy, thick, 2.0)):
        lines = [shown.places[list(pair)] for pair in pairs]
        tones = [colours.of(device.two_qubit.get(pair)) for pair in pairs]
        if lines and pairs is busy:
            outline: dict[str, Any] = {
                "colors": BLACK,
                "linewidths": width + 1.6,
                "zorder": 1.5,
            }
            axes.add_collection(LineCollection(lines, **outline))
        axes.add_collection(
            LineCollection(lines, colors=tones, linewidths=width, zorder=order)
        )


def _draw_qubits(
    axes: Axes, device: Device, shown: _Map, colours: Colours, layout: Sequence[int]
) -> None:
    virtual = {qubit: number for number, qubit in enumerate(layout)}
    for qubit, (x, y) in enumerate(shown.places):
        colour = colours.of(device.readout[qubit])
        used = qubit in virtual
        radius = shown.radius * (1.0 if used else IDLE)
        ring: dict[str, Any] = {
            "edgecolor": BLACK if used else GREY,
            "linewidth": 1.6 if used else 0.5,
        }
        axes.add_patch(Circle((x, y), radius, facecolor=colour, zorder=3, **ring))
        if used and shown.fits(str(virtual[qubit])):
            _write_virtual(axes, (x, y), str(virtual[qubit]), colour)
        if shown.numbered:
            style: dict[str, Any] = {
                "fontsize": SMALL,
                "color": GREY,
                "ha": "left",
                "va": "top",
            }
            shift = shown.radius * 0.72
            text = axes.text(x + shift, y - shift, str(qubit), zorder=4, **style)
            text.set_path_effects([withStroke(linewidth=1.5, foreground="white")])


def _write_virtual(
    axes: Axes, place: tuple[float, float], text: str, colour: object
) -> None:
    red, green, blue = to_rgb(colour)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    style: dict[str, Any] = {
        "fontsize": SMALL,
        "weight": "bold",
        "ha": "center",
        "va": "center_baseline",
    }
    axes.text(*place, text, color="white" if dark else BLACK, zorder=5, **style)


def _reading(shown: _Map, layout: Sequence[int]) -> str:
    """Say how to read the numbers."""
    if not layout:
        return "No qubit is used."
    inside = [str(number) for number in range(len(layout)) if shown.fits(str(number))]
    text = "Ringed: virtual qubits"
    if not inside:
        text += ", not numbered"
    elif len(inside) < len(layout):
        text += f", numbered up to {inside[-1]}"
    if shown.numbered:
        text += "; small numbers: physical ones"
    return f"{text}; thick: used couplings."


def placed(
    couplings: Iterable[Pair],
    layout: Sequence[int],
    *,
    readout: Sequence[float | None],
    two_qubit: Mapping[Pair, float | None],
    used: Iterable[Pair],
    title: str,
    subtitle: str,
    width: float = WIDTH,
) -> Figure:
    """Draw the place of a compiled circuit on the device's coupling map.

    Args:
        couplings: the device's pairs of physical qubits, in any direction.
        layout: the physical qubit of each virtual one, in their order; may be empty.
        readout: the readout error of each physical qubit, from 0 to 1; None or NaN if
            unknown. An error of 1 counts as a failed calibration.
        two_qubit: the error of the two-qubit gate of each pair; of two directions the
            larger one is shown.
        used: the pairs on which the circuit has two-qubit gates.
        title: what was placed.
        subtitle: on which device and when it was calibrated.
        width: of the page, in inches; at least 3.5.

    Raises:
        ValueError: if a qubit or a coupling is not on the device.
    """
    device = Device(len(readout), couplings, readout, two_qubit)
    busy = {ordered(pair) for pair in used}
    device.check_use(layout, busy)
    shown = _Map.of(device, width)
    notes = (subtitle, _reading(shown, layout), device.missing)
    frame = Frame.of(title, *notes, width=width)
    top = frame.top + line_height(NORMAL) + BAR + 0.4
    across, body = shown.size
    figure = frame.page(top + body + MARGIN)
    known = (error for error in device.readout if error is not None)
    qubits = Colours(tuple(known), QUBITS)
    pairs = Colours(tuple(device.two_qubit.values()), COUPLINGS)
    length = min(1.6, (width - 2 * MARGIN - BAR_GAP - 0.2) / 2)
    left = MARGIN + 0.08
    qubits.draw(figure, "readout error", (left, frame.top), length)
    second = left + length + BAR_GAP
    pairs.draw(figure, "two-qubit error", (second, frame.top), length)
    axes = axes_at(figure, (width - across) / 2, top, across, body)
    axes.set_axis_off()
    axes.set_xlim(-shown.edge, across - shown.edge)
    axes.set_ylim(-shown.edge, body - shown.edge)
    _draw_couplings(axes, device, shown, pairs, busy)
    _draw_qubits(axes, device, shown, qubits, layout)
    return figure
