"""What MLflow gets of a point: params, metrics, tags and files, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import qexp
from qexp.declare.config import CircuitRunnerService, LocalService, Service
from qexp.declare.options import Options
from qexp.declare.twin import Twin
from qexp.planning.cell import Cell
from qexp.planning.plan import Place
from qexp.planning.point import Point
from qexp.planning.seeds import Seeds
from qexp.planning.wording import named
from qexp.results.ran import Ran
from qexp.track.files import point_files, refused_files
from qexp.track.names import short_qubits

Short = Mapping[str, Mapping[str, str]]
"""Short names of values, by param and value; see `qexp.names`."""


CONFIRMS = "qexp.confirms"
"""The tag of a fresh repeat of the best setting: the metric by which that was the best."""


@dataclass(frozen=True)
class Record:
    """One MLflow run.

    Attributes:
        name: The run's name.
        params: Params by name.
        metrics: Metrics by name.
        tags: Tags by name.
        files: Contents of the artifacts by path.
        error: Why the point failed; None where it did not.
        parent: The run of the sweep that it belongs to, or None.
    """

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    parent: str | None = None


def record(ran: Ran, short: Short | None = None, parent: str | None = None) -> Record:
    """The MLflow run of a point.

    Args:
        ran: The point.
        short: Short names for values that begin alike in its sweep.
        parent: The run of its sweep.
    """
    own = params(ran)
    return Record(
        name=ran.title if parent is None else _name(ran.place),
        params={**own, **shortened(own, short or {})},
        metrics=metrics(ran),
        tags=tags(ran),
        files=point_files(ran, effective(ran.options, ran.seeds)),
        error=ran.result.error,
        parent=parent,
    )


def _name(place: Place) -> str:
    """A point of a sweep in a few words, with its repeat where there are several."""
    several, repeat = place.cell.experiment.repeats > 1, place.point.repeat
    if place.confirms:
        return f"{named(place.cell)}, fresh repeat {repeat}"
    return named(place.cell) + (f", repeat {repeat}" if several else "")


def refusal(cell: Cell, sweep: str, short: Short, parent: str | None) -> Record:
    """The MLflow run of a cell that cannot be run: FAILED, with the reason."""
    reason = "\n".join(cell.problems)
    own = texts(declared_params(cell, cell.point, None))
    tags = {
        "qexp.sweep": sweep,
        "qexp.version": qexp.__version__,
        "qexp.error": reason,
        **({"qexp.point": cell.point.id} if cell.point else {}),
    }
    return Record(
        name=named(cell),
        params={**own, **shortened(own, short)},
        metrics={},
        tags=tags,
        files=refused_files(cell),
        error=reason,
        parent=parent,
    )


def params(ran: Ran) -> dict[str, str]:
    """Every declared value that took effect, by the names of the docs."""
    values = declared_params(ran.place.cell, ran.point, ran.seeds)
    if ran.compiled is not None:
        qubits = ran.compiled.physical_qubits
        values["physical_qubits"] = qubits
        values["physical_qubits_short"] = short_qubits(qubits)
        values["compiled_hash"] = ran.compiled.hash
    return texts(values)


def planned_params(place: Place) -> dict[str, str]:
    """The params of a point that are known before it is run."""
    return texts(declared_params(place.cell, place.point, place.seeds))


def declared_params(
    cell: Cell, point: Point | None, seeds: Seeds | None
) -> dict[str, Any]:
    """What was declared, with what took effect where that is known.

    Args:
        cell: The cell.
        point: Its point; None where there is none.
        seeds: Its seeds; None where none were drawn.
    """
    experiment = cell.experiment
    arguments = experiment.circuit.model_dump(exclude={"kind"})
    options = experiment.options if point is None else point.options
    return {
        "experiment": experiment.name,
        "circuit": experiment.circuit.kind,
        **{f"circuit.{name}": value for name, value in arguments.items()},
        "backend": cell.device_name,
        **_service(experiment.service, cell.labels),
        "repeat": 0 if point is None else point.repeat,
        **(
            {"seed": seeds.sweep, "seed_simulator": seeds.simulator}
            if seeds is not None
            else {}
        ),
        **effective(options, seeds),
    }


def _service(service: Service, labels: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(service, LocalService):
        return {
            "service": service.kind,
            "service.noise": service.noise,
            **_twin(service, labels),
        }
    if isinstance(service, CircuitRunnerService):
        return {"service": service.kind, "service.compile": service.compile}
    return {"service": service.kind}


def _twin(service: LocalService, labels: Mapping[str, Any]) -> dict[str, Any]:
    """The twin's parameters that vary in the sweep, or are not the usual ones."""
    own, usual = service.twin.model_dump(), Twin().model_dump()
    keys = {f"service.twin.{name}": name for name in own}
    return {
        key: own[name]
        for key, name in keys.items()
        if service.noise == "device" and (key in labels or own[name] != usual[name])
    }


def effective(options: Options, seeds: Seeds | None) -> dict[str, Any]:
    """Each option under its own name with the value that took effect.

    Args:
        options: Options with the device's defaults filled in.
        seeds: The seeds; None where none were drawn.
    """
    routing = "stochastic" if options.optimization_level == 0 else "sabre"
    return {
        **options.model_dump(),
        "layout_method": options.layout_method or "default",
        "routing_method": options.routing_method or routing,
        "translation_method": options.translation_method or "translator",
        **({} if seeds is None else {"seed_transpiler": seeds.transpiler}),
    }


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as MLflow keeps them: text, and JSON where there is structure."""
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else str(value)
        for name, value in values.items()
    }


def shortened(own: Mapping[str, str], short: Short) -> dict[str, str]:
    """`<name>_short` for those params whose values begin alike."""
    return {
        f"{name}_short": names[own[name]]
        for name, names in short.items()
        if own.get(name) in names
    }


def metrics(ran: Ran) -> dict[str, float]:
    """Scores with their intervals, then the compiler's figures.

    In this order: MLflow's Compare page opens with the metric that was logged first.
    """
    found: dict[str, float] = {}
    for scored in ran.scores:
        values = {
            "": scored.value,
            "_low": scored.low,
            "_high": scored.high,
            "_plugin": scored.plugin,
            "_ideal": scored.ideal,
        }
        found |= {scored.name + k: v for k, v in values.items() if v is not None}
    executed = {} if ran.result.executed is None else ran.result.executed.figures
    return {**found, **ran.compile_metrics, **executed, **ran.predicted}


def _moments(ran: Ran) -> dict[str, str]:
    """When the job was created, began to run, and was finished, as the service says."""
    job = ran.result.executed
    return {} if job is None else {f"qexp.job_{k}": one for k, one in job.times.items()}


def tags(ran: Ran) -> dict[str, str]:
    """The tags that searches use."""
    place, then = ran.place, ran.device_then
    found = {
        "qexp.point": ran.point.id,
        "qexp.sweep": ran.sweep,
        "qexp.submission": place.submission,
        "qexp.job": ran.job.id,
        "qexp.block": str(place.block),
        "qexp.job_number": str(place.job),
        "qexp.position": str(place.position),
        "qexp.version": qexp.__version__,
        "qexp.calibration": f"{then.calibrated} {then.digest[:12]}",
        **_moments(ran),
    }
    if place.confirms:
        found[CONFIRMS] = place.confirms
    if ran.result.error:
        found["qexp.error"] = ran.result.error
    if ran.notes:
        found["qexp.notes"] = "\n".join(ran.notes)
    notes = {scored.name: scored.note for scored in ran.scores if scored.note}
    return found | {f"qexp.note.{name}": note for name, note in notes.items()}
