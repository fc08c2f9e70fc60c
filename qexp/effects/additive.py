"""Two-way additive fits with holes: a table as rows plus columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qexp.effects.table import Floats, Ints

_ROUNDS = 500
_PRECISION = 1e-13


@dataclass(frozen=True)
class Additive:
    """Least squares of entries on their row and their column.

    Attributes:
        row: Effect of each row, shape (R,); a mean over its entries less their columns'.
        column: Effect of each column, shape (K,); zero on average over the entries.
        rest: What is left of each entry, shape (N,).
        freedom: Its degrees of freedom.
    """

    row: Floats
    column: Floats
    rest: Floats
    freedom: int


def additive(row: Ints, column: Ints, value: Floats) -> Additive:
    """Fit entries by rows and columns, in turns until nothing changes.

    Args:
        row: Number of each entry's row, from 0, shape (N,).
        column: Number of each entry's column, from 0, shape (N,).
        value: The entries, shape (N,).
    """
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    in_row = np.maximum(np.bincount(row, minlength=rows), 1)
    in_column = np.maximum(np.bincount(column, minlength=columns), 1)
    by_column = np.zeros(columns)
    scale = float(np.abs(value).max()) or 1.0
    for _ in range(_ROUNDS):
        by_row = np.bincount(row, value - by_column[column], rows) / in_row
        fitted = np.bincount(column, value - by_row[row], columns) / in_column
        fitted -= fitted[column].mean()
        moved = float(np.abs(fitted - by_column).max())
        by_column = fitted
        if moved <= _PRECISION * scale:
            break
    by_row = np.bincount(row, value - by_column[column], rows) / in_row
    rest = value - by_row[row] - by_column[column]
    return Additive(by_row, by_column, rest, _freedom(row, column))


def _freedom(row: Ints, column: Ints) -> int:
    """Entries less rows, less columns, plus one for each connected part."""
    rows, columns = len(np.unique(row)), len(np.unique(column))
    return len(row) - rows - columns + _parts(row, column)


def _parts(row: Ints, column: Ints) -> int:
    """How many parts a table falls into that share neither a row nor a column."""
    by_row = np.arange(int(row.max()) + 1)
    while True:
        by_column = np.full(int(column.max()) + 1, len(by_row))
        np.minimum.at(by_column, column, by_row[row])
        lowest = by_row.copy()
        np.minimum.at(lowest, row, by_column[column])
        if (lowest == by_row).all():
            return len(np.unique(by_row[row]))
        by_row = lowest
