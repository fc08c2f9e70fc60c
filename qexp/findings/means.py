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
    return {level: mean(table[_is(table[factor], level)], metric) for level in levels}


def by_two(
    table: pd.DataFrame, rows: Factor, columns: Factor, metric: str
) -> list[list[float | None]]:
    """Means at each pair of levels, a row for each level of the first factor."""
    found = []
    for row in rows.levels:
        own = [
            mean(matching(table, {rows.name: row, columns.name: one}), metric)
            for one in columns.levels
        ]
        found.append([None if math.isnan(one.value) else one.value for one in own])
    return found


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
    blocks = known.groupby("block")[metric].mean().to_numpy(float)
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
