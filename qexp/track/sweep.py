"""What MLflow gets of a sweep as a whole: its run, its plan, its table of points."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import qexp
from qexp.devices.device import Device
from qexp.planning.frozen import frozen
from qexp.planning.plan import Place, Plan
from qexp.planning.price import Price, price
from qexp.planning.wording import shown
from qexp.results.ran import Ran
from qexp.streamed import Streamed, Text, as_json
from qexp.track.columns import Rows
from qexp.track.files import OF_THE_SWEEP, versions, yaml_parts
from qexp.track.names import short_names
from qexp.track.record import CONFIRMS, Record, metrics, params, planned_params, texts
from qexp.track.watched import Watched, as_csv

AT_MOST = "quantum_seconds_at_most"

EFFECTS = (
    "metric option level reference effect low high p_holm n_pairs n_blocks unit alias note"
).split()
"""Columns of effects.csv."""


@dataclass
class Table:
    """The rows that a sweep's points leave behind, and what its sentinels measured.

    Attributes:
        rows: A row for each point.
        watched: What the sentinels measured.
        devices: The devices, as they were when the points were run, by digest.
    """

    rows: Rows = field(default_factory=Rows)
    watched: list[Watched] = field(default_factory=list)
    devices: dict[str, Device] = field(default_factory=dict)

    def add(self, ran: Ran) -> Mapping[str, float]:
        """A row for a point that has run; its metrics."""
        place, then, measured = ran.place, ran.device_then, metrics(ran)
        self.devices[then.digest] = then
        row = {
            "point": ran.point.id,
            "block": place.block,
            "job": place.job,
            "submission": place.submission,
            "position": place.position,
            **({"confirms": place.confirms} if place.confirms else {}),
            **params(ran),
            **measured,
            "error": ran.result.error or "",
        }
        self.rows.append(row)
        return self.rows.part(-1, tuple(measured))

    def refuse(self, named: Mapping[str, str], error: str) -> None:
        """A row for a cell that could not be run."""
        self.rows.append({"point": "", **named, "error": error})

    def csv(self) -> Iterator[str]:
        """The rows, by block, job and position; a line each."""
        return _csv(
            sorted(self.rows, key=lambda row: (row.get("job", -1), row.get("position")))
        )


def row_of_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a point that is a run of MLflow's, whoever wrote that.

    Args:
        run: Its params, metrics and tags.
    """
    tags = run["tags"]
    return {
        "point": tags.get("qexp.point", ""),
        "block": tags.get("qexp.block", ""),
        "job": int(tags.get("qexp.job_number", -1)),
        "submission": tags.get("qexp.submission", ""),
        "position": int(tags.get("qexp.position", -1)),
        **({"confirms": tags[CONFIRMS]} if CONFIRMS in tags else {}),
        **run["params"],
        **run["metrics"],
        "error": tags.get("qexp.error", ""),
    }


