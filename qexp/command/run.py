"""The pipeline: from a plan to runs in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from qexp.command.interrupt import from_here_on, orderly
from qexp.planning.plan import Plan
from qexp.planning.submission import Job, Submission
from qexp.results import result
from qexp.results.outcome import Outcome
from qexp.results.ran import Ran, ran
from qexp.results.result import Result
from qexp.results.score import score
from qexp.services import Arrival, Runner
from qexp.shown.progress import Sweeping
from qexp.shown.screen import Screen
from qexp.track import sweep
from qexp.track.finished import Finished
from qexp.track.logbook import Logbook
from qexp.track.record import Record, metrics, record, refusal
from qexp.track.sweep import Table, Watched

DRAWN = 16
"""Most points of a sweep whose pictures are drawn where it is not said."""


@dataclass(frozen=True)
class Work:
    """One plan under way: what turns answers into runs."""

    finished: Finished
    sent: dict[str, Submission]
    short: dict[str, dict[str, str]]
    keep: bool
    logbook: Logbook


def run(planned: Plan, runner: Runner, logbook: Logbook, screen: Screen) -> Finished:
    """Run a plan and log it.

    Args:
        planned: What is to be run.
        runner: The service.
        logbook: MLflow, not open yet or open from an earlier plan of the same command.
        screen: Where progress goes.

    Raises:
        ServiceError: The service failed.
        TrackingError: MLflow cannot be written to.
    """
    from_here_on()
    logbook.open(planned.name)
    if planned.paid:
        logbook.ready()  # nothing is paid for that could not be logged
    sent = submit(planned, runner)
    if planned.swept:
        logbook.start(sweep.parent(planned))
    finished = Finished(planned, Table())
    work = Work(finished, sent, sweep.short(planned), keeps(planned), logbook)
    refuse(work)
    with Sweeping(screen, len(planned.places), lambda: runner.running) as shown:

        def stop() -> None:
            runner.stop()
            shown.stopping()

        with orderly(stop) as ctrl_c:
            for arrival in runner.arrivals():
                collect(arrival, runner, work, shown)
                logbook.require()
            if not ctrl_c.asked:
                shown.logging()
            wait(finished)
    finished.interrupted = ctrl_c.asked and len(finished.outcomes) < len(planned.places)
    return finished


def submit(planned: Plan, runner: Runner) -> dict[str, Submission]:
    """Submit everything, in the plan's order; each submission by its id."""
    for one in planned.submissions:
        runner.submit(one)
    return {one.id: one for one in planned.submissions}


def parts(planned: Plan) -> int:
    """How many parts the submissions of a plan have."""
    return sum(len(one.parts) for one in planned.submissions)


def keeps(planned: Plan) -> bool:
    """Whether everything known of the points is kept until pictures are drawn."""
    pictures = planned.first.experiment.tracking.pictures
    few = len(planned.places) <= DRAWN
    return not planned.swept or pictures == "all" or (pictures == "auto" and few)


def refuse(work: Work) -> None:
    """Log the cells that cannot be run."""
    planned = work.finished.plan
    for cell in planned.invalid:
        made = partial(refusal, cell, planned.id, work.short)
        work.logbook.log(made)
        record_ = made(None)
        work.finished.table.refuse(record_.params, record_.error or "")


def collect(arrival: Arrival, runner: Runner, work: Work, shown: Sweeping) -> None:
    """Take an answer apart, score what it has, and have it logged."""
    submission, job = work.sent[arrival.job.submission], arrival.job
    for one in result.split(submission, runner.decode(arrival.raw)):
        if one.name in work.finished.plan.places:
            take(one, job, work)
            shown.advance(failed=one.error is not None)
        else:
            watch(one, submission, work.finished)


def take(measured: Result, job: Job, work: Work) -> None:
    """One point's result."""
    planned = work.finished.plan
    one = ran(planned.places[measured.name], planned.id, job, measured)
    work.finished.table.add(one)
    run_id = work.logbook.log(partial(_record, one, work))
    work.finished.outcomes[measured.name] = Outcome(
        measured.name, measured.error, metrics(one), run_id, one if work.keep else None
    )


def _record(one: Ran, work: Work, parent: str | None) -> Record:
    made = record(one, work.short, parent)
    if work.finished.plan.swept:
        return made
    made.files.update(sweep.files(work.finished.plan, work.finished.table))
    return made


def watch(measured: Result, submission: Submission, finished: Finished) -> None:
    """A sentinel's result."""
    known = finished.plan.sentinels[submission.id]
    place = measured.name.rpartition("-")[2]
    scores = (
        [] if measured.error else score(known.built, measured, ["success_probability"])
    )
    raw = [one for one in scores if one.name == "raw_success_probability"]
    finished.table.watched.append(
        Watched(
            job=submission.number,
            block=submission.block,
            place=place,
            step=2 * submission.number + (place == "close"),
            scored=raw[0] if raw else None,
            error=measured.error,
        )
    )


def wait(finished: Finished) -> None:
    """Wait until every point is logged.

    Raises:
        TrackingError: MLflow refused; says why.
    """
    for outcome in finished.outcomes.values():
        outcome.run_id.result()


def steps(tables: Sequence[Table]) -> list[tuple[str, float, int]]:
    """What the sentinels measured, as metrics over time: name, value, step."""
    found = []
    watched = [one for table in tables for one in table.watched]
    for step, one in enumerate(sorted(watched, key=lambda one: one.step)):
        if one.scored is not None:
            values = {
                "": one.scored.value,
                "_low": one.scored.low,
                "_high": one.scored.high,
            }
            found += [
                (f"sentinel{end}", value, step)
                for end, value in values.items()
                if value is not None
            ]
    return found
