"""What MLflow gets of a point: params, metrics, tags and files, as plain values."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import yaml
from qiskit import QuantumCircuit, qasm3

import qexp
from qexp.circuits import Built
from qexp.compiled import Compiled
from qexp.config import Experiment
from qexp.device import Device
from qexp.options import Options
from qexp.plan import Job, Submission
from qexp.result import Result
from qexp.score import Scored
from qexp.seeds import Seeds

STACK = (
    "qiskit-terra",
    "qiskit-aer",
    "mthree",
    "numpy",
    "scipy",
    "mlflow",
    "hydra-core",
)
"""Packages whose versions are kept with a run."""

EFFECTS = (
    "metric option level reference effect low high p_holm n_pairs n_blocks unit alias note"
).split()
"""Columns of effects.csv."""


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
    """

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Ran:
    """Everything that is known of a point once it has run.

    Attributes:
        experiment: What was declared.
        device: The device.
        built: The circuits.
        seeds: The seeds.
        submission: What was sent.
        job: The receipt.
        result: What came back.
        scores: Scores; empty where the point failed.
        compiled: The compiled circuits; None where the point failed.
        compile_metrics: See `qexp.compiled.metrics`.
        sweep: Id of the sweep.
        notes: Options that had no effect, and other remarks.
    """

    experiment: Experiment
    device: Device
    built: Built
    seeds: Seeds
    submission: Submission
    job: Job
    result: Result
    scores: tuple[Scored, ...]
    compiled: Compiled | None
    compile_metrics: Mapping[str, float]
    sweep: str
    notes: tuple[str, ...]

    @property
    def options(self) -> Options:
        """Options with the device's defaults filled in."""
        return self.result.point.options

    @property
    def told_apart(self) -> list[Scored]:
        """The scores without raw ones that only repeat: where nothing is mitigated."""
        mitigated = self.options.measurement_error_mitigation
        return [
            one for one in self.scores if mitigated or not one.name.startswith("raw_")
        ]

    @property
    def title(self) -> str:
        """The circuit and the device in a few words."""
        labels = self.built.labels
        circuit = labels[0] if len(labels) == 1 else f"{len(labels)} circuits"
        return f"{circuit} on {self.device.name}"


def record(ran: Ran) -> Record:
    """The MLflow run of a point."""
    return Record(
        name=ran.title,
        params=params(ran),
        metrics=metrics(ran),
        tags=tags(ran),
        files=files(ran),
        error=ran.result.error,
    )


def params(ran: Ran) -> dict[str, str]:
    """Every declared value that took effect, by the names of the docs."""
    experiment, point = ran.experiment, ran.result.point
    arguments = experiment.circuit.model_dump(exclude={"kind"})
    values: dict[str, Any] = {
        "experiment": experiment.name,
        "circuit": experiment.circuit.kind,
        **{f"circuit.{name}": value for name, value in arguments.items()},
        "backend": ran.device.name,
        "service": experiment.service.kind,
        "service.noise": experiment.service.noise,
        "repeat": point.repeat,
        "seed": ran.seeds.sweep,
        "seed_simulator": ran.seeds.simulator,
        **effective(ran.options, ran.seeds),
    }
    if ran.compiled is not None:
        values["physical_qubits"] = ran.compiled.physical_qubits
        values["compiled_hash"] = ran.compiled.hash
    return {name: _text(value) for name, value in values.items()}


def effective(options: Options, seeds: Seeds) -> dict[str, Any]:
    """Each option under its own name with the value that took effect.

    Args:
        options: Options with the device's defaults filled in.
        seeds: The seeds.
    """
    routing = "stochastic" if options.optimization_level == 0 else "sabre"
    return {
        **options.model_dump(),
        "layout_method": options.layout_method or "default",
        "routing_method": options.routing_method or routing,
        "translation_method": options.translation_method or "translator",
        "seed_transpiler": seeds.transpiler,
    }


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def metrics(ran: Ran) -> dict[str, float]:
    """Scores with their intervals, and the compiler's figures."""
    found = dict(ran.compile_metrics)
    for scored in ran.scores:
        values = {
            "": scored.value,
            "_low": scored.low,
            "_high": scored.high,
            "_plugin": scored.plugin,
            "_ideal": scored.ideal,
        }
        found |= {scored.name + k: v for k, v in values.items() if v is not None}
    return found


