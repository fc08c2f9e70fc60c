"""What becomes of each submission of a plan: sent, waited for, or looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from qexp.command.watch import Watch
from qexp.declare.config import CircuitRunnerService
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.errors import ServiceError
from qexp.ledger.records import Sent
from qexp.planning.plan import Plan
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, Reading, Runner
from qexp.services.outage import Away, Stopped


def arrivals(planned: Plan, runner: Runner, watch: Watch) -> Iterator[Arrival]:
    """Answers to a plan: those that are safe already, then what the service gives.

    Each is on the disk before it is handed out.

    Raises:
        ServiceError: There is no answer, or nobody knows of a job whether it was sent.
        LedgerError: It cannot be written down.
    """
    sent = {one.id: one for one in planned.submissions}
    yield from kept(planned, runner, watch)
    with suppress(Stopped):  # what was not sent waits, and nothing arrives any more
        dispatch(planned, runner, watch)
    if not watch.wait:
        runner.stop()  # what could not be sent at all is told, and nothing waited for
    for arrival in runner.arrivals():
        if set(arrival.parts) <= watch.answered(arrival.job.submission):
            continue  # what could not be compiled is found again with a job
        watch.got(arrival, sent[arrival.job.submission], runner)
        yield arrival


def kept(planned: Plan, runner: Reading, watch: Watch) -> Iterator[Arrival]:
    """The answers to a plan that are safe already."""
    assert watch.book is not None
    sent = {one.id: one for one in planned.submissions}
    for answer in watch.book.answers(list(sent)):
        submission = sent[answer.submission]
        aside = watch.book.aside(submission.id)
        if aside is not None:
            runner.recall(submission, aside)
        watch.kept(submission.id, answer.parts)
        job = Job(submission.service.kind, answer.job, submission.id)
        yield Arrival(
            job, answer.raw, answer.parts, began=answer.began, ended=answer.ended
        )


def dispatch(planned: Plan, runner: Runner, watch: Watch) -> None:
    """Have each submission run that is not answered as a whole, once.

    Raises:
        ServiceError: Nobody can tell whether the service has one of them.
        LedgerError: It cannot be written down.
    """
    assert watch.book is not None
    known = watch.book.submissions()
    left = [one for one in planned.submissions if _open(one, known[one.id], watch)]
    if not runner.remembers:
        for one in left:
            done = watch.answered(one.id)
            parts = tuple(part for part in one.parts if part.name not in done)
            runner.submit(replace(one, parts=parts))
        return
    for one in left:
        state, job = known[one.id].state, known[one.id].job
        if state == "sent" and job is not None:
            _adopt(one, Job(one.service.kind, job, one.id), runner, watch)
    unsure = [one for one in left if known[one.id].state == "sending"]
    _settle(unsure, planned, runner, watch)
    for one in left:
        if known[one.id].state == "planned":
            runner.submit(one)


def _open(submission: Submission, known: Sent, watch: Watch) -> bool:
    missing = {part.name for part in submission.parts} - watch.answered(submission.id)
    return bool(missing) and known.state not in ("got", "cancelled")


def _adopt(submission: Submission, job: Job, runner: Runner, watch: Watch) -> None:
    assert watch.book is not None
    aside = watch.book.aside(submission.id)
    if aside is not None:
        runner.recall(submission, aside)
    runner.adopt(submission, job)


def _settle(
    unsure: Sequence[Submission], planned: Plan, runner: Runner, watch: Watch
) -> None:
    """Find out which of some submissions the service has, and send the others.

    'Not found' counts after two looks: a server may still be accepting what it dropped
    the reply to. The pause lies between the two, whatever the clock says of the time of
    sending.
    """
    assert watch.book is not None
    missing = _found(unsure, planned, runner, watch)
    if missing:
        runner.pause(_settle_seconds(missing[0]))
        missing = _found(missing, planned, runner, watch)
    for one in missing:
        watch.unsent(one)
        runner.submit(one)


def _found(
    unsure: Sequence[Submission], planned: Plan, runner: Runner, watch: Watch
) -> list[Submission]:
    """Adopt what the service has of some submissions; the others."""
    missing = []
    for one in unsure:
        try:
            job = runner.find(one)
        except (Away, Stopped):
            raise  # it could tell, were it there
        except ServiceError as error:
            if watch.on_unsure == "stop":
                raise ServiceError(_cannot_know(one, planned, error)) from error
            job = None
        if job is None:
            missing.append(one)
        else:
            watch.sent(one, job)
            _adopt(one, job, runner, watch)
    return missing


def _cannot_know(one: Submission, planned: Plan, error: ServiceError) -> str:
    return (
        f"job {one.number} of sweep {planned.id} (submission {one.id}, "
        f"{one.size} circuits on {one.device.name}) was about to be sent when an "
        f"earlier process ended, and nobody can tell whether the service has it: {error}\n"
        "Nothing was sent. Look for it at the service: if it is there, `python -m qexp "
        f"adopt JOB_ID {one.id}` takes it over; if it is not, on_unsure=resubmit sends it."
    )


def _settle_seconds(one: Submission) -> float:
    section = one.service
    if isinstance(section, CircuitRunnerService | IbmQuantumService):
        return section.settle_seconds
    return 0.0
