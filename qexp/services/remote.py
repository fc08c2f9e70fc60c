"""A service over HTTP: many jobs under way, asked after, fetched, and called back.

What protocol it speaks is known to what it is given: an account, its jobs, what sends
them, and what reads their answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, Reading, State, Witness
from qexp.services.departures import Account, Departures
from qexp.services.fetching import Fetcher
from qexp.services.flight import Flight, marks
from qexp.services.http import Http
from qexp.services.outage import Stopped
from qexp.services.protocol import Jobs, Section
from qexp.services.sending import Sender

GROWTH = 1.5


class Remote:
    """The service: as many jobs under way as it takes, the others wait here.

    A job that came to nothing is an answer in which every circuit says why.
    """

    remembers = True

    def __init__(
        self,
        kind: str,
        section: Section,
        http: Http,
        account: Account,
        runtime: Jobs,
        reading: Reading,
        sender: Sender,
        witness: Witness,
    ) -> None:
        """Stand before a service whose account is open.

        Args:
            kind: The kind of the service.
            section: The service's section.
            http: What sends requests.
            account: Who pays.
            runtime: The service's jobs.
            reading: What reads answers.
            sender: What sends submissions.
            witness: Who is told before and after each request that costs something.
        """
        self._kind, self._section = kind, section
        self._wait = http.wait
        # a service that was never there is a wrong address; from here on it was
        http.be_patient(section.patience, section.poll_longest)
        http.outage.tell = witness.told
        self.account, self.runtime = account, runtime
        self._reading, self._sender, self._witness = reading, sender, witness
        self._fetcher = Fetcher(
            runtime, section.patience, http.outage, http.wait, witness
        )
        self._known: dict[str, Flight] = {}
        self._departures = Departures(
            account, sender, self._fetcher, self._known, http, witness
        )
        self._waiting = self._departures.waiting

    @property
    def running(self) -> int:
        """Parts of jobs that the service is running."""
        flying = [one for one in self._fetcher.flying if one.state is State.RUNNING]
        return sum(len(one.parts) for one in flying)

    def submit(self, submission: Submission) -> Job:
        """Send it, or queue it here where the service takes no more for now.

        The receipt of what is queued has a name of its own; what arrives of it is under
        the service's id.

        Raises:
            ConfigError: Something in it cannot be sent.
            ServiceError: It was refused, with the service's words.
        """
        with suppress(Stopped):  # it waits, and nothing is sent
            self.account.configuration(submission.device.name)
        receipt = Job(self._kind, f"queued-{submission.id}", submission.id)
        flight = Flight(submission, receipt)
        self._known[receipt.id] = flight
        self._waiting.append(flight)
        if len(self._waiting) == 1:
            with suppress(Stopped):  # it waits
                self._departures.send()
        return flight.job

    def adopt(self, submission: Submission, job: Job) -> None:
        """Wait for a job that was sent before; `find` tells of it."""
        flight = Flight(submission, job, id=job.id)
        known = [part for part in submission.parts if self._sender.knows(part)]
        if known:  # the others could not be compiled; the reason is found again
            left = tuple(part for part in submission.parts if part not in known)
            flight.submission = replace(submission, parts=left)
        self._departures.prepare(flight, alone=not known)
        flight.submission, flight.parts = submission, known or flight.parts
        self._known[job.id] = flight
        self._fetcher.flying.append(flight)
        self._departures.begun = True

    def find(self, submission: Submission) -> Job | None:
        """The newest job of this submission, whoever sent it.

        Raises:
            ServiceError: The service does not tell what jobs were sent with.
        """
        found = self.runtime.find(marks(submission))
        return None if found is None else Job(self._kind, found, submission.id)

    def pause(self, seconds: float) -> None:
        """Let time pass; raises `Stopped` where `stop` is called before it has."""
        self._wait(seconds)
        if self._wait.stopped:
            raise Stopped("it was to be looked for once more")

    def submission_of(self, job: str) -> str | None:
        """The submission that a job was sent with; None where the service does not say.

        Raises:
            ServiceError: It has no such job.
        """
        return self.runtime.submission_of(job)

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Know again what a submission's circuits were compiled to."""
        self._reading.recall(submission, aside)

    def calibrated(self, device: str) -> str | None:
        """When the device was calibrated last; None where the service does not say."""
        return self.account.calibrated(device)

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """The state of each job: what is known here, or what the service says."""
        return {job.id: self._state(job.id) for job in jobs}

    def _state(self, id_: str) -> State:
        flight = self._known.get(id_)
        if flight is None:
            return self.runtime.state(id_)
        if flight in self._fetcher.flying and flight.id is not None:
            return self.runtime.state(flight.id)
        return flight.state

    def arrivals(self) -> Iterator[Arrival]:
        """Raw answers of all jobs, as they come; looks more and more seldom.

        Raises:
            Away: The service has not answered for as long as `service.patience`.
            Exhausted: All has arrived that was sent, and no more can be.
        """
        pause = self._section.poll_seconds
        while self._fetcher.ready or not self._wait.stopped:
            before = self._picture()
            self._departures.drop_unwanted()
            for step in self._steps():
                asking = False
                with suppress(Stopped):  # the loop ends
                    asking = step()
                while self._fetcher.ready:
                    yield self._fetcher.ready.popleft()
                if not asking:
                    break
            if not self._fetcher.flying and not self._departures.ready:
                break  # what waits is not to be sent now
            changed = self._picture() != before
            longer = min(pause * GROWTH, self._section.poll_longest)
            pause = self._section.poll_seconds if changed else longer
            self._wait(pause)
        self._departures.require_none_left()

    def _steps(self) -> Iterator[Callable[[], bool]]:
        """What is asked in one round; each tells whether to ask more now."""
        yield self._departures.send
        for flight in list(self._fetcher.flying):
            yield partial(self._fetcher.look, flight)

    def _picture(self) -> list[tuple[str, State]]:
        flights = (*self._waiting, *self._fetcher.flying)
        return sorted((one.receipt.id, one.state) for one in flights)

    # -- what comes back, and what is called back

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer, with what was compiled here in its headers.

        Raises:
            ServiceError: The bytes are not an answer of the service's.
        """
        return self._reading.decode(raw)

    def cancel(self, job: Job) -> None:
        """Have a job not sent, or not run; one that is over stays as it is."""
        flight = self._known.get(job.id)
        if flight is None:
            self.runtime.cancel(job.id)
        elif flight in self._waiting:
            flight.unwanted = True
            self._departures.drop_unwanted()
        elif flight in self._fetcher.flying:
            self._call_back(flight)

    def logs(self, job: Job) -> str:
        """What a job's program printed."""
        flight = self._known.get(job.id)
        id_ = job.id if flight is None else flight.id
        return "" if id_ is None else self.runtime.logs(id_)

    def stop(self) -> None:
        """Send nothing more, and wait for nothing more; what the service has stays."""
        self._wait.stopped = True

    def _call_back(self, flight: Flight) -> None:
        assert flight.id is not None
        if self.runtime.cancel(flight.id):
            flight.state = State.CANCELLED
            self._fetcher.flying.remove(flight)

    def close(self) -> None:
        """Give back connections and processes; jobs that are under way stay so."""
        self._reading.close()
        self.account.close()
