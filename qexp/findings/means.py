"""Means of a metric by level, for pictures: what the effects are differences of."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from qexp.effects import Factor

NORMAL = float(ndtri(0.975))


@dataclass(frozen=True)
class Mean:
    """A mean over points.

    Attributes:
        value: The mean of the cells' means; NaN where nothing was measured.
        low: Lower end of its 95 % interval: of t over repeats, of shot noise where there
            is one repeat; None where neither is known.
        high: Upper end.
        points: The single points.
    """

    value: float
    low: float | None
    high: float | None
    points: tuple[float, ...]


def by_level(
    table: pd.DataFrame, factor: str, levels: Sequence[Hashable], metric: str
) -> dict[Hashable, Mean]:
    """The means of the finished points at each level of a factor."""
    own = by_setting(table, [factor], metric)
    return {level: mean(own.get((level,), table[:0]), metric) for level in levels}


def by_two(
    table: pd.DataFrame, rows: Factor, columns: Factor, metric: str
) -> list[list[float | None]]:
    """Means at each pair of levels, a row for each level of the first factor."""
    own = by_setting(table, [rows.name, columns.name], metric)

    def value(*levels: Hashable) -> float | None:
        found = mean(own.get(levels, table[:0]), metric).value
        return None if math.isnan(found) else found

    return [[value(row, one) for one in columns.levels] for row in rows.levels]


def by_setting(
    table: pd.DataFrame, names: Sequence[str], *metrics: str
) -> dict[tuple[Hashable, ...], pd.DataFrame]:
    """The points of each setting, with the columns that `mean` needs.

    Args:
        table: The finished points.
        names: What makes a setting.
        metrics: What is of interest.

    Returns:
        Points by the levels in the order of the names; a level that is not there is None.
    """
    wanted = ["block", *(f"{m}{end}" for m in metrics for end in ("", "_low", "_high"))]
    # taken apart a hundred columns wide, a thousand settings would take a minute
    narrow = table[[name for name in wanted if name in table]]
    parts: dict[tuple[Hashable, ...], list[int]] = {}
    columns = [[_level(one) for one in table[name]] for name in names]
    for number, levels in enumerate(zip(*columns, strict=True)):
        parts.setdefault(levels, []).append(number)
    return {levels: narrow.iloc[rows] for levels, rows in parts.items()}


def _level(value: Any) -> Hashable:
    return None if value is None or value != value else value


def matching(table: pd.DataFrame, options: Mapping[str, Hashable]) -> pd.DataFrame:
    """The points with some settings."""
    for name, level in options.items():
        table = table[_is(table[name], level)]
    return table


def _is(column: pd.Series[Any], level: Hashable) -> pd.Series[bool]:
    return column.isna() if level is None else column == level


def mean(points: pd.DataFrame, metric: str) -> Mean:
    """The mean of some points with its interval."""
    known = points[points[metric].notna()] if metric in points else points[:0]
    values = tuple(float(value) for value in known[metric]) if len(known) else ()
    if not values:
        return Mean(math.nan, None, None, ())
    _, block = np.unique(known["block"].to_numpy(), return_inverse=True)
    blocks = np.bincount(block, values) / np.bincount(block)
    value = float(blocks.mean())
    if len(blocks) > 1:
        error = float(blocks.std(ddof=1)) / math.sqrt(len(blocks))
        reach = float(stdtrit(len(blocks) - 1, 0.975)) * error
    else:
        reach = NORMAL * _shot_noise(known, metric)
    if math.isnan(reach):
        return Mean(value, None, None, values)
    return Mean(value, value - reach, value + reach, values)


def _shot_noise(points: pd.DataFrame, metric: str) -> float:
    """Standard error by the points' own intervals; NaN where one has none."""
    if f"{metric}_low" not in points or f"{metric}_high" not in points:
        return math.nan
    width = (points[f"{metric}_high"] - points[f"{metric}_low"]).to_numpy(float)
    return float(np.sqrt(((width / 2 / NORMAL) ** 2).sum()) / len(width))
