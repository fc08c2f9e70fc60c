"""The points of one sweep as one table, wherever they come from."""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from qexp.devices.device import Device
from qexp.track.columns import Rows
from qexp.track.files import versions
from qexp.track.finished import Finished
from qexp.track.sweep import parent, title
from qexp.track.watched import Watched

Row = Mapping[str, Any]

NAMED = 4
"""Most numbers of shots that are told one by one."""

CONFIRMING = "confirms"
"""The column that tells fresh repeats from a sweep's own points."""

FINISHED, FAILED, REFUSED = "finished", "failed", "refused"

_EXACT = (
    "circuit",
    "circuit.files",
    "circuit.function",
    "backend",
    "point",
    "submission",
    "error",
)
"""Columns of text, whatever it looks like."""


_ABSENT = object()

_YAML = {"true": "True", "false": "False", "null": "None"}


@dataclass(frozen=True)
class Gathered:
    """One sweep.

    Attributes:
        name: Its MLflow experiment.
        title: It in a few words.
        sweep: Its id.
        seed: Its seed; None where that is not known.
        axes: Columns of what is swept, in the order of the declaration.
        metrics: The experiment's own metrics, the first the one that counts.
        rows: For each point its params (values, not text), its metrics, and `point`,
            `block`, `job`, `submission`, `position`, `status` (finished, failed or
            refused), `error`.
        fresh: Likewise of fresh repeats of the best setting, chosen by the rows; with
            `confirms`, the metric by which it was the best.
        devices: The devices by name.
        sentinel: The kind of its sentinels; empty where there are none.
        watched: What they measured.
        versions: Versions of what ran it, by package.
        notes: Remarks on the plan.
        labels: For each cell its value for each key that is swept, as declared.
    """

    name: str
    title: str
    sweep: str
    seed: int | None
    axes: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: Sequence[Row]
    devices: Mapping[str, Device]
    fresh: Sequence[Row] = ()
    sentinel: str = ""
    watched: tuple[Watched, ...] = ()
    versions: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()
    labels: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a table, a point each; tidy."""
        return as_frame(self.rows)

    def values(self, axis: str) -> list[Hashable]:
        """The values of an axis as they were declared, then others by name.

        Points end in whatever order their jobs do, which must decide nothing.
        """
        found = dict.fromkeys(by_column(self.rows).column(axis, _ABSENT))
        found.pop(_ABSENT, None)
        declared = [
            _plain(value)
            for labels in self.labels
            for key, value in labels.items()
            if columns([key]) == (axis,)
        ]
        place = {value: k for k, value in reversed(list(enumerate(declared)))}
        last = len(place) + len(declared)
        return sorted(found, key=lambda v: (place.get(_plain(v), last), str(v)))

    def device_of(self, row: Row) -> Device | None:
        """The device of a point."""
        return self.devices.get(str(row.get("backend")))

    @property
    def finished(self) -> list[Row]:
        """The points that have been measured."""
        return [row for row in self.rows if row["status"] == FINISHED]

    @property
    def shots(self) -> str:
        """How many shots its points have, in words; empty where that is not known."""
        known = sorted({int(row["shots"]) for row in self.finished if row.get("shots")})
        if len(known) > NAMED:
            return f"{known[0]:,} to {known[-1]:,} shots"
        return f"{' or '.join(f'{one:,}' for one in known)} shots" if known else ""

    @property
    def repeats(self) -> int:
        """How many blocks there are."""
        return len({row["block"] for row in self.finished})


def of_finished(finished: Finished) -> Gathered:
    """What a sweep has just come to.

    Args:
        finished: The sweep, all batches of it as one.
    """
    plan = finished.plan
    cells = [*plan.cells, *plan.invalid]
    first = plan.first.experiment
    devices = [cell.device for cell in cells if cell.device is not None]
    wanted = [first.optimize] if first.optimize else []
    made = parent(plan)
    rows, fresh = parted(finished.table.rows)
    return Gathered(
        name=plan.name,
        title=title(plan),
        sweep=plan.id,
        seed=plan.seed,
        axes=columns(json.loads(made.params["swept"])),
        metrics=tuple(dict.fromkeys([*wanted, *first.scored_by])),
        rows=rows,
        devices={device.name: device for device in devices},
        fresh=fresh,
        sentinel=first.sentinel.removeprefix("none"),
        watched=tuple(finished.table.watched),
        versions=versions(),
        notes=plan.notes,
        labels=tuple(cell.labels for cell in cells),
    )


def as_frame(
    rows: Sequence[Row], wanted: Collection[str] | None = None
) -> pd.DataFrame:
    """Rows as a table; NaN where one has no such column.

    Args:
        rows: The rows.
        wanted: Which columns, as far as there are such; None is all.
    """
    table = by_column(rows)
    names = [name for name in table.names if wanted is None or name in wanted]
    return pd.DataFrame({name: pd.Series(_known(table, name)) for name in names})


def by_column(rows: Sequence[Row]) -> Rows:
    """Rows that can be read by columns."""
    return rows if isinstance(rows, Rows) else Rows(rows)


def _known(table: Rows, name: str) -> Any:
    """The values of a column: an array where all are numbers, or as they are."""
    values = table.column(name)
    return np.asarray(values) if isinstance(values, array) else values


def columns(axes: Sequence[str]) -> tuple[str, ...]:
    """The columns of what is swept: options stand under their own names."""
    return tuple(axis.removeprefix("options.") for axis in axes)


def _plain(value: Any) -> str:
    """A value as text that is equal for what was declared and for what was logged."""
    text = str(value)
    return str(_value("", _YAML.get(text, text)))


def parted(rows: Iterable[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """A sweep's own rows, and those that confirm its best setting, read."""
    found = _numbered(_read(rows if isinstance(rows, Rows) else Rows(rows)))
    if not any(found.column(CONFIRMING, "")):
        return found, ()
    own = Rows(row for row in found if not row.get(CONFIRMING))
    return own, Rows(row for row in found if row.get(CONFIRMING))


def _numbered(rows: Rows) -> Rows:
    """Rows of which no two jobs have one number.

    Processes of another's launcher number their jobs each by themselves. Then jobs are
    numbered anew, in the order in which they come.
    """
    named = {
        (row["job"], row["submission"]): None for row in rows if "submission" in row
    }
    if len({job for job, _ in named}) == len(named):
        return rows
    new = {submission: number for number, (_, submission) in enumerate(named)}
    return Rows(
        {**row, "job": new[row["submission"]]} if "submission" in row else row
        for row in rows
    )


def _read(rows: Rows) -> Rows:
    """Rows with values in the place of texts, and with their status."""
    pairs = zip(rows.column("point", ""), rows.column("error", ""), strict=True)
    status = [
        REFUSED if not point else FAILED if error else FINISHED
        for point, error in pairs
    ]
    return rows.mapped(_value, status=status)


def _value(name: str, text: Any) -> Any:
    if not isinstance(text, str) or name in _EXACT:
        return text
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
