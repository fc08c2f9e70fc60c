"""The pipeline: from a declared experiment to a run in MLflow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from qexp import circuits, compiled, device, plan, result, score, seeds
from qexp.checks import require, without_effect
from qexp.circuits import Built
from qexp.config import Experiment, GhzCircuit
from qexp.device import Device
from qexp.errors import ConfigError
from qexp.options import Options
from qexp.plan import Job, Submission
from qexp.point import Point
from qexp.record import Ran, record
from qexp.result import Result
from qexp.screen import Screen
from qexp.seeds import Seeds
from qexp.services.connect import connect
from qexp.services.program import PROGRAM, decoded
from qexp.snapshot import backend
from qexp.track.client import Tracker


@dataclass(frozen=True)
class Outcome:
    """What a point came to.

    Attributes:
        ran: Everything that is known of it.
        run_id: Its MLflow run.
    """

    ran: Ran
    run_id: str


def run(experiment: Experiment, tracker: Tracker, screen: Screen) -> Outcome:
    """Run a point and log it.

    Args:
        experiment: What was declared.
        tracker: MLflow's process, not opened yet.
        screen: Where progress and remarks go.

    Raises:
        ConfigError: The point cannot be run; nothing was written.
        ServiceError: The service failed.
        TrackingError: MLflow cannot be written to.
    """
    machine = device.load(experiment.backend)
    _simulable(experiment, machine)
    built = circuits.build(experiment.circuit)
    require(experiment.options, machine, experiment.service, built)
    notes = without_effect(experiment.options, machine, experiment.service, built)
    for note in notes:
        screen.note(note)
    point = make_point(experiment, machine, built)
    drawn = seeds.draw(experiment.seed, experiment.options, point.repeat)
    submission = plan.submission(point, built, drawn)
    service = connect(experiment.service, machine)
    tracker.open(experiment.name)
    with screen.step(f"running {point.id} on {machine.name}"):
        job = service.submit(submission)
        answer = service.decode(service.fetch(job))
    (measured,) = result.split(submission, answer)
    ran = _ran(experiment, machine, built, drawn, submission, job, measured, notes)
    with screen.step("logging to MLflow"):
        tracker.ready()
        run_id = tracker.log(record(ran))
    return Outcome(ran, run_id)


def _simulable(experiment: Experiment, machine: Device) -> None:
    """Refuse a device that terra or Aer cannot make sense of.

    Raises:
        ConfigError: Says what they stumbled over.
    """
    circuit = experiment.circuit
    if isinstance(circuit, GhzCircuit) and circuit.num_qubits > machine.num_qubits:
        raise ConfigError(
            f"circuit.num_qubits = {circuit.num_qubits}: {machine.name} has "
            f"{machine.num_qubits} qubits. Choose fewer or a larger backend."
        )
    try:
        backend(machine)
    except Exception as error:  # terra raises whatever its parsing runs into
        source = experiment.backend
        raise ConfigError(
            f"backend.configuration = {source.configuration}, backend.properties = "
            f"{source.properties}: terra cannot read them "
            f"({type(error).__name__}: {error})."
        ) from error


def illustrate(outcome: Outcome, tracker: Tracker, screen: Screen) -> None:
    """Draw the pictures and the report of a finished run, and add them to it."""
    # matplotlib is imported when the result is out
    from qexp.pictures import pictures, summary_pictures
    from qexp.report import page

    ran = outcome.ran
    which = ran.experiment.tracking.pictures
    with screen.step("drawing"):
        drawn = {} if which == "none" else summary_pictures(ran)
        drawn |= pictures(ran) if which == "all" else {}
        files = drawn | {"report.html": page(ran, drawn).encode()}
    with screen.step("logging pictures to MLflow"):
        tracker.add(outcome.run_id, files)


def make_point(experiment: Experiment, machine: Device, built: Built) -> Point:
    """The point that an experiment declares on a device."""
    options = experiment.options.with_defaults(machine.option_defaults)
    return Point(
        circuit=experiment.circuit,
        content=built.content,
        backend=machine.name,
        snapshot=machine.digest,
        service=experiment.service,
        program=PROGRAM,
        options=canonical(options),
    )


def canonical(options: Options) -> Options:
    """Options in which equal things are written alike: a layout is always a list."""
    layout = options.initial_layout
    if not isinstance(layout, dict):
        return options
    physical = [layout[qubit] for qubit in sorted(layout)]
    return options.model_copy(update={"initial_layout": physical})


def sweep_id(experiment: Experiment, points: list[Point]) -> str:
    """Twelve hexadecimal digits that name a sweep: MLflow experiment, service, points."""
    parts = [experiment.name, experiment.service.kind, *(point.id for point in points)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _ran(
    experiment: Experiment,
    machine: Device,
    built: Built,
    drawn: Seeds,
    submission: Submission,
    job: Job,
    measured: Result,
    notes: list[str],
) -> Ran:
    made = _compiled(measured)
    options = measured.point.options
    properties = backend(machine).properties()
    return Ran(
        experiment=experiment,
        device=machine,
        built=built,
        seeds=drawn,
        submission=submission,
        job=job,
        result=measured,
        scores=()
        if measured.error
        else tuple(score.score(built, measured, experiment.metrics)),
        compiled=made,
        compile_metrics=compiled.metrics(made, machine, properties, options)
        if made
        else {},
        sweep=sweep_id(experiment, [measured.point]),
        notes=tuple(notes),
    )


def _compiled(measured: Result) -> compiled.Compiled | None:
    headers = [one.header for one in measured.measured]
    if not headers or any("compiled" not in header for header in headers):
        return None
    return compiled.Compiled(
        circuits=tuple(decoded(header["compiled"]) for header in headers),
        seconds=sum(float(header["transpile_seconds"]) for header in headers),
    )
