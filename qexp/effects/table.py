"""A sweep as arrays: cells in rows, blocks in columns."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qexp.effects.factor import Factor, plain

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

NORMAL = 1.959963984540054
"""Half the width of a 95 % interval in standard errors."""

FINISHED = "finished"

NO_VALUE = "no value"
ABSENT = "not in the sweep"


@dataclass(frozen=True)
class Cells:
    """A metric over a sweep.

    C cells, B blocks, F factors. A cell is a circuit under one level of each factor.

    Attributes:
        factors: What varies.
        circuits: Circuits by their codes.
        circuit: Code of each cell's circuit, shape (C,).
        level: Each cell's level of each factor, shape (C, F).
        value: The metric, shape (C, B); NaN where it was not measured.
        variance: Variance by shot noise, shape (C, B); NaN where it is not known.
        job: Number of the job, shape (C, B); -1 where there is no value.
        compiled: Code of the compiled circuit, shape (C, B); -1 where it is not known.
        seed: Code of the compiler's seed, shape (C, B); -1 where it is not known.
        blocks: Blocks by their columns.
        timed: Whether the jobs' numbers are in the order of time.
        why: Why a cell has no value in some block; cells by number.
        shots: Shots of a point where all have the same, else None.
    """

    factors: tuple[Factor, ...]
    circuits: tuple[Hashable, ...]
    circuit: Ints
    level: Ints
    value: Floats
    variance: Floats
    job: Ints
    compiled: Ints
    seed: Ints
    blocks: tuple[Hashable, ...]
    timed: bool
    why: Mapping[int, str] = field(default_factory=dict)
    shots: int | None = None

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Where there is a value, shape (C, B)."""
        return ~np.isnan(self.value)

    @property
    def number(self) -> int:
        """How many cells there are."""
        return len(self.level)

    @property
    def repeats(self) -> int:
        """How many blocks there are."""
        return len(self.blocks)


def cells(frame: pd.DataFrame, factors: Sequence[Factor], metric: str) -> Cells:
    """Arrange a table of points.

    Args:
        frame: A row for each point: see `qexp.effects.analyse`.
        factors: What varies.
        metric: Column of the metric.

    Raises:
        ValueError: A column is missing, a value is no level of its factor, or a cell
            has two rows in one block.
    """
    _require_columns(frame, [metric, "circuit", "block", *(f.name for f in factors)])
    rows = frame.reset_index(drop=True)
    levels = [_codes(rows[one.name], one) for one in factors]
    names, circuit = _coded(rows["circuit"])
    stacked = np.column_stack([circuit, *levels]).astype(np.intp)
    keys, cell = np.unique(stacked, axis=0, return_inverse=True)
    good = _good(rows, metric)
    blocks, block = _coded(rows["block"].where(good))
    place = (cell.ravel()[good], block[good])
    _require_single(rows[good], place)
    shape = (len(keys), len(blocks))
    numbers, timed = _jobs(rows, good, block)
    return Cells(
        factors=tuple(factors),
        circuits=tuple(names),
        circuit=keys[:, 0],
        level=keys[:, 1:],
        value=_spread(
            shape, place, rows[metric].to_numpy(float, na_value=np.nan)[good]
        ),
        variance=_spread(shape, place, _variance(rows, metric)[good]),
        job=_spread_codes(shape, place, numbers[good]),
        compiled=_spread_codes(shape, place, _known(rows, "compiled")[good]),
        seed=_spread_codes(shape, place, _known(rows, "seed_transpiler")[good]),
        blocks=tuple(blocks),
        timed=timed,
        why=_why(rows, cell.ravel(), good),
        shots=_shots(rows[good]),
    )


def _require_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"the table has no column {', '.join(missing)}")


def _codes(column: pd.Series[Any], one: Factor) -> Ints:
    known = {level: code for code, level in enumerate(one.levels)}
    values = [plain(value) for value in column]
    strange = next((value for value in values if value not in known), ...)
    if strange is not ...:
        raise ValueError(f"{one.name} = {strange!r} is none of {list(one.levels)!r}")
    return np.array([known[value] for value in values], np.intp)


