"""The ledger's eyes on a service: each step is written down before the next is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qexp.declare.running import Budget
from qexp.ledger.book import Book
from qexp.planning.budget import Purse
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, Runner, Witness
from qexp.shown.screen import Screen


class Watch(Witness):
    """Writes a sweep's book while its jobs are sent and fetched.

    Attributes:
        book: The book; it is opened after the service is.
        purse: What has been spent.
        on_unsure: `stop` or `resubmit`.
        wait: Whether to wait for answers.
        screen: Where remarks go; None where nobody looks.
        missing: Why there is no answer to a submission that the service has, by its id.
    """

    def __init__(
        self,
        budget: Budget,
        on_unsure: str = "stop",
        *,
        wait: bool = True,
        screen: Screen | None = None,
    ) -> None:
        """Watch nothing yet.

        Args:
            budget: What may be spent.
            on_unsure: What to do with a job of which nobody knows whether it was sent.
            wait: Whether to wait for answers.
            screen: Where remarks go.
        """
        self.on_unsure, self.wait = on_unsure, wait
        self.screen = screen
        self.missing: dict[str, str] = {}
        self.book: Book | None = None
        self.purse = Purse(budget)
        self._answered: dict[str, set[str]] = {}
        self._seconds: dict[str, float | None] = {}

    def open(self, book: Book) -> None:
        """Take up a book, with all that was spent before."""
        self.book = book
        self.look_up()

    def look_up(self) -> None:
        """Read again what each submission may cost, and what has been spent."""
        assert self.book is not None
        for one in self.book.submissions().values():
            self._seconds[one.id] = one.seconds
            if one.state in ("sending", "sent", "got"):
                self.purse.spend(one.id, one.seconds if one.used is None else one.used)

    # -- a service's steps

    def allows(self, submission: Submission) -> bool:
        """Whether a submission is within the budget."""
        return self.purse.allows(submission.id, self._seconds.get(submission.id))

    def sending(self, submission: Submission, aside: bytes | None) -> None:
        """Before a request leaves: nothing is sent that is not written down."""
        assert self.book is not None
        self.purse.spend(submission.id, self._seconds.get(submission.id))
        self.book.sending(submission.id, aside)

    def sent(self, submission: Submission, job: Job) -> None:
        """The service has it."""
        assert self.book is not None
        self.purse.spend(submission.id, self._seconds.get(submission.id))
        self.book.sent(submission.id, job.id)

    def unsent(self, submission: Submission) -> None:
        """It was not accepted."""
        assert self.book is not None
        self.purse.give_back(submission.id)
        self.book.unsent(submission.id)

    def seen(self, submission: Submission, said: Mapping[str, Any]) -> None:
        """What the service says of a job that is not over."""
        assert self.book is not None
        self.book.seen(submission.id, said)

    def told(self, text: str) -> None:
        """Something that a person who waits should know."""
        if self.screen is not None:
            self.screen.note(text)

    def missed(self, submission: Submission, why: str) -> None:
        """The service has no usable answer now; the job stays as it is, for later."""
        self.missing[submission.id] = why

    # -- what comes back

    def got(self, arrival: Arrival, submission: Submission, runner: Runner) -> None:
        """Have an answer safe, before anything looks into it."""
        assert self.book is not None
        known = self._answered.setdefault(submission.id, set())
        known |= set(arrival.parts)
        whole = known >= {part.name for part in submission.parts}
        calibrated = runner.calibrated(submission.device.name) if whole else None
        self.book.got(
            submission.id,
            arrival.job.id,
            arrival.raw,
            arrival.parts,
            whole=whole,
            used=arrival.used,
            began=arrival.began,
            ended=arrival.ended,
            calibrated=calibrated,
        )
        if whole:
            self.purse.spend(submission.id, arrival.used)

    def refused(self, arrival: Arrival, submission: Submission, why: str) -> None:
        """An answer is none: it is fetched again later."""
        assert self.book is not None
        self._answered[submission.id] -= set(arrival.parts)
        self.book.refused(submission.id, arrival.parts)
        self.missed(submission, why)

    def kept(self, submission: str, parts: tuple[str, ...]) -> None:
        """Take note of an answer that was safe before."""
        self._answered.setdefault(submission, set()).update(parts)

    def answered(self, submission: str) -> set[str]:
        """Names of the parts of a submission that there is an answer to."""
        return self._answered.get(submission, set())