def tags(ran: Ran) -> dict[str, str]:
    """The tags that searches use."""
    found = {
        "qexp.point": ran.result.point.id,
        "qexp.sweep": ran.sweep,
        "qexp.submission": ran.submission.id,
        "qexp.job": ran.job.id,
        "qexp.version": qexp.__version__,
        "qexp.calibration": f"{ran.device.calibrated} {ran.device.digest[:12]}",
    }
    if ran.result.error:
        found["qexp.error"] = ran.result.error
    if ran.notes:
        found["qexp.notes"] = "\n".join(ran.notes)
    notes = {scored.name: scored.note for scored in ran.scores if scored.note}
    return found | {f"qexp.note.{name}": note for name, note in notes.items()}


def files(ran: Ran) -> dict[str, str]:
    """The artifacts of a point, and of the sweep that consists of it alone."""
    found = {
        "config.yaml": config_yaml(ran),
        "backend.json": json.dumps(ran.device.to_dict(), indent=1),
        "plan.json": json.dumps(plan(ran), indent=1),
        "summary.csv": summary_csv(ran),
        "effects.csv": ",".join(EFFECTS) + "\n",
        **_qasm("circuits", list(ran.submission.circuits)),
    }
    if ran.result.error is None:
        measured = ran.result.measured
        found["counts.json"] = json.dumps([one.counts for one in measured], indent=1)
        if any(one.quasi is not None for one in measured):
            found["quasi.json"] = json.dumps([one.quasi for one in measured], indent=1)
        if any(one.memory is not None for one in measured):
            found["memory.json"] = json.dumps([one.memory for one in measured])
    if ran.compiled is not None:
        found |= _qasm("transpiled", list(ran.compiled.circuits))
    return found


def _qasm(folder: str, circuits: list[QuantumCircuit]) -> dict[str, str]:
    return {f"{folder}/{k}.qasm": qasm(circuit) for k, circuit in enumerate(circuits)}


def qasm(circuit: QuantumCircuit) -> str:
    """OpenQASM 3 with the circuit's name as a first-line comment."""
    try:
        text = qasm3.dumps(circuit)
    except Exception as error:  # terra's exporter has no word for some instructions
        text = f"// cannot be written as OpenQASM 3: {error}\n"
    return f"// {circuit.name}\n{text}"


def config_yaml(ran: Ran) -> str:
    """What was declared and what took effect; tracking is left out."""
    content = {
        "declared": ran.experiment.model_dump(exclude={"tracking"}),
        "effective": effective(ran.options, ran.seeds),
        "seeds": {
            "seed": ran.seeds.sweep,
            "seed_transpiler": ran.seeds.transpiler,
            "seed_simulator": ran.seeds.simulator,
            "circuits": [
                one.header.get("seed_simulator") for one in ran.result.measured
            ],
        },
        "point": ran.result.point.identity,
        "versions": versions(),
    }
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return text


def versions() -> dict[str, str]:
    """Versions of qexp, Python and the packages that decide results."""
    found = {"qexp": qexp.__version__, "python": platform.python_version()}
    return found | {name: version(name) for name in STACK}


def plan(ran: Ran) -> dict[str, Any]:
    """The plan: its one point and its one job."""
    return {
        "sweep": ran.sweep,
        "points": [
            {"id": point.id, "identity": point.identity}
            for point in ran.submission.points
        ],
        "jobs": [
            {
                "submission": ran.submission.id,
                "circuits": len(ran.submission.circuits),
                "shots": ran.options.shots,
                "quantum_seconds": ran.compile_metrics.get("quantum_seconds"),
            }
        ],
    }


def summary_csv(ran: Ran) -> str:
    """One row for the point: params, metrics, and why it failed."""
    row = {"point": ran.result.point.id, **params(ran), **metrics(ran)}
    row["error"] = ran.result.error or ""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return stream.getvalue()
