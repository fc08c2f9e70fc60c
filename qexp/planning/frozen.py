"""A plan as bytes, from which it can be made again when files have changed.

What is kept are the cells: everything declared, the devices, and the circuits as QPY. The
plan follows from them and the seed, and is compared with what it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qexp.circuits import Built
from qexp.declare.config import Experiment
from qexp.errors import ConfigError, LedgerError
from qexp.planning.cell import Cell
from qexp.planning.plan import Plan, plan
from qexp.planning.point import Point
from qexp.planning.recorded import Cells, Json, packed, unpacked
from qexp.secrets import hide
from qexp.streamed import Streamed, as_json


@dataclass(frozen=True)
class Thawed:
    """A plan of earlier.

    Attributes:
        plan: The plan, as it was made.
        changed: What is not as it was then: keys of circuits and devices whose files
            have changed or are gone since.
    """

    plan: Plan
    changed: tuple[str, ...]


def freeze(planned: Plan) -> bytes:
    """A plan as bytes."""
    return str(frozen(planned)).encode()


def frozen(planned: Plan) -> Streamed:
    """Likewise, but as a text in parts: of many cells it is long."""
    return Streamed(lambda: as_json(_content(planned)))


def _content(planned: Plan) -> Json:
    cells = [*planned.cells, *planned.invalid, *planned.dropped]
    base = planned.first.experiment
    points = _points(planned)
    return {
        "base": _without_secrets(base.model_dump(mode="json")),
        "cells": (_cell(cell, base, points) for cell in cells),
        "devices": {
            digest: device.to_dict()
            for digest, device in {
                cell.device.digest: cell.device for cell in cells if cell.device
            }.items()
        },
        "circuits": {
            built.content: _built(built)
            for built in {id(c.built): c.built for c in cells if c.built}.values()
        },
        "name": planned.name,
        "seed": planned.seed,
        "swept": planned.swept,
        "reproduces": planned.reproduces,
        "confirms": planned.confirms,
        "duplicates": planned.duplicates,
        "notes": planned.notes,
        "start": min((one.number for one in planned.submissions), default=0),
        "points": list(planned.places),
        "submissions": [one.id for one in planned.submissions],
    }


def _without_secrets(dumped: Json) -> Json:
    """What was declared, without the password that an address of a store may hold."""
    uri = dumped["tracking"]["uri"] if "tracking" in dumped else None
    if uri is not None and hide(uri) != uri:
        return {**dumped, "tracking": {**dumped["tracking"], "uri": None}}
    return dumped


def _points(planned: Plan) -> dict[int, list[Point]]:
    """The points of each cell, by its identity in memory."""
    found = {id(cell): [cell.point] for cell in planned.invalid if cell.point}
    for place in planned.places.values():
        found.setdefault(id(place.cell), []).append(place.point)
    return found


def _cell(cell: Cell, base: Experiment, points: Mapping[int, list[Point]]) -> Json:
    own = {
        name
        for name in type(base).model_fields
        if getattr(cell.experiment, name) != getattr(base, name)
    }
    return {
        "experiment": _without_secrets(
            cell.experiment.model_dump(mode="json", include=own)
        ),
        "points": {point.id: point.repeat for point in points.get(id(cell), ())},
        "labels": [[key, *_value(value)] for key, value in cell.labels.items()],
        "job": cell.job,
        "device": cell.device.digest if cell.device else None,
        "circuits": cell.built.content if cell.built else None,
        "problems": cell.problems,
        "notes": cell.notes,
    }


def _value(value: Any) -> tuple[str, Any]:
    """A value as JSON where that keeps it, else as Python writes it."""
    try:
        if json.loads(json.dumps(value)) == value:
            return "json", value
    except (TypeError, ValueError):
        pass
    return "python", repr(value)


def _built(built: Built) -> Json:
    try:
        kept: list[str] | None = [packed(circuit) for circuit in built.circuits]
    except Exception:  # a circuit that QPY cannot hold is built from its declaration
        kept = None
    return {
        "labels": built.labels,
        "known": None if built.known is None else [dict(d or {}) for d in built.known],
        "qpy": kept,
    }


def thaw(content: bytes) -> Thawed:
    """The plan that was frozen.

    Raises:
        LedgerError: It cannot be made again; says why.
    """
    try:
        frozen: Json = json.loads(content)
        return _thawed(frozen)
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise LedgerError(
            f"the plan of an earlier sweep cannot be read ({type(error).__name__}: "
            f"{error}). It was made by another version of qexp; use that one."
        ) from error


def _thawed(frozen: Json) -> Thawed:
    # a run that was reproduced may be somebody else's
    reproduces = frozen.get("reproduces")
    cells = Cells(frozen, unpacked if reproduces else None)
    made = [cells.make(one) for one in frozen["cells"]]
    planned = plan(
        made,
        swept=frozen["swept"],
        seed=frozen["seed"],
        part=True,
        start=frozen["start"],
        only=frozen["points"],
        confirms=frozen.get("confirms", ""),
    )
    same = [one.id for one in planned.submissions] == frozen["submissions"]
    if not same or planned.places.keys() != set(frozen["points"]):
        raise ValueError("today's planning makes other jobs of it")
    planned = replace(
        planned,
        name=frozen["name"],
        duplicates=frozen["duplicates"],
        notes=tuple(frozen["notes"]),
        reproduces=reproduces,
    )
    return Thawed(planned, tuple(dict.fromkeys(cells.changed)))


def marked(planned: Plan, marks: Mapping[str, str], sweep: str) -> Plan:
    """A plan as that of a sweep, whose jobs are told from those of any other.

    Args:
        planned: The plan.
        marks: For each submission what its job is found by.
        sweep: The sweep.
    """
    submissions = [replace(one, mark=marks[one.id]) for one in planned.submissions]
    return replace(planned, id=sweep, submissions=tuple(submissions))
