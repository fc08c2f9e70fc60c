"""A point that has run: what was declared, what came back, what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qexp.circuits import Built
from qexp.declare.config import CircuitRunnerService, Experiment
from qexp.declare.options import Options
from qexp.devices.cost import reset_seconds
from qexp.devices.device import Device
from qexp.errors import PointFailed
from qexp.planning.plan import Place
from qexp.planning.point import Point
from qexp.planning.seeds import Seeds
from qexp.planning.submission import Job
from qexp.results import compiled, family
from qexp.results.compiled import Compiled
from qexp.results.result import Result
from qexp.results.score import Scored
from qexp.services.compiling import decoded
from qexp.services.program import PROBLEM, reason


@dataclass(frozen=True)
class Ran:
    """Everything that is known of a point once it has run.

    Attributes:
        place: The point, its cell, its seeds, and where it stood in the plan.
        sweep: Id of the sweep.
        job: The receipt.
        result: What came back.
        scores: Scores; empty where the point failed.
        compiled: The compiled circuits; None where the point failed, or the service
            does not tell.
        compile_metrics: See `qexp.results.compiled.metrics`.
        remarks: Why something of this is missing.
        predicted: The twin's scores and the gaps to them, by the names of metrics, where
            that is asked for.
    """

    place: Place
    sweep: str
    job: Job
    result: Result
    scores: tuple[Scored, ...]
    compiled: Compiled | None
    compile_metrics: Mapping[str, float]
    remarks: tuple[str, ...] = ()
    predicted: Mapping[str, float] = field(default_factory=dict)

    @property
    def experiment(self) -> Experiment:
        """What was declared."""
        return self.place.cell.experiment

    @property
    def device(self) -> Device:
        """The device."""
        return self.place.cell.ready[0]

    @property
    def device_then(self) -> Device:
        """The device with the calibration that was in force when the job ran."""
        job = self.result.executed
        return self.device if job is None else job.device(self.device)

    @property
    def built(self) -> Built:
        """The circuits, as declared."""
        return self.place.cell.ready[1]

    @property
    def point(self) -> Point:
        """The point."""
        return self.place.point

    @property
    def seeds(self) -> Seeds:
        """The seeds."""
        return self.place.seeds

    @property
    def notes(self) -> tuple[str, ...]:
        """Options that had no effect, and other remarks."""
        return (*self.place.cell.notes, *self.remarks)

    @property
    def options(self) -> Options:
        """Options with the device's defaults filled in."""
        return self.point.options

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
        return self.place.cell.title


def ran(place: Place, sweep: str, job: Job, result: Result) -> Ran:
    """Score what a point gave, and take the measure of what the compiler made of it."""
    cell = place.cell
    made: Compiled | None = None
    figures: Mapping[str, float] = {}
    remarks = [one.header[PROBLEM] for one in result.measured if PROBLEM in one.header]
    try:
        made, figures = _measured(place, result)
    except Exception as error:
        if not isinstance(cell.experiment.service, CircuitRunnerService):
            raise
        # it is a circuit of somebody else's, and the counts are good
        remarks.append(f"what the service compiled has no figures: {reason(error)}")
    scores: list[Scored] = []
    if not result.error:
        try:
            names = cell.experiment.scored_by
            scores = family.scored(cell.ready[1], result, names)
        except PointFailed as error:  # what was measured is good
            remarks.append(f"{error}. What was measured is kept.")
    told = tuple(dict.fromkeys(remarks))
    return Ran(place, sweep, job, result, tuple(scores), made, figures, told)


def _measured(
    place: Place, result: Result
) -> tuple[Compiled | None, Mapping[str, float]]:
    """The compiled circuits, and their figures."""
    made = _compiled(result)
    if made is None:
        return None, {}
    device, built, _ = place.cell.ready
    share = len(built.circuits) / place.company
    point = place.point
    figures = compiled.metrics(
        made,
        device,
        point.options,
        share=share,
        reset=reset_seconds(point.service),
    )
    _ = made.hash, made.physical_qubits  # MLflow gets them
    return made, figures


def _compiled(result: Result) -> Compiled | None:
    headers = [one.header for one in result.measured]
    if not headers or any("compiled" not in header for header in headers):
        return None
    seconds = [header.get("transpile_seconds") for header in headers]
    known = [float(one) for one in seconds if one is not None]
    return Compiled(
        circuits=tuple(decoded(header["compiled"]) for header in headers),
        seconds=sum(known) if len(known) == len(seconds) else None,
    )
