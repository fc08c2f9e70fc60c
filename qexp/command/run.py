"""The pipeline: from a plan to runs in MLflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from qexp.command.interrupt import from_here_on, heeding, orderly
from qexp.command.projected import There, there
from qexp.command.watch import Watch
from qexp.errors import ServiceError, TrackingError
from qexp.ledger.book import Book
from qexp.ledger.records import Answer
from qexp.planning.plan import Plan
from qexp.planning.submission import Job, Submission
from qexp.promise import Promise
from qexp.results import result
from qexp.results.outcome import Outcome
from qexp.results.predicted import predicted
from qexp.results.ran import Ran, ran
from qexp.results.result import Result
from qexp.services import Arrival, Reading
from qexp.shown.progress import Sweeping
from qexp.shown.screen import Screen
from qexp.track import sweep
from qexp.track.finished import Finished
from qexp.track.logbook import Logbook
from qexp.track.record import Record, record, refusal
from qexp.track.sweep import Table
from qexp.track.watched import watched

DRAWN = 16
"""Most points of a sweep whose pictures are drawn where it is not said."""


@dataclass(frozen=True)
class Work:
    """One plan under way: what turns answers into runs.

    Attributes:
        finished: What the plan has come to so far.
        sent: Its submissions, by id.
        short: Short names for values that begin alike.
        keep: Whether everything known of the points is kept.
        logbook: MLflow.
        book: The ledger.
        store: The MLflow store, as the ledger names it.
        there: What that store has of the sweep; None where nothing can be there.
        reused: Where points come from that another sweep has measured.
    """

    finished: Finished
    sent: dict[str, Submission]
    short: dict[str, dict[str, str]]
    keep: bool
    logbook: Logbook
    book: Book
    store: str
    there: There | None = None
    reused: Mapping[str, str] = field(default_factory=dict)


def run(
    planned: Plan,
    runner: Reading,
    logbook: Logbook,
    screen: Screen,
    watch: Watch,
    source: Iterable[Arrival],
    *,
    store: str,
    before: bool,
    reused: Mapping[str, str] | None = None,
) -> Finished:
    """Run a plan and log it.

    Args:
        planned: What is to be run, as the ledger has it.
        runner: The service, or who reads its answers.
        logbook: MLflow, not open yet or open from an earlier plan of the same command.
        screen: Where progress goes.
        watch: The ledger, and the budget.
        source: The answers; nothing is sent before the first is asked for.
        store: The MLflow store, as the ledger names it.
        before: Whether an earlier process may have run some of it.
        reused: Where points come from that another sweep has measured.

    Raises:
        ServiceError: The service failed.
        LedgerError: What was sent or got cannot be written down.
        TrackingError: MLflow could not be written to from the start.
    """
    from_here_on()
    assert watch.book is not None
    finished = Finished(planned, Table())
    work = Work(
        finished,
        {one.id: one for one in planned.submissions},
        sweep.short(planned),
        keeps(planned),
        logbook,
        watch.book,
        store,
        begin(planned, logbook, watch.book, store, before=before),
        reused or {},
    )
    refuse(work)
    with Sweeping(screen, len(planned.places), lambda: runner.running) as shown:

        def stop() -> None:
            runner.stop()
            shown.stopping()

        with orderly(stop) as ctrl_c, heeding(watch.book, stop) as asked:
            for arrival in source:
                collect(arrival, runner, work, shown, watch)
                require(logbook, before=before)
            if not ctrl_c.asked:
                shown.logging()
            wait(finished, logbook)
    missing = len(finished.outcomes) < len(planned.places)
    finished.interrupted = (ctrl_c.asked or asked.done) and missing
    finished.detached = not watch.wait and missing and not finished.interrupted
    if finished.detached:
        known = watch.book.submissions()
        finished.jobs = {one.id: known[one.id].job for one in planned.submissions}
    finished.unfetched = {k: why for k, why in watch.missing.items() if k in work.sent}
    finished.paused = watch.purse.told if watch.purse.refused and missing else None
    return finished


def begin(
    planned: Plan, logbook: Logbook, book: Book, store: str, *, before: bool
) -> There | None:
    """Open MLflow and start the run of the sweep; what MLflow has of it already.

    Raises:
        TrackingError: MLflow cannot be written to, and nothing was sent.
    """
    logbook.open(planned.name, book.writer_lock)
    if planned.paid and not before:
        logbook.ready()  # nothing is paid for that could not be logged
    if planned.swept:
        note = partial(book.logged, "", store)
        logbook.start(sweep.parent(planned), note, again=before)
    return there(logbook, book, store) if before else None


def require(logbook: Logbook, *, before: bool) -> None:
    """Go on without MLflow where it was there once; its runs are made up for later.

    Raises:
        TrackingError: It was never there, and nothing was paid for.
    """
    away = logbook.away
    never = not logbook.opened and not before
    if away is not None and (never or not isinstance(away, TrackingError)):
        raise away


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
        record_ = made(None)
        if work.there is None or not work.there.refused(record_.name):
            work.logbook.log(made, again=work.there is not None)
        work.finished.table.refuse(record_.params, record_.error or "")


def collect(
    arrival: Arrival, runner: Reading, work: Work, shown: Sweeping, watch: Watch
) -> None:
    """Take an answer apart, score what it has, and have it logged."""
    submission, job = work.sent[arrival.job.submission], arrival.job
    try:
        found = list(result.split(submission, runner.decode(arrival.raw)))
    except ServiceError as error:  # the others may well be fine
        watch.refused(arrival, submission, str(error))
        return
    for one in found:
        if one.name in work.finished.plan.places:
            take(one, job, work)
            shown.advance(failed=one.error is not None)
        elif submission.id in work.finished.plan.sentinels:
            note_drift(one, submission, work.finished, arrival)


def take(measured: Result, job: Job, work: Work) -> None:
    """One point's result."""
    planned = work.finished.plan
    place = planned.places[measured.name]
    one = ran(place, planned.id, job, measured)
    if planned.paid and planned.first.experiment.tracking.predict:
        one = predicted(one)
    work.book.settle(measured.name, measured.error)
    scores = work.finished.table.add(one)
    run_id = _logged(one, work)
    work.finished.outcomes[measured.name] = Outcome(
        measured.name,
        measured.error,
        scores,
        run_id,
        one if work.keep else None,
    )