def _csv(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if "error" in columns:  # last, and never between the metrics
        columns = [*(key for key in columns if key != "error"), "error"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in ({key: key for key in columns}, *rows):
        writer.writerow([row.get(key, "") for key in columns])
        yield stream.getvalue()
        stream.seek(0)
        stream.truncate()


def parent(plan: Plan) -> Record:
    """The run of a sweep, as it starts."""
    first = plan.first.experiment
    shared = _shared(planned_params(place) for place in plan.places.values())
    axes = list(dict.fromkeys(key for cell in plan.cells for key in cell.labels))
    values = {
        **shared,
        "experiment": plan.name,
        "seed": plan.seed,
        "repeats": plan.repeats,
        "sentinel": first.sentinel,
        "points": len(plan.places),
        "jobs": len(plan.submissions),
        "swept": axes,
    }
    return Record(
        name=title(plan),
        params=texts(values),
        metrics={},
        tags={"qexp.sweep": plan.id, "qexp.version": qexp.__version__},
    )


def title(plan: Plan) -> str:
    """A sweep in a few words."""
    own = [one for one in plan.places.values() if not one.confirms]
    count = len(own) + len(plan.invalid)
    devices = {cell.device_name for cell in (*plan.cells, *plan.invalid)}
    where = devices.pop() if len(devices) == 1 else f"{len(devices)} devices"
    return f"{plan.name}: {count} point{'' if count == 1 else 's'} on {where}"


def _shared(rows: Iterator[Mapping[str, str]]) -> dict[str, str]:
    """The params that are the same in every row; none where no cell can be run."""
    found = dict(next(rows, {}))
    for row in rows:
        found = {name: of for name, of in found.items() if row.get(name) == of}
    return found


def short(plan: Plan) -> dict[str, dict[str, str]]:
    """Short names for the values of params that begin alike."""
    if not plan.swept:
        return {}
    return short_names(planned_params(place) for place in plan.places.values())


def files(plan: Plan, table: Table) -> dict[str, Text]:
    """The artifacts of a sweep, or of the single point that it consists of."""
    found: dict[str, Text] = {
        "plan.json": Streamed(lambda: as_json(_planned(plan, price(plan)), indent=1)),
        "summary.csv": Streamed(table.csv),
        "backend.json": json.dumps(_backends(plan, table), indent=1),
        "frozen.json": frozen(plan),
    }
    if table.watched:
        found["sentinel.csv"] = as_csv(table.watched)
    if plan.swept:
        found["config.yaml"] = Streamed(lambda: _config(plan))
    else:
        found["effects.csv"] = ",".join(EFFECTS) + "\n"
    return found


def _config(plan: Plan) -> Iterator[str]:
    """What the sweep was declared by, without what its cells set differently."""
    first = plan.first.experiment
    swept = first.model_dump(exclude={"tracking"})
    kept = OF_THE_SWEEP - {"tracking"}
    return yaml_parts(
        {
            "sweep": {key: swept.pop(key) for key in list(swept) if key in kept},
            "first cell": swept,
            "cells": (dict(cell.labels) for cell in chain(plan.cells, plan.invalid)),
            "seed": plan.seed,
            "versions": versions(),
        }
    )


def _backends(plan: Plan, table: Table) -> Any:
    """The device, or a list where there are several, or several calibrations of one.

    Each is as it was when its jobs were run; where nothing was, as it was planned with.
    """
    devices = dict(table.devices)
    run = {device.name for device in devices.values()}
    for cell in plan.cells:
        device = cell.ready[0]
        if device.name not in run:
            devices[device.digest] = device
    described = [device.to_dict() for device in devices.values()]
    return described[0] if len(described) == 1 else described


def plan_json(plan: Plan, cost: Price | None = None) -> dict[str, Any]:
    """The plan as plain values: points, jobs, and what cannot be run.

    Args:
        plan: The plan.
        cost: Its price, where it is known already.
    """
    content = _planned(plan, cost or price(plan))
    return {k: list(v) if isinstance(v, Iterator) else v for k, v in content.items()}


def _planned(plan: Plan, cost: Price) -> dict[str, Any]:
    return {
        "sweep": plan.id,
        "name": plan.name,
        "seed": plan.seed,
        "repeats": plan.repeats,
        "duplicates": plan.duplicates,
        "points": map(_point, plan.places.values()),
        "jobs": (
            {
                "number": sent.number,
                "submission": sent.id,
                "block": sent.block,
                "backend": sent.device.name,
                "circuits": sent.size,
                "inputs": sent.inputs,
                "quantum_seconds" if cost.exact else AT_MOST: seconds,
            }
            for sent, seconds in zip(plan.submissions, cost.jobs, strict=True)
        ),
        "invalid": [_refused(cell) for cell in plan.invalid],
        "dropped": [_refused(cell) for cell in plan.dropped],
        "notes": list(plan.notes),
    }


def _point(place: Place) -> dict[str, Any]:
    return {
        "id": place.point.id,
        "block": place.block,
        "job": place.job,
        "position": place.position,
        **({"confirms": place.confirms} if place.confirms else {}),
        "cell": {key: shown(value) for key, value in place.cell.labels.items()},
    }


def _refused(cell: Any) -> dict[str, Any]:
    labels = {key: shown(value) for key, value in cell.labels.items()}
    return {"cell": labels, "reasons": list(cell.problems)}


def noted(plan: Plan) -> list[str]:
    """Remarks on the plan and its cells, a line each, with the number of cells."""
    counts: dict[str, int] = {}
    for cell in plan.cells:
        for note in cell.notes:
            counts[note] = counts.get(note, 0) + 1
    return [*plan.notes, *_counted(counts.items(), len(plan.cells))]


def _counted(counts: Iterable[tuple[str, int]], total: int) -> list[str]:
    return [
        note if count == total else f"{note} (in {count} of {total} cells)"
        for note, count in counts
    ]
