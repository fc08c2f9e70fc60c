"""The verbs about jobs at a service: `cancel` calls them back, `adopt` takes one over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from qexp.command import books
from qexp.command import session as sessions
from qexp.command.again import sync
from qexp.command.books import Old
from qexp.command.chosen import choose, reopen, split, workspace
from qexp.command.interrupt import CANCEL
from qexp.declare.read import with_values
from qexp.errors import ConfigError, LedgerError
from qexp.ledger.book import Book
from qexp.ledger.database import Row
from qexp.ledger.ledger import Ledger, Taken
from qexp.ledger.records import Sent
from qexp.planning.submission import Job, Submission
from qexp.planning.wording import count
from qexp.services import Runner, State
from qexp.services.connect import connect
from qexp.shown.screen import Screen

PATIENCE = 120.0
"""Seconds that the process which runs a sweep has to leave it."""


def cancel(arguments: list[str], screen: Screen) -> int:
    """Cancel what is queued of a sweep, and what was not sent yet.

    Returns:
        The exit status.

    Raises:
        QexpError: There is no such sweep, or the service does not answer.
    """
    names, values, _ = split(arguments, "cancel")
    if len(names) != 1:
        raise ConfigError("cancel takes one sweep: python -m qexp cancel SWEEP.")
    with sessions.session(screen) as opened:
        ledger = workspace()
        row = choose(ledger, names[0], unfinished=True)
        if row["state"] != "open":
            raise ConfigError(f"sweep {row['id']}: it is {row['state']} already.")
        _wait_for(ledger, row, screen)
        plans, experiment = reopen(opened, ledger, row, values)
        assert opened.entered is not None
        opened.runner = connect(experiment.service)
        gone, stay = _call_back(opened.entered.book, plans, opened.runner)
    screen.line(f"sweep {row['id']}: {count(gone, 'job')} cancelled")
    if stay:
        screen.note(
            f"{count(stay, 'job')} had begun, so they are not cancelled. `python -m qexp "
            f"resume {row['id']}` fetches what they give."
        )
    return sync([row["id"], *arguments[1:]], screen)


def _wait_for(ledger: Ledger, row: Row, screen: Screen) -> None:
    """Have the process that runs a sweep leave it.

    Raises:
        Taken: It does not.
    """
    end = time.monotonic() + PATIENCE
    asked = False
    while True:
        try:
            ledger.take(row["id"])
            return
        except Taken:
            if time.monotonic() > end:
                raise
        if not asked:
            ledger.book(row["id"]).ask(CANCEL)
            screen.note("another process runs the sweep; it was asked to stop")
            asked = True
        time.sleep(0.2)


def _call_back(book: Book, plans: Sequence[Old], runner: Runner) -> tuple[int, int]:
    """Cancel what has not begun; how many jobs were cancelled, and how many stay."""
    known, open_ = book.submissions(), set(book.open_submissions())
    gone = stay = 0
    for one in (sent for old in plans for sent in old.plan.submissions):
        if one.id not in open_:
            continue
        if not runner.remembers or _called_back(one, known[one.id], runner):
            book.cancelled(one.id)
            gone += 1
        else:
            stay += 1
    return gone, stay


def _called_back(one: Submission, known: Sent, runner: Runner) -> bool:
    """Whether a job was called back, or never was one."""
    job = None if known.job is None else Job(one.service.kind, known.job, one.id)
    if known.state == "sending":
        job = runner.find(one)
    if job is None:
        return True
    runner.cancel(job)
    return runner.states([job])[job.id] is State.CANCELLED


def adopt(arguments: list[str], screen: Screen) -> int:
    """Take over a job that was found at the service, as that of a submission.

    Returns:
        The exit status.

    Raises:
        QexpError: It belongs to no submission here, or that has a job already.
    """
    names, values, _ = split(arguments, "adopt")
    if len(names) not in (1, 2):
        raise ConfigError(
            "adopt takes a job: python -m qexp adopt JOB_ID [SUBMISSION]."
        )
    id_, wanted = names[0], next(iter(names[1:]), None)
    ledger = workspace()
    try:
        for row in ledger.sweeps(state="open"):
            if row["service"] == "local":
                continue
            book = ledger.book(row["id"])
            found = wanted or _submission_of(id_, ledger, book, values)
            if found in book.submissions():
                ledger.take(row["id"])
                _take_over(book, str(found), id_, screen)
                return 0
    finally:
        ledger.close()
    named = wanted or "that it was sent with"
    raise ConfigError(
        f"job {id_}: no unfinished sweep of this workspace has the submission {named}. "
        "`python -m qexp status SWEEP` lists those of a sweep; `adopt JOB_ID SUBMISSION` "
        "says which one the job is."
    )


def _submission_of(
    job: str, ledger: Ledger, book: Book, values: Mapping[str, str]
) -> str | None:
    """The submission that a job was sent with, as the service tells."""
    plans = books.old_plans(books.Entered(ledger, book, before=True))
    if not plans:
        return None
    runner = connect(with_values(plans[0].plan.first.experiment, values).service)
    try:
        return runner.submission_of(job)
    finally:
        runner.close()


def _take_over(book: Book, submission: str, job: str, screen: Screen) -> None:
    known = book.submissions()[submission]
    if known.job not in (None, job):
        raise LedgerError(
            f"submission {submission} of sweep {book.id} has the job {known.job} already."
        )
    if known.state in ("got", "cancelled"):
        raise LedgerError(f"submission {submission} of sweep {book.id} is over.")
    book.sent(submission, job)
    screen.line(
        f"job {job} is that of submission {submission}. `python -m qexp resume {book.id}` "
        "fetches what it gives."
    )
