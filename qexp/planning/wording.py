"""Cells and counts in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qexp.planning.cell import Cell


def cannot(cells: Sequence[Cell], most: int = 10) -> str:
    """The cells that cannot be run, with their reasons; cells of one reason together."""
    reasons: dict[str, list[Cell]] = {}
    for cell in cells:
        reasons.setdefault("\n".join(cell.problems), []).append(cell)
    lines = [
        f"{reason}\n    in {count(len(found), 'cell')}, such as {described(found[0])}"
        for reason, found in list(reasons.items())[:most]
    ]
    more = len(reasons) - most
    return "\n".join([*lines, *([f"and {more} more reasons"] if more > 0 else [])])


def described(cell: Cell) -> str:
    """A cell by what varies, or by its circuit and device."""
    labels = ", ".join(f"{key}={shown(value)}" for key, value in cell.labels.items())
    return labels or cell.title


def brief(labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels under the last part of their keys, where that tells them apart."""
    last = [key.rpartition(".")[2] for key in labels]
    names = [
        end if last.count(end) == 1 else key
        for key, end in zip(labels, last, strict=True)
    ]
    values = [shown(value) for value in labels.values()]
    return dict(zip(names, values, strict=True))


def named(cell: Cell) -> str:
    """A cell in a few words: what varies, or its circuit and device.

    Words speak for themselves and stand without their key: lists of runs cut long names.
    """
    labels = brief(cell.labels)
    return ", ".join(_short(key, value) for key, value in labels.items()) or cell.title


def _short(key: str, value: str) -> str:
    speaks = value[:1].isalpha() and value not in ("true", "false", "null")
    return value if speaks else f"{key}={value}"


def shown(value: Any) -> str:
    """A value as YAML writes it."""
    if value is None or isinstance(value, bool | list | dict):
        return json.dumps(value)
    return str(value)


def count(number: int, noun: str) -> str:
    """A number and its noun, in the plural where that is due."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
