"""What is written down of a call, so that a crash loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qexp
from qexp.errors import LedgerError
from qexp.ledger.book import Book
from qexp.ledger.ledger import Ledger
from qexp.ledger.records import Planned
from qexp.ledger.workspace import LEDGER, home
from qexp.planning.frozen import freeze, marked, thaw
from qexp.planning.plan import Plan
from qexp.planning.price import price
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, Witness

NAME = "run_circuits"


class Written(Witness):
    """A call in the ledger: a sweep of one submission.

    Attributes:
        submission: What is sent.
        missing: Why there is no answer now, where the service has the job.
    """

    def __init__(self, ledger: Ledger, book: Book, planned: Plan) -> None:
        """Take up a sweep that this process has taken.

        Args:
            ledger: The workspace.
            book: The sweep.
            planned: Its plan.
        """
        self._ledger, self._book = ledger, book
        marks = {one.id: book.mark(one.id) for one in planned.submissions}
        (self.submission,) = marked(planned, marks, book.id).submissions
        self.missing: str | None = None

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self._book.id

    # -- a service's steps

    def sending(self, submission: Submission, aside: bytes | None) -> None:
        """Before a request leaves: nothing is sent that is not written down."""
        self._book.sending(submission.id, aside)

    def sent(self, submission: Submission, job: Job) -> None:
        """The service has it."""
        self._book.sent(submission.id, job.id)

    def unsent(self, submission: Submission) -> None:
        """It was not accepted."""
        self._book.unsent(submission.id)

    def seen(self, submission: Submission, said: Mapping[str, Any]) -> None:
        """What the service says of a job that is not over."""
        self._book.seen(submission.id, said)

    def missed(self, submission: Submission, why: str) -> None:
        """The service has no usable answer now; the job stays as it is, for later."""
        self.missing = why

    # -- what comes back

    def got(self, arrival: Arrival) -> None:
        """Have an answer safe, before anything looks into it."""
        self._book.got(
            self.submission.id,
            arrival.job.id,
            arrival.raw,
            arrival.parts,
            whole=True,  # a call is a single part
            used=arrival.used,
        )

    def refused(self) -> None:
        """The answer is none: it is fetched again later."""
        self._book.refused(self.submission.id, [one.name for one in self._parts])

    def settled(self, error: str | None) -> None:
        """Write down what came of it."""
        for part in self._parts:
            self._book.settle(part.name, error)
        self._book.close("done")

    def cancelled(self) -> None:
        """Write down that it was called back."""
        self._book.cancelled(self.submission.id)
        self._book.close("cancelled")

    @property
    def _parts(self) -> Any:
        return self.submission.parts

    # -- what is known of it

    @property
    def state(self) -> str:
        """How far it is: planned, sending, sent, got or cancelled."""
        return self._book.submissions()[self.submission.id].state

    @property
    def job(self) -> Job | None:
        """The job, where the service is known to have one."""
        id_ = self._book.submissions()[self.submission.id].job
        kind = self.submission.service.kind
        return None if id_ is None else Job(kind, id_, self.submission.id)

    @property
    def aside(self) -> bytes | None:
        """What was known here of its circuits when it was sent."""
        return self._book.aside(self.submission.id)

    @property
    def answer(self) -> bytes | None:
        """The answer, where it is on the disk."""
        found = [one.raw for one in self._book.answers([self.submission.id])]
        return found[-1] if found else None

    def close(self) -> None:
        """Give the sweep back, and forget it where nothing was ever sent."""
        if self.state == "planned" and self.job is None:
            self._ledger.forget(self._book.id)
        self._ledger.close()

    def leave(self) -> None:
        """Give the sweep back as it is."""
        self._ledger.close()


def written(planned: Plan) -> Written:
    """Write a call down, before anything of it is sent.

    Raises:
        LedgerError: That is not possible here; says why.
    """
    ledger = Ledger(home())
    try:
        book = ledger.begin(
            planned.id,
            name=NAME,
            service=planned.first.experiment.service.kind,
            seed=planned.seed,
            command=[NAME],
            store="",
            version=qexp.__version__,
            swept=False,
        )
        (seconds,) = price(planned).jobs
        (sent,) = planned.submissions
        points, circuits = tuple(planned.places), sent.size
        one = Planned(sent.id, 0, sent.device.name, circuits, points, seconds)
        book.add(freeze(planned), [one])
        return Written(ledger, book, planned)
    except BaseException:
        ledger.close()
        raise


def found(id_: str) -> Written:
    """A call that was written down before, by the id of its job or of its submission.

    Raises:
        LedgerError: There is none, another process waits for it, or it cannot be read.
    """
    if not (home() / LEDGER).exists():
        raise LedgerError(f"{id_}: no such job; there is no workspace at {home()}.")
    ledger = Ledger(home())
    try:
        sweeps = ledger.of_job(id_.removeprefix("queued-"))
        calls = [one for one in sweeps if one["command"] == f'["{NAME}"]']
        if not calls:
            raise LedgerError(_unknown(id_, [one["id"] for one in sweeps]))
        sweep = calls[0]["id"]
        ledger.take(sweep)
        book = ledger.book(sweep)
        plans = list(book.plans().values())
        if not plans:
            raise LedgerError(f"{id_}: what was sent cannot be read any more.")
        return Written(ledger, book, thaw(plans[0]).plan)
    except BaseException:
        ledger.close()
        raise


def _unknown(id_: str, sweeps: list[str]) -> str:
    if sweeps:
        return (
            f"{id_}: a job of sweep {sweeps[0]}, which is fetched by `python -m qexp "
            f"resume {sweeps[0]}`."
        )
    return f"{id_}: run_circuits has sent no such job from the workspace {home()}."
