"""Asking a service after jobs, and fetching their answers."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from qexp.errors import ServiceError
from qexp.services import Arrival, State, Witness
from qexp.services.flight import Flight
from qexp.services.outage import Away, Outage, Stopped, Wait
from qexp.services.protocol import Jobs, Usage

OPEN = (State.QUEUED, State.RUNNING)


class Fetcher:
    """The jobs that a service has, and their answers.

    Attributes:
        flying: Jobs that the service has, in the order in which they are asked after.
        ready: Answers that have not been handed out.
    """

    def __init__(
        self,
        runtime: Jobs,
        patience: float,
        outage: Outage,
        wait: Wait,
        witness: Witness,
    ) -> None:
        """Wait for nothing yet.

        Args:
            runtime: Where the jobs are.
            patience: Seconds for which a job is asked after without any answer.
            outage: Whether the service is there at all.
            wait: Lets time pass.
            witness: Who is told of what is seen.
        """
        self._runtime, self._witness = runtime, witness
        self._patience, self._outage, self._wait = patience, outage, wait
        self.flying: list[Flight] = []
        self.ready: deque[Arrival] = deque()

    def look(self, flight: Flight) -> bool:
        """Ask after a job, and take its answer if there is one.

        Returns:
            Whether to ask after others now: not where there was no answer.

        Raises:
            Away: The service has not answered anything for too long.
            Stopped: It does not answer, and nobody is to wait for it any more.
        """
        if flight not in self.flying or self._wait.stopped:
            return True
        try:
            self._ask(flight)
            flight.silent = None
        except Away as away:
            self._bear(flight, away)
            return False
        except Stopped:
            raise
        except ServiceError as error:  # an answer, which is about this job alone
            self._miss(flight, str(error))
        return True

    def _bear(self, flight: Flight, away: Away) -> None:
        """Have a job asked after later, and others first."""
        if self._outage.lasts > self._patience:
            raise away
        now = self._wait.now()
        flight.silent = now if flight.silent is None else flight.silent
        if flight not in self.flying:  # it was cancelled meanwhile
            return
        if now - flight.silent > self._patience:
            self._miss(flight, str(away))
        else:
            self.flying.remove(flight)
            self.flying.append(flight)

    def _miss(self, flight: Flight, why: str) -> None:
        if flight in self.flying:
            self.flying.remove(flight)
            self._witness.missed(flight.submission, why)

    def _ask(self, flight: Flight) -> None:
        assert flight.id is not None
        state, raw = self._runtime.state(flight.id), None
        if state is State.DONE:
            raw = self._runtime.answer(flight)
            if raw is None:  # they are still being written
                return
        elif state is State.FAILED or (
            state is State.CANCELLED and not flight.unwanted
        ):
            raw = flight.failure(flight.parts, self._runtime.why(flight.id))
        usage = Usage() if raw is None else self._runtime.usage(flight.id)
        if flight not in self.flying:  # it was cancelled meanwhile
            return
        flight.state = state
        if state in OPEN:
            self._say(flight)
            return
        self.flying.remove(flight)
        if raw is not None:
            self.ready.append(_arrival(flight, raw, usage))

    def _say(self, flight: Flight) -> None:
        """Tell the witness where a job is, if that is news."""
        said: dict[str, Any] = {"state": flight.state.value}
        if flight.state is State.QUEUED:
            queue = self._runtime.queue(flight.device)
            said |= {} if queue is None else {"queue": queue}
        if said != flight.said:
            flight.said = said
            self._witness.seen(flight.submission, said)


def _arrival(flight: Flight, raw: bytes, usage: Usage) -> Arrival:
    """The answer to a job, with what the service tells of that."""
    names = tuple(part.name for part in flight.parts)
    ended = time.time() if usage.ended is None else usage.ended
    return Arrival(
        flight.job, raw, names, used=usage.seconds, began=usage.began, ended=ended
    )
