"""A sweep's table and what the statistics make of it, metric by metric."""

from __future__ import annotations

import sys
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any

import pandas as pd

from qexp.declare.metric import is_larger
from qexp.declare.options import Options
from qexp.effects import COLUMNS, Analysis, Factor, analyse, factor
from qexp.findings.gathered import FINISHED, Gathered, Row, as_frame, by_column
from qexp.findings.outcomes import Chosen, Counted, Recall, Shown, chosen, shown
from qexp.track.columns import Rows
from qexp.track.record import effective


def nothing(points: Collection[str]) -> dict[str, Counted]:
    """What was measured, where that is not known."""
    return {}


@dataclass(frozen=True)
class Findings:
    """What a sweep found.

    Attributes:
        gathered: Its points.
        recall: What was measured of some of them.
    """

    gathered: Gathered
    recall: Recall = nothing

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """What varies, with the level that each is compared with."""
        found = []
        for axis in self.gathered.axes:
            values = self.gathered.values(axis)
            if len(set(values)) > 1:
                found.append(factor(axis, values, self._defaults.get(axis)))
        return tuple(found)

    @cached_property
    def _defaults(self) -> Mapping[str, Hashable]:
        """What `run_circuits` takes of each option, in the words of the table."""
        defaults = {}
        for device in self.gathered.devices.values():
            options = Options().with_defaults(device.option_defaults)
            defaults = effective(options, None)
        return {name: v for name, v in defaults.items() if isinstance(v, Hashable)}

    @cached_property
    def analyses(self) -> dict[str, Analysis]:
        """What the statistics say, by metric; nothing where nothing varies."""
        if not self.factors:
            return {}
        metrics = self.gathered.metrics
        frame = _frame(self.gathered.rows, self.factors, metrics)
        fresh = _frame(self.gathered.fresh, self.factors, metrics)
        return {
            metric: analyse(
                frame,
                self.factors,
                metric,
                larger=is_larger(metric),
                confirmation=fresh if _measured(fresh, metric) else None,
            )
            for metric in metrics
            if _measured(frame, metric)
        }

    @cached_property
    def done(self) -> pd.DataFrame:
        """The points that have been measured, with what pictures need of them."""
        gathered = self.gathered
        table = as_frame(
            gathered.rows, _wanted(gathered.axes, gathered.metrics) | DRAWN
        )
        measured = table["status"] == FINISHED
        return table if measured.all() else table[measured]

    @property
    def main(self) -> Analysis | None:
        """The analysis of the metric that counts."""
        return next(iter(self.analyses.values()), None)

    @property
    def sentences(self) -> str:
        """Two sentences on what the sweep found; empty where nothing varies."""
        return "" if self.main is None else self.main.sentences

    @cached_property
    def outcomes(self) -> tuple[Shown, ...]:
        """What the settings gave that are worth a look."""
        return shown(self.chosen, self.recall)

    @cached_property
    def chosen(self) -> Chosen:
        """The settings that are worth a look, and their points."""
        if self.main is None or self.main.best is None:
            return {}
        return chosen(self.main.best.winner.options, self.factors, self.done)

    @cached_property
    def warning(self) -> str:
        """What a reader has to be warned of, in a sentence or two; mostly empty."""
        if not self.gathered.watched:
            return ""
        from qexp.findings.drift import warning  # matplotlib takes its time

        return warning(self.gathered)

    @property
    def told(self) -> str:
        """What the sweep found and what to be warned of, a paragraph each."""
        parts = (self.sentences, self.confirmed, self.warning)
        return "\n\n".join(filter(None, parts))

    @property
    def confirmed(self) -> str:
        """How good the best setting is on fresh repeats; empty where there are none."""
        best = None if self.main is None else self.main.best
        if self.main is None or best is None or best.confirmed is None:
            return ""
        return self.main.choice

    @property
    def effects(self) -> pd.DataFrame:
        """The effects of all metrics, by the columns of effects.csv."""
        tables = [one.table for one in self.analyses.values()]
        tables += [one.interactions_table for one in self.analyses.values()]
        kept = [table for table in tables if len(table)]
        return (
            pd.concat(kept, ignore_index=True)
            if kept
            else pd.DataFrame(columns=COLUMNS)
        )

    def effects_csv(self) -> Iterator[str]:
        """The same as CSV, in parts: of many levels it is long."""
        every = self.analyses.values()
        rows = chain(
            (row for one in every for row in one.effects),
            (row for one in every for row in one.interactions_by_p),
        )
        yield pd.DataFrame(columns=COLUMNS).to_csv(index=False)
        while some := [row.row() for row in islice(rows, TOGETHER)]:
            yield pd.DataFrame(some, columns=COLUMNS).to_csv(index=False, header=False)


def _measured(frame: pd.DataFrame, metric: str) -> bool:
    if metric not in frame.columns:
        return False
    done = frame["status"] == FINISHED
    return bool(frame.loc[done, metric].notna().any())


TOGETHER = 500
"""Rows of effects.csv that are written at once."""

NEEDED = {"block", "job", "status", "shots", "seed_transpiler", "compiled_hash"}
"""Columns that the statistics know, beside the factors and the metrics."""

DRAWN = {"point", "backend", "physical_qubits", "quantum_seconds"}
"""Columns that pictures need beside those."""

ENDS = ("", "_low", "_high", "_variance")


def _frame(
    rows: Sequence[Row], factors: tuple[Factor, ...], metrics: Sequence[str]
) -> pd.DataFrame:
    """The table as the statistics want it."""
    table = by_column(rows)
    if not all(one.name in row for row in table for one in factors):
        table = Rows(row for row in rows if all(one.name in row for one in factors))
    frame = as_frame(table, _wanted([one.name for one in factors], metrics))
    frame["circuit"] = _circuits(table, {one.name for one in factors})
    return frame.rename(columns={"compiled_hash": "compiled"})


def _wanted(axes: Sequence[str], metrics: Sequence[str]) -> set[str]:
    ends = {f"{metric}{end}" for metric in metrics for end in ENDS}
    return {*NEEDED, *axes, *ends}


def _circuits(table: Rows, varied: Collection[str]) -> list[str]:
    """Circuits with their arguments; which of them vary is for the factors to say."""
    names = sorted(
        name
        for name in table.names
        if name.partition(".")[0] == "circuit"
        and name not in varied
        and not name.endswith("_short")
    )
    if not names:
        return [_named((), ())] * len(table)
    arguments = zip(*(table.column(name) for name in names), strict=True)
    return [sys.intern(_named(names, values)) for values in arguments]


def _named(names: Sequence[str], values: Sequence[Any]) -> str:
    known = [
        f"{name}={value}"
        for name, value in zip(names, values, strict=True)
        if value is not None and value == value
    ]
    return ", ".join(known) or "circuit"