def _coded(column: pd.Series[Any]) -> tuple[list[Hashable], Ints]:
    """Different values in a fixed order, and each row's code; -1 for none."""
    values = [plain(value) for value in column]
    names = sorted({v for v in values if v is not None}, key=_order)
    known: dict[Hashable, int] = {name: code for code, name in enumerate(names)}
    return list(names), np.array([known.get(value, -1) for value in values], np.intp)


def _order(value: Hashable) -> tuple[int, float, str]:
    """Numbers by size, then everything else by its text."""
    if isinstance(value, (int, float, np.number)):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def _good(rows: pd.DataFrame, metric: str) -> NDArray[np.bool_]:
    finished = np.ones(len(rows), bool)
    if "status" in rows.columns:
        finished = (rows["status"].astype(str).str.lower() == FINISHED).to_numpy(bool)
    measured = np.isfinite(rows[metric].to_numpy(float, na_value=np.nan))
    placed = rows["block"].notna().to_numpy(bool)
    return np.asarray(finished & measured & placed, bool)


def _require_single(rows: pd.DataFrame, place: tuple[Ints, Ints]) -> None:
    pairs = np.column_stack(place)
    different, first = np.unique(pairs, axis=0, return_index=True)
    if len(different) < len(pairs):
        double = rows.iloc[np.setdiff1d(np.arange(len(pairs)), first)[0]]
        raise ValueError(
            f"block {double['block']} has the cell of point {double.get('point', '?')} "
            "twice; a block holds every cell once"
        )


def _jobs(
    rows: pd.DataFrame, good: NDArray[np.bool_], block: Ints
) -> tuple[Ints, bool]:
    """Number of each row's job, and whether numbers are in the order of time."""
    if "job" not in rows.columns or rows["job"][good].isna().any():
        return block, False
    timed = pd.api.types.is_numeric_dtype(rows["job"])
    inside = _coded(rows["job"].where(good))[1]
    # a job never spans two blocks, whatever it is called
    _, number = np.unique(np.column_stack([block, inside]), axis=0, return_inverse=True)
    return number.ravel(), bool(timed)


def _known(rows: pd.DataFrame, name: str) -> Ints:
    if name not in rows.columns:
        return np.full(len(rows), -1, np.intp)
    return _coded(rows[name])[1]


def _variance(rows: pd.DataFrame, metric: str) -> Floats:
    """Variance by shot noise: given, or from the width of the 95 % interval."""
    if f"{metric}_variance" in rows.columns:
        given = rows[f"{metric}_variance"]
    elif {f"{metric}_low", f"{metric}_high"} <= set(rows.columns):
        ends = [
            rows[f"{metric}_{end}"].to_numpy(float, na_value=np.nan)
            for end in ("low", "high")
        ]
        width: Floats = ends[1] - ends[0]
        return (width / (2 * NORMAL)) ** 2
    else:
        return np.full(len(rows), np.nan)
    return np.asarray(given.to_numpy(float, na_value=np.nan), np.float64)


def _spread(shape: tuple[int, int], place: tuple[Ints, Ints], values: Floats) -> Floats:
    found = np.full(shape, np.nan)
    found[place] = values
    return found


def _spread_codes(
    shape: tuple[int, int], place: tuple[Ints, Ints], values: Ints
) -> Ints:
    found = np.full(shape, -1, np.intp)
    found[place] = values
    return found


def _why(rows: pd.DataFrame, cell: Ints, good: NDArray[np.bool_]) -> dict[int, str]:
    found: dict[int, str] = {}
    for row in np.flatnonzero(~good):
        status = FINISHED
        if "status" in rows.columns:
            status = str(rows["status"].iloc[row]).lower()
        found[int(cell[row])] = NO_VALUE if status == FINISHED else status
    return found


def _shots(rows: pd.DataFrame) -> int | None:
    if "shots" not in rows.columns or rows["shots"].nunique(dropna=False) != 1:
        return None
    value = rows["shots"].iloc[0]
    return None if pd.isna(value) else int(value)
