"""What every service does: take a submission, hand out a receipt, give an answer.

All services answer in one form, that of circuit-runner: terra's `Result` as a
dictionary, with `data.quasiprobabilities` where mitigation was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Protocol

from qexp.plan import Job, Submission


class State(Enum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Runner(Protocol):
    """A service that runs circuits. Fetching is I/O; decoding is pure."""

    limit: int
    """Most circuits in one submission."""

    def submit(self, submission: Submission) -> Job:
        """Send it.

        Raises:
            ServiceError: It was refused, with the service's words.
        """

    def find(self, submission: Submission) -> Job | None:
        """The job of this submission, if it was sent before."""

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """The state of each job, by job id."""

    def fetch(self, job: Job) -> bytes:
        """The raw answer of a job that is done.

        Raises:
            ServiceError: There is no answer; says why.
        """

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer in circuit-runner's form.

        Raises:
            ServiceError: The bytes are not an answer.
        """

    def cancel(self, job: Job) -> None:
        """Ask that a job be not run, or not finished."""