def _logged(one: Ran, work: Work) -> Promise[str]:
    """The run of a point: the one that is there, or a new one."""
    point = one.point.id
    known = None if work.there is None else work.there.whole(point, one.result.error)
    if known is not None:
        work.book.logged(point, work.store, known)
        return Promise(known)
    note = partial(work.book.logged, point, work.store)
    return work.logbook.log(
        partial(_record, one, work), note, again=work.there is not None
    )


def _record(one: Ran, work: Work, parent: str | None) -> Record:
    made = record(one, work.short, parent)
    if one.point.id in work.reused:
        made.tags["qexp.reused_from"] = work.reused[one.point.id]
    if work.finished.plan.reproduces is not None:
        made.tags["qexp.reproduces"] = work.finished.plan.reproduces
    if work.finished.plan.swept:
        return made
    whole = sweep.files(work.finished.plan, work.finished.table)
    made.files.update({path: str(text) for path, text in whole.items()})
    return made


def note_drift(
    measured: Result,
    submission: Submission,
    finished: Finished,
    came: Arrival | Answer,
) -> None:
    """Keep what a sentinel measured, and when."""
    known = finished.plan.sentinels[submission.id]
    finished.table.watched.append(
        watched(measured, submission, known, began=came.began, ended=came.ended)
    )


def wait(finished: Finished, logbook: Logbook) -> None:
    """Wait until every point is logged, or MLflow does not take any more."""
    if logbook.catch_up() is not None:
        logbook.give_up()
    for outcome in finished.outcomes.values():
        error = outcome.run_id.exception()
        if error is not None and not isinstance(error, TrackingError):
            raise error
