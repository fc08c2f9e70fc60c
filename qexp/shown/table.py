"""The points of a sweep as a table: a row for each cell, its repeats together."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qexp.declare.metric import is_larger
from qexp.figures.numbers import decimals, span
from qexp.planning.plan import Plan
from qexp.planning.wording import brief
from qexp.track.columns import Rows
from qexp.track.finished import Finished


@dataclass(frozen=True)
class CellScore:
    """One cell's score on one metric.

    Attributes:
        labels: What the cell is swept by.
        value: The score, a mean over repeats.
        ends: The 95 % interval of a single point, or the lowest and the highest of
            several repeats; None where a single point has no honest interval.
        count: Number of repeats.
        why: Why there are no ends.
    """

    labels: Mapping[str, str]
    value: float
    ends: tuple[float, float] | None
    count: int
    why: str = ""

    @property
    def range(self) -> str:
        """The ends as text, or why there are none."""
        if self.ends is None:
            return f"none{self.why}"
        low, high = self.ends
        return span(low, high)


def metric_shown(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The metric that cells are listed by: the one optimised, or the first there is."""
    first = plan.first.experiment
    wanted = [first.optimize] if first.optimize else list(first.scored_by)
    return next((one for one in wanted if any(one in row for row in rows)), None)


def cell_scores(
    finished: Finished, metric: str, most: int
) -> tuple[list[CellScore], int]:
    """The best cells, best first, and how many have a score.

    Args:
        finished: The sweep.
        metric: The score.
        most: How many are wanted.
    """
    places, rows = finished.plan.places, finished.table.rows
    cells: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if metric in row and row["point"] in places and not row.get("confirms"):
            cells.setdefault(places[row["point"]].cell.ready[2].id, []).append(number)
    choose = heapq.nlargest if is_larger(metric) else heapq.nsmallest
    chosen = choose(most, cells.values(), lambda own: _mean(rows, own, metric))
    scores = [_score(finished, [rows[one] for one in own], metric) for own in chosen]
    return scores, len(cells)


def _mean(rows: Rows, own: Sequence[int], metric: str) -> float:
    return math.fsum(float(rows[one][metric]) for one in own) / len(own)


def _score(
    finished: Finished, rows: Sequence[Mapping[str, Any]], metric: str
) -> CellScore:
    cell = finished.plan.places[rows[0]["point"]].cell
    values = [float(row[metric]) for row in rows]
    mean = math.fsum(values) / len(values)
    if len(values) > 1:
        ends: tuple[float, float] | None = (min(values), max(values))
    else:
        low, high = rows[0].get(f"{metric}_low"), rows[0].get(f"{metric}_high")
        ends = None if low is None or high is None else (low, high)
    mitigated = rows[0].get("measurement_error_mitigation") == "True"
    return CellScore(
        labels=brief(cell.labels) or {"point": cell.title},
        value=mean,
        ends=ends,
        count=len(values),
        why=": mitigated" if mitigated else "",
    )


def columns(scores: Sequence[CellScore], metric: str) -> tuple[list[str], list[str]]:
    """Names of the columns: those of the labels, and those of the score."""
    keys = list(dict.fromkeys(key for one in scores for key in one.labels))
    most = max((one.count for one in scores), default=1)
    if most > 1:
        return keys, [f"{metric}, mean of {most}", "lowest to highest"]
    return keys, [metric, "95 % interval"]


def rows_of(scores: Sequence[CellScore], keys: Sequence[str]) -> list[list[str]]:
    """The cells of the table, row by row."""
    return [
        [*(one.labels.get(key, "") for key in keys), decimals(one.value), one.range]
        for one in scores
    ]


def description(finished: Finished, most: int = 10) -> str:
    """What was swept, and the best cells, in Markdown.

    Args:
        finished: The sweep.
        most: Cells that are listed.
    """
    metric = metric_shown(finished.plan, finished.table.rows)
    lines = [f"- `{key}`: {values}" for key, values in axes(finished.plan).items()]
    if metric is not None:
        scores, count = cell_scores(finished, metric, most)
        keys, more = columns(scores, metric)
        table = [[*keys, *more], ["---"] * (len(keys) + len(more))]
        table += rows_of(scores, keys)
        lines += ["", *(f"| {' | '.join(row)} |" for row in table)]
        if count > most:
            lines.append(f"\nThe best {most} of {count} cells; see `summary.csv`.")
    return "\n".join(lines)


def axes(plan: Plan, most: int = 8) -> dict[str, str]:
    """What is swept, and over which values, by key."""
    values: dict[str, dict[str, None]] = {}
    for cell in (*plan.cells, *plan.invalid, *plan.dropped):
        for key, value in brief(cell.labels).items():
            values.setdefault(key, {})[value] = None
    return {
        key: ", ".join(list(found)[:most])
        + (f", … ({len(found)})" if len(found) > most else "")
        for key, found in values.items()
    }
