"""What every service does: take submissions, hand out receipts, give answers.

All services answer in one form, that of circuit-runner: terra's `Result` as a
dictionary, with `data.quasiprobabilities` where mitigation was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    """

    job: Job
    raw: bytes


class Runner(Protocol):
    """A service that runs circuits. Fetching is I/O; decoding is pure."""

    @property
    def running(self) -> int:
        """How many parts of submissions are being run right now."""

    def submit(self, submission: Submission) -> Job:
        """Send it.

        Raises:
            ServiceError: It was refused, with the service's words.
        """

    def find(self, submission: Submission) -> Job | None:
        """The job of this submission, if it was sent before."""

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """The state of each job, by job id."""

    def arrivals(self) -> Iterator[Arrival]:
        """Raw answers of everything submitted, as they come; ends when all are there.

        A service may hand out a job's answer in parts. After `stop` it ends as soon as
        what is under way is there.

        Raises:
            ServiceError: There is no answer; says why.
        """

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer, or the part of it, in circuit-runner's form.

        Raises:
            ServiceError: The bytes are not an answer.
        """

    def cancel(self, job: Job) -> None:
        """Ask that a job be not run, or not finished."""

    def logs(self, job: Job) -> str:
        """What a job's program printed; empty where nothing is known of that."""

    def stop(self) -> None:
        """Start nothing more of what was submitted, and let what runs end."""

    def close(self) -> None:
        """Give back processes and connections."""
