"""circuit-runner of a service that speaks IBM's runtime protocol."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from qexp.declare.config import CircuitRunnerService
from qexp.errors import QexpError
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, State
from qexp.services.account import Account
from qexp.services.experiments import answer_of
from qexp.services.flight import Flight
from qexp.services.http import Http, Refused
from qexp.services.runtime import Full, Runtime
from qexp.services.sending import Sender
from qexp.services.unsafe import Unsafe

KIND = "circuit_runner"

SLICE = 0.25
"""Seconds after which Ctrl-C is noticed while nothing happens."""

GROWTH = 1.5


class CircuitRunner:
    """The service: as many jobs under way as it takes, the others wait here.

    A job that came to nothing is an answer in which every circuit says why.
    """

    def __init__(
        self,
        service: CircuitRunnerService,
        sleep: Callable[[float], None] = time.sleep,
        http: Http | None = None,
    ) -> None:
        """Log in.

        Args:
            service: The service's section.
            sleep: Waits for some seconds.
            http: What sends requests.

        Raises:
            ConfigError: There is no token.
            ServiceError: It is not there, or does not let this user in.
        """
        self._section = service
        self._sleep = sleep
        self.account = Account(service, http or Http(service.timeout, sleep))
        self.runtime = Runtime(self.account)
        self._sender = Sender(self.runtime, service.settle_seconds, sleep)
        self._unsafe = Unsafe()
        self._known: dict[str, Flight] = {}
        self._waiting: deque[Flight] = deque()
        self._flying: list[Flight] = []
        self._ready: deque[Arrival] = deque()
        self._sent_any = False

    @property
    def running(self) -> int:
        """Parts of jobs that the service is running."""
        flying = [one for one in self._flying if one.state is State.RUNNING]
        return sum(len(one.parts) for one in flying)

    def submit(self, submission: Submission) -> Job:
        """Send it, or queue it here where the service takes no more for now.

        The receipt of what is queued has a name of its own; what arrives of it is under
        the service's id.

        Raises:
            ConfigError: Something in it cannot be sent.
            ServiceError: It was refused, with the service's words.
        """
        self.account.configuration(submission.device.name)
        receipt = Job(KIND, f"queued-{submission.id}", submission.id)
        flight = Flight(submission, receipt)
        self._known[receipt.id] = flight
        self._waiting.append(flight)
        if len(self._waiting) == 1:
            self._send_waiting()
        return flight.job

    def adopt(self, submission: Submission, job: Job) -> None:
        """Wait for a job that was sent before; `find` tells of it."""
        flight = Flight(submission, job, id=job.id)
        self._prepare(flight)
        self._known[job.id] = flight
        self._flying.append(flight)

    def find(self, submission: Submission) -> Job | None:
        """The newest job of this submission, whoever sent it.

        Raises:
            ServiceError: The service does not tell what jobs were sent with.
        """
        found = self.runtime.find({"qexp_submission": submission.id})
        return None if found is None else Job(KIND, found, submission.id)

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """The state of each job: what is known here, or what the service says."""
        return {job.id: self._state(job.id) for job in jobs}

    def _state(self, id_: str) -> State:
        flight = self._known.get(id_)
        if flight is None:
            return self.runtime.state(id_)
        if flight in self._flying and flight.id is not None:
            return self.runtime.state(flight.id)
        return flight.state

    def arrivals(self) -> Iterator[Arrival]:
        """Raw answers of all jobs, as they come; looks more and more seldom."""
        pause = self._section.poll_seconds
        while self._ready or self._waiting or self._flying:
            before = self._picture()
            self._drop_unwanted()
            self._send_waiting()
            for flight in list(self._flying):
                if flight in self._flying:
                    self._look(flight)
                while self._ready:
                    yield self._ready.popleft()
            while self._ready:
                yield self._ready.popleft()
            if not (self._waiting or self._flying):
                continue
            changed = self._picture() != before
            longer = min(pause * GROWTH, self._section.poll_longest)
            pause = self._section.poll_seconds if changed else longer
            self._rest(pause)

    def _picture(self) -> list[tuple[str, State]]:
        return [(one.receipt.id, one.state) for one in (*self._waiting, *self._flying)]

    def _rest(self, pause: float) -> None:
        self._sleep(min(SLICE, pause))
        while (pause := pause - SLICE) > 0 and not self._stopping:
            self._sleep(min(SLICE, pause))

    @property
    def _stopping(self) -> bool:
        idle = [one for one in self._flying if one.state is State.QUEUED]
        return any(one.unwanted for one in (*self._waiting, *idle))

    def _look(self, flight: Flight) -> None:
        """Ask after a job, and take its answer if there is one."""
        assert flight.id is not None
        state = self.runtime.state(flight.id)
        raw: bytes | None = None
        if state is State.DONE:
            raw = self.runtime.results(flight.id)
            if raw is None:  # they are still being written
                return
        elif state is State.FAILED or (
            state is State.CANCELLED and not flight.unwanted
        ):
            raw = flight.failure(flight.parts, self.runtime.why(flight.id))
        if flight not in self._flying:  # it was cancelled meanwhile
            return
        flight.state = state
        if state in (State.QUEUED, State.RUNNING):
            return
        self._flying.remove(flight)
        if raw is not None:
            self._ready.append(Arrival(flight.job, raw))

    # -- what is sent

    def _send_waiting(self) -> None:
        """Send what waits, as far as the devices take it, in order."""
        room: dict[str, float] = {}
        for flight in list(self._waiting):
            device = flight.device
            if device not in room:
                left = self.account.room(device)
                room[device] = float("inf") if left is None else left
            if room[device] < 1 or flight.unwanted:
                continue
            try:
                self._send(flight)
            except Full:
                room[device] = 0
                continue
            except QexpError as error:
                self._waiting.remove(flight)
                flight.state = State.FAILED
                if not (isinstance(error, Refused) and self._sent_any):
                    raise  # a first refusal: nothing is lost that was paid for
                raw = flight.failure(flight.parts, str(error))
                self._ready.append(Arrival(flight.receipt, raw))
            else:
                self._waiting.remove(flight)
            room[device] -= 1

    def _send(self, flight: Flight) -> None:
        if not flight.prepared:
            self._prepare(flight)
        if not flight.parts:
            flight.state = State.DONE
            return
        flight.id = self._sender.send(flight)
        self._sent_any = True
        self._known[flight.id] = flight
        self._flying.append(flight)

    def _prepare(self, flight: Flight) -> None:
        for raw in self._sender.prepare(flight):
            self._ready.append(Arrival(flight.receipt, raw))
        flight.prepared = True

    # -- what comes back, and what is called back

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer, with what was compiled here in its headers.

        What was compiled there is in them as well, as far as it can be read.

        Raises:
            ServiceError: The bytes are not an answer of circuit-runner's.
        """
        answer = answer_of(raw)
        theirs = []
        for experiment in answer["results"]:
            header = experiment["header"]
            made = self._sender.header(header["name"]) if experiment["success"] else {}
            header.update(made)
            if not made:
                theirs.append(header)
        self._unsafe.settle(theirs)
        return answer

    def cancel(self, job: Job) -> None:
        """Have a job not sent, or not run; one that is over stays as it is."""
        flight = self._known.get(job.id)
        if flight is None:
            self.runtime.cancel(job.id)
        elif flight in self._waiting:
            flight.unwanted = True
            self._drop_unwanted()
        elif flight in self._flying:
            self._call_back(flight)

    def logs(self, job: Job) -> str:
        """What a job's program printed."""
        flight = self._known.get(job.id)
        id_ = job.id if flight is None else flight.id
        return "" if id_ is None else self.runtime.logs(id_)

    def stop(self) -> None:
        """Send nothing more, and cancel what the service has not begun."""
        for flight in (*self._waiting, *self._flying):
            flight.unwanted = True

    def _drop_unwanted(self) -> None:
        for flight in [one for one in self._waiting if one.unwanted]:
            self._waiting.remove(flight)
            flight.state = State.CANCELLED
        for flight in [one for one in self._flying if one.unwanted]:
            if flight.state is State.QUEUED:
                self._call_back(flight)

    def _call_back(self, flight: Flight) -> None:
        assert flight.id is not None
        if self.runtime.cancel(flight.id):
            flight.state = State.CANCELLED
            self._flying.remove(flight)

    def close(self) -> None:
        """Give back connections and processes; jobs that are under way stay so."""
        self._unsafe.close()
        self.account.close()
