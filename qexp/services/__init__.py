"""What every service does: take submissions, hand out receipts, give answers.

All services answer in one form, that of circuit-runner: terra's `Result` as a
dictionary, with `data.quasiprobabilities` where mitigation was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from qexp.planning.submission import Job, Submission


class State(Enum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Arrival:
    """An answer, or a part of one.

    Attributes:
        job: The job that it belongs to.
        raw: The bytes to decode; they cover whole parts of the submission.
        parts: Names of these parts.
        whole: Whether the job has nothing more to give.
        used: QPU seconds of the job, where the service reports them.
        began: When the job began to run, in seconds since 1970; None where nobody says.
        ended: When it ended; where nobody says, when the answer was there.
    """

    job: Job
    raw: bytes
    parts: tuple[str, ...] = ()
    whole: bool = True
    used: float | None = None
    began: float | None = None
    ended: float = field(default_factory=time.time)


class Witness:
    """Is told before and after each step that costs something; this one forgets it.

    Who sends jobs calls it, and goes on when it has returned: what it raises ends the
    sending.
    """

    def allows(self, submission: Submission) -> bool:
        """Whether a submission may be sent now; if not, it waits."""
        return True

    def sending(self, submission: Submission, aside: bytes | None) -> None:
        """A request is about to leave.

        Args:
            submission: What is sent.
            aside: What is known here of its circuits, for `Runner.recall`.
        """

    def sent(self, submission: Submission, job: Job) -> None:
        """The service has it, under this id."""

    def unsent(self, submission: Submission) -> None:
        """It was certainly not accepted."""

    def seen(self, submission: Submission, said: Mapping[str, Any]) -> None:
        """What the service says of a job that is not over, whenever that changes.

        Args:
            submission: What was sent.
            said: `state` is `queued` or `running`; `queue`, where the service tells, how
                many jobs wait for the device.
        """

    def told(self, text: str) -> None:
        """Something that a person who waits should know: an outage, and its end."""

    def missed(self, submission: Submission, why: str) -> None:
        """There will be no answer now; the job stays with the service."""


class Reading(Protocol):
    """Reads answers, wherever they come from."""

    @property
    def running(self) -> int:
        """How many parts of submissions are being run right now."""

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Know again what was known when a submission was sent."""

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer, or the part of it, in circuit-runner's form.

        Raises:
            ServiceError: The bytes are not an answer.
        """

    def stop(self) -> None:
        """Start nothing more of what was submitted.

        What this process runs ends first; what another service has stays there.
        """

    def close(self) -> None:
        """Give back processes and connections."""


class Runner(Reading, Protocol):
    """A service that runs circuits. Fetching is I/O; decoding is pure."""

    @property
    def remembers(self) -> bool:
        """Whether a job outlives the process that sent it."""

    def submit(self, submission: Submission) -> Job:
        """Send it.

        Raises:
            ServiceError: It was refused, with the service's words.
        """

    def find(self, submission: Submission) -> Job | None:
        """The job of this submission, if it was sent before.

        Raises:
            ServiceError: The service cannot tell, or does not answer.
        """

    def pause(self, seconds: float) -> None:
        """Let time pass between two looks for a job.

        Raises:
            Stopped: `stop` was called before it had passed.
        """

    def submission_of(self, job: str) -> str | None:
        """The submission that a job was sent with; None where the service does not say.

        Raises:
            ServiceError: It has no such job.
        """

    def adopt(self, submission: Submission, job: Job) -> None:
        """Wait for a job that was sent before."""

    def calibrated(self, device: str) -> str | None:
        """When the device was calibrated last; None where that is not known."""

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """The state of each job, by job id."""

    def arrivals(self) -> Iterator[Arrival]:
        """Raw answers of everything submitted, as they come; ends when all are there.

        A service may hand out a job's answer in parts. A job that cannot be asked after
        is told to the witness as missed, and keeps none from the others. After `stop` it
        ends as soon as what this process runs is there.

        Raises:
            ServiceError: The service is away for longer than anybody is patient.
        """

    def cancel(self, job: Job) -> None:
        """Ask that a job be not run, or not finished."""

    def logs(self, job: Job) -> str:
        """What a job's program printed; empty where nothing is known of that."""
