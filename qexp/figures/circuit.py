"""The circuit of a run, drawn by Qiskit and set on a page.

The rule for circuits too large to be drawn legibly on a page 800 pixels wide: at most
32 qubits, at most 300 instructions, and no more of these than fit in 27 inches of
height; of more than 8 qubits the idle ones are left out. A line above the drawing says
what was left out.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from qiskit.circuit import ControlFlowOp, Measure, QuantumCircuit
from qiskit.circuit.tools import pi_check

from qexp.figures.drawing import Drawing
from qexp.figures.excerpt import MOST_INSTRUCTIONS, Excerpt, excerpt
from qexp.figures.page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    MARGIN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH,
    Heading,
    page,
)

TALLEST = 27.0
"""The most inches of height a drawing takes before instructions are left out."""
UNITS = (0.3, 0.36, 0.42, 0.46, 0.5, 0.54, 0.58, 0.64, 0.7, 0.85, 1.0)
"""The distances between two wires that are tried."""
COMFORTABLE = 0.58
FONT = 10.0
SMALL_FONT = 9.8
"""The size by which the drawer reckons the width of parameters. They are set smaller,
which leaves some space in the gates."""
MOST_KINDS = 5

WHITE = "#FFFFFF"
FAMILIES = {
    (SKY, BLACK): ("h", "s", "sdg", "sx", "sxdg", "t", "tdg"),
    (GREEN, BLACK): ("id", "x", "y", "z"),
    (ORANGE, BLACK): ("rx", "ry", "rz", "r", "p", "u", "u1", "u2", "u3"),
    (BLUE, WHITE): (
        "cx",
        "cy",
        "cz",
        "swap",
        "iswap",
        "dcx",
        "ecr",
        "ccx",
        "mcx",
        "mcx_gray",
        "cswap",
    ),
    (VERMILION, BLACK): ("rxx", "ryy", "rzz", "rzx", "cp", "crx", "cry", "crz"),
    (GREY, WHITE): ("measure", "reset"),
    (WHITE, WHITE): ("target",),
}
STYLE: dict[str, Any] = {
    "displaycolor": {
        gate: colours for colours, gates in FAMILIES.items() for gate in gates
    },
    "gatefacecolor": PURPLE,
    "barrierfacecolor": LIGHT,
    "creglinecolor": GREY,
    "fontsize": FONT,
    "subfontsize": SMALL_FONT,
}


def _bundles(qc: QuantumCircuit) -> bool:
    """Tell whether every classical register can be drawn as one wire."""
    for instruction in qc.data:
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            if not all(map(_bundles, operation.blocks)):
                return False
        elif instruction.clbits and not isinstance(operation, Measure):
            return False
    return True


def _draw(part: Excerpt, fold: int = 0) -> Drawing:
    """Let Qiskit draw a part of a circuit, in lines of ``fold`` columns."""
    # The drawer imports pyplot, so nothing of it is imported before it is needed; given
    # axes of its own it leaves pyplot's state alone.
    from qiskit.visualization import circuit_drawer

    figure = page(1.0, 1.0)
    axes: Axes = figure.add_axes((0, 0, 1, 1))
    qc = part.circuit
    options = {"output": "mpl", "style": STYLE, "ax": axes, "reverse_bits": False}
    circuit_drawer(qc, cregbundle=_bundles(qc), fold=fold or -1, **options)
    return Drawing(figure, axes, FONT, GREY)


def _smallest_legible(drawing: Drawing) -> float:
    return next((unit for unit in UNITS if drawing.legible(unit)), UNITS[-1])


def _largest(drawing: Drawing, smallest: float) -> float | None:
    """Return the largest unit at which the drawing fits on the page, if any does."""
    room = WIDTH - 2 * MARGIN
    fitting = (
        unit
        for unit in reversed(UNITS)
        if smallest <= unit <= max(COMFORTABLE, smallest)
        and drawing.legible(unit)
        and drawing.width(unit) <= room
        and drawing.height(unit) <= TALLEST
    )
    return next(fitting, None)


def _folded(
    qc: QuantumCircuit, part: Excerpt, line: Drawing, unit: float
) -> tuple[Excerpt, Drawing]:
    """Fold a long line; leave out instructions until the page is not too tall."""
    fold = line.columns_in(WIDTH - 2 * MARGIN, unit)
    lines = line.columns / fold
    if lines * line.height(unit) > 1.5 * TALLEST:
        share = 1.5 * TALLEST / (lines * line.height(unit))
        part = excerpt(qc, max(1, int(part.instructions * share)))
    drawing = _draw(part, fold)
    while drawing.height(unit) > TALLEST and part.instructions > 1:
        share = TALLEST / drawing.height(unit)
        part = excerpt(qc, max(1, int(part.instructions * min(share, 0.95))))
        drawing = _draw(part, fold)
    return part, drawing


def _fitted(qc: QuantumCircuit) -> tuple[Excerpt, Drawing, float]:
    part = excerpt(qc, MOST_INSTRUCTIONS)
    line = _draw(part)
    smallest = _smallest_legible(line)
    unit = _largest(line, smallest)
    if unit is not None:
        return part, line, unit
    part, drawing = _folded(qc, part, line, smallest)
    return part, drawing, _largest(drawing, smallest) or smallest


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _kinds(qc: QuantumCircuit) -> str:
    kinds = [f"{count:,} {name}" for name, count in qc.count_ops().items()]
    more = len(kinds) - MOST_KINDS
    if more > 1:
        kinds[MOST_KINDS:] = [f"{_counted(more, 'other kind')}"]
    return f" ({', '.join(kinds)})" if kinds else ""


def _summary(qc: QuantumCircuit) -> str:
    """Say in one sentence what the circuit consists of."""
    parts = [_counted(qc.num_qubits, "qubit")]
    if qc.num_clbits:
        parts.append(_counted(qc.num_clbits, "classical bit"))
    parts.append(_counted(len(qc.data), "instruction") + _kinds(qc))
    parts.append(f"depth {qc.depth():,}")
    if qc.num_parameters:
        parts.append(_counted(qc.num_parameters, "free parameter"))
    if qc.global_phase:
        parts.append(f"global phase {pi_check(qc.global_phase, output='text')}")
    return ", ".join(parts)


def circuit(qc: QuantumCircuit, *, title: str) -> Figure:
    """Draw a circuit; of a very large one the first part.

    Args:
        qc: the circuit; it is not changed.
        title: what the circuit does.
    """
    if not qc.qubits:
        heading = Heading.of(title, _summary(qc))
        figure = page(heading.height + MARGIN)
        heading.draw(figure)
        return figure
    part, drawing, unit = _fitted(qc)
    heading = Heading.of(title, _summary(qc), warning=part.omission(qc))
    return drawing.set(heading, unit)
