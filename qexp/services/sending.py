"""Sending a submission, and finding out whether that has worked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from qexp.errors import ConfigError, PointFailed, ServiceError
from qexp.planning.submission import Part, Submission
from qexp.planning.wording import count
from qexp.services import Witness
from qexp.services.ahead import Compiler
from qexp.services.flight import Flight, new_marks
from qexp.services.http import FIRST, LONGEST, Refused, Unanswered
from qexp.services.outage import Away, Stopped, Wait
from qexp.services.protocol import Full, Jobs, Section

Json = dict[str, Any]


class Sender(ABC):
    """Prepares submissions, and sends each once; in which form, its heirs know."""

    def __init__(
        self,
        runtime: Jobs,
        section: Section,
        wait: Wait,
        witness: Witness,
        compiler: Compiler,
    ) -> None:
        """Send nothing yet.

        Args:
            runtime: Where to.
            section: The service's section.
            wait: Lets time pass.
            witness: Who is told before and after each request.
            compiler: What compiles circuits here.
        """
        self._witness = witness
        self._runtime = runtime
        self._section = section
        self._wait = wait
        self._compiler = compiler

    @abstractmethod
    def order(self, flight: Flight, marks: dict[str, str]) -> Json:
        """What is sent of a prepared submission, in the service's own form.

        Args:
            flight: The submission.
            marks: What its job is to be found by.

        Raises:
            ConfigError: Something in it cannot be sent.
        """

    def compiles(self, submission: Submission) -> bool:
        """Whether a submission is compiled here."""
        return True

    def aside(self, flight: Flight) -> bytes | None:
        """What is known here of a submission, and will be needed with its answer."""
        return self._compiler.aside(flight.parts)

    def prepare(self, flight: Flight) -> list[tuple[Part, bytes]]:
        """Settle which parts are sent; an answer for each that cannot be compiled."""
        if not self.compiles(flight.submission):
            flight.parts = flight.submission.parts
            return []
        failures, parts = [], list[Part]()
        for part in flight.submission.parts:
            try:
                self._compiler.circuits(part, flight.submission)
                parts.append(part)
            except PointFailed as error:
                failures.append((part, flight.failure([part], str(error))))
        flight.parts = parts
        return failures

    def send(self, flight: Flight) -> str:
        """The service's id of a prepared submission, sent now.

        A receipt that is lost on the way is looked up, for as long as the service is
        away. Only what the service does not have is sent again.

        Raises:
            ConfigError: Something in it cannot be sent.
            Away: It was not accepted, because the service is not there.
            Stopped: Nobody is to wait any more, be it for the receipt.
            ServiceError: It was refused, or nobody can tell whether it was accepted.
        """
        own = new_marks(flight.submission)
        try:
            order = self.order(flight, own)
        except ConfigError as error:
            raise ConfigError(flight.submission.in_own_names(str(error))) from error
        self._witness.sending(flight.submission, self.aside(flight))
        id_ = self._sent(flight, order, own)
        self._witness.sent(flight.submission, replace(flight.receipt, id=id_))
        return id_

    def _sent(self, flight: Flight, order: Json, own: dict[str, str]) -> str:
        since, times = self._wait.now(), 0
        while True:
            times += 1
            try:
                return self._runtime.run(flight.device, order)
            except (Full, Refused, Away, Stopped):
                self._witness.unsent(flight.submission)
                raise
            except Unanswered as error:
                lost = error
            found = self._look_up(own, lost)
            if found is not None:
                return found
            if self._wait.now() - since > self._section.patience:
                self._witness.unsent(flight.submission)
                tried = count(times, "time")
                raise ServiceError(f"{lost} (sent {tried}, and the service has none)")
            if times > 1:  # it takes no jobs, and answers everything else
                self._wait(min(LONGEST, FIRST * 2**times))
            if self._wait.stopped:
                self._witness.unsent(flight.submission)
                raise Stopped(str(lost))

    def _look_up(self, own: dict[str, str], lost: Unanswered) -> str | None:
        """A job whose receipt was lost; two looks, the second when all has settled."""
        since = self._wait.now()
        try:
            found = self._runtime.find(own)
            if found is None:
                spent = self._wait.now() - since
                self._wait(max(0.0, self._section.settle_seconds - spent))
                if self._wait.stopped:
                    raise Stopped(str(lost))
                found = self._runtime.find(own)
        except Stopped:
            raise
        except ServiceError as error:
            raise ServiceError(
                f"the receipt of a job was lost ({lost}), and looking it up failed: {error}"
            ) from error
        return found

    def knows(self, part: Part) -> bool:
        """Whether it is known what a part was compiled to."""
        return all(self._compiler.header(name) for name in part.names)
