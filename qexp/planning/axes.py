"""The axes of a sweep: each has to change something about its points."""

from __future__ import annotations

from collections.abc import Sequence

from qexp.errors import ConfigError
from qexp.planning.cell import Cell
from qexp.planning.wording import shown

SEED = "seed"

Labels = dict[str, str]
"""What a cell is swept by, as text: values may be lists."""


def require_effect(cells: Sequence[Cell]) -> None:
    """Refuse an axis whose values all mean the same points.

    That is one where cells which differ in nothing but it are always one point; cells
    that have no point say nothing.

    Args:
        cells: All cells of a sweep. Some of them may be one point where all are not.

    Raises:
        ConfigError: Names the axis.
    """
    labelled = [(_labels(cell), cell.point.id) for cell in cells if cell.point]
    for axis in dict.fromkeys(key for labels, _ in labelled for key in labels):
        values = _idle(axis, labelled)
        if values:
            raise ConfigError(_message(axis, values))


def _labels(cell: Cell) -> Labels:
    return {key: shown(value) for key, value in cell.labels.items()}


def _idle(axis: str, labelled: Sequence[tuple[Labels, str]]) -> list[str]:
    """Values of an axis between which there is no difference; none where there is."""
    points: dict[tuple[tuple[str, str], ...], str] = {}
    values: dict[tuple[tuple[str, str], ...], dict[str, None]] = {}
    for labels, point in labelled:
        if axis not in labels:
            continue
        others = tuple((key, labels[key]) for key in labels if key != axis)
        if points.setdefault(others, point) != point:
            return []
        values.setdefault(others, {})[labels[axis]] = None
    return next((list(found) for found in values.values() if len(found) > 1), [])


def _message(axis: str, values: Sequence[str]) -> str:
    some = ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
    text = f"{axis} = {some}: sweeping over it changes nothing about a point"
    if axis == SEED:
        return f"{text}. To run every point several times, use repeats={len(values)}."
    return f"{text}; all of these are the same. Leave one of them."
