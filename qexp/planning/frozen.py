"""A plan as bytes, from which it can be made again when files have changed.

What is kept are the cells: everything declared, the devices, and the circuits as QPY. The
plan follows from them and the seed, and is compared with what it was.
"""

from __future__ import annotations

import ast
import base64
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qiskit import QuantumCircuit, qpy

from qexp.circuits import Builder, Built
from qexp.declare.config import Experiment, PythonCircuit, QasmCircuit
from qexp.devices import device as devices
from qexp.devices.device import Device
from qexp.errors import ConfigError, LedgerError
from qexp.planning.cell import Cell, make_point
from qexp.planning.plan import Plan, plan
from qexp.secrets import hide

Json = dict[str, Any]


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
    cells = [*planned.cells, *planned.invalid, *planned.dropped]
    base = planned.first.experiment
    content: Json = {
        "base": _without_secrets(base.model_dump(mode="json")),
        "cells": [_cell(cell, base) for cell in cells],
        "devices": {
            cell.device.digest: cell.device.to_dict()
            for cell in cells
            if cell.device is not None
        },
        "circuits": {
            built.content: _built(built)
            for built in {id(c.built): c.built for c in cells if c.built}.values()
        },
        "name": planned.name,
        "seed": planned.seed,
        "swept": planned.swept,
        "duplicates": planned.duplicates,
        "notes": planned.notes,
        "start": min((one.number for one in planned.submissions), default=0),
        "points": list(planned.places),
        "submissions": [one.id for one in planned.submissions],
    }
    return json.dumps(content).encode()


def _without_secrets(dumped: Json) -> Json:
    """What was declared, without the password that an address of a store may hold."""
    uri = dumped["tracking"]["uri"]
    if uri is not None and hide(uri) != uri:
        return {**dumped, "tracking": {**dumped["tracking"], "uri": None}}
    return dumped


def _cell(cell: Cell, base: Experiment) -> Json:
    own = {
        name
        for name in type(base).model_fields
        if getattr(cell.experiment, name) != getattr(base, name)
    }
    return {
        "experiment": cell.experiment.model_dump(mode="json", include=own),
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


def _read_value(how: str, value: Any) -> Any:
    if how == "json":
        return value
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return value


def _built(built: Built) -> Json:
    stream = io.BytesIO()
    try:
        qpy.dump(list(built.circuits), stream)
        qpy_ = base64.b64encode(stream.getvalue()).decode()
    except Exception:  # a circuit that QPY cannot hold is built from its declaration
        qpy_ = None
    return {
        "labels": built.labels,
        "known": None if built.known is None else [dict(d or {}) for d in built.known],
        "qpy": qpy_,
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
    cells = _Cells(frozen)
    made = [cells.make(one) for one in frozen["cells"]]
    planned = plan(
        made,
        swept=frozen["swept"],
        seed=frozen["seed"],
        part=True,
        start=frozen["start"],
        only=frozen["points"],
    )
    same = [one.id for one in planned.submissions] == frozen["submissions"]
    if not same or planned.places.keys() != set(frozen["points"]):
        raise ValueError("today's planning makes other jobs of it")
    planned = replace(
        planned,
        name=frozen["name"],
        duplicates=frozen["duplicates"],
        notes=tuple(frozen["notes"]),
    )
    return Thawed(planned, tuple(dict.fromkeys(cells.changed)))


class _Cells:
    """Makes cells again, equal sections and circuits once."""

    def __init__(self, frozen: Json) -> None:
        self._base = Experiment.model_validate_json(json.dumps(frozen["base"]))
        self._devices = {
            digest: Device(**fields) for digest, fields in frozen["devices"].items()
        }
        self._frozen = frozen["circuits"]
        self._circuits: dict[tuple[str, str], Built] = {}
        self._builder = Builder()
        self._sections: dict[str, Any] = {}
        self.changed: list[str] = []

    def make(self, one: Json) -> Cell:
        experiment = self._experiment(one["experiment"])
        device = self._device(experiment, one["device"])
        built = self._built(experiment, one["circuits"])
        point = None
        if device is not None and built is not None:
            point = make_point(experiment, device, built)
        return Cell(
            experiment,
            {key: _read_value(how, value) for key, how, value in one["labels"]},
            one["job"],
            device,
            built,
            point,
            tuple(one["problems"]),
            tuple(one["notes"]),
        )

    def _experiment(self, own: Json) -> Experiment:
        found = {}
        for name, value in own.items():
            key = f"{name} {json.dumps(value)}"
            if key not in self._sections:
                whole = self._base.model_dump(mode="json") | {name: value}
                read = Experiment.model_validate_json(json.dumps(whole))
                self._sections[key] = getattr(read, name)
            found[name] = self._sections[key]
        return self._base.model_copy(update=found)

    def _device(self, experiment: Experiment, digest: str | None) -> Device | None:
        if digest is None:
            return None
        try:
            now: Device | None = devices.load(experiment.backend)
        except ConfigError:
            now = None
        if now is not None and now.digest == digest:
            return now
        self.changed.append(f"backend ({self._devices[digest].name})")
        return self._devices[digest]

    def _built(self, experiment: Experiment, content: str | None) -> Built | None:
        if content is None:
            return None
        key = (content, repr(experiment.circuit))
        if key not in self._circuits:
            self._circuits[key] = self._find(experiment, content)
        return self._circuits[key]

    def _find(self, experiment: Experiment, content: str) -> Built:
        try:
            now = self._builder.build(experiment.circuit)
            if now.content == content:
                return now
            why = "has changed"
        except Exception as error:  # whatever a user's function raises
            why = str(error).splitlines()[0]
        frozen = self._frozen[content]
        source = _source(experiment)
        if frozen["qpy"] is None:
            raise ValueError(f"{source}: {why}, and its circuits could not be kept")
        self.changed.append(source)
        known = frozen["known"]
        return Built(
            tuple(_circuits(frozen["qpy"])),
            content,
            tuple(frozen["labels"]),
            None if known is None else tuple(one or None for one in known),
        )


def _circuits(text: str) -> Iterable[QuantumCircuit]:
    found: list[QuantumCircuit] = qpy.load(io.BytesIO(base64.b64decode(text)))
    return found


def _source(experiment: Experiment) -> str:
    circuit = experiment.circuit
    if isinstance(circuit, QasmCircuit):
        return f"circuit.files = {circuit.files}"
    if isinstance(circuit, PythonCircuit):
        return f"circuit.function = {circuit.function}"
    return f"circuit.kind = {circuit.kind}"


def marked(planned: Plan, marks: Mapping[str, str], sweep: str) -> Plan:
    """A plan as that of a sweep, whose jobs are told from those of any other.

    Args:
        planned: The plan.
        marks: For each submission what its job is found by.
        sweep: The sweep.
    """
    submissions = [replace(one, mark=marks[one.id]) for one in planned.submissions]
    return replace(planned, id=sweep, submissions=tuple(submissions))
