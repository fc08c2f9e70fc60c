"""A submission on its way to a service: what is sent of it, and how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qexp.planning.submission import Job, Part, Submission
from qexp.services import State
from qexp.services.program import failed
from qexp.services.task import encoded


@dataclass(eq=False)
class Flight:
    """A submission, and how far it is.

    Attributes:
        submission: What was submitted.
        receipt: What was handed out for it.
        state: Where it is.
        id: The service's id of its job, once there is one.
        parts: Those of its parts that are sent; the others could not be compiled.
        prepared: Whether it is settled which these are.
        unwanted: Whether it is not to be started any more.
        silent: Since when there is no answer about its job; None where there was one.
        said: What the service last said of its job.
    """

    submission: Submission
    receipt: Job
    state: State = State.QUEUED
    id: str | None = None
    parts: Sequence[Part] = ()
    prepared: bool = False
    unwanted: bool = False
    silent: float | None = None
    said: Mapping[str, Any] | None = None

    @property
    def job(self) -> Job:
        """The receipt under the service's own id, once it is known."""
        if self.id is None:
            return self.receipt
        return Job(self.receipt.service, self.id, self.receipt.submission)

    @property
    def device(self) -> str:
        """The device's name."""
        return self.submission.device.name

    def failure(self, parts: Iterable[Part], why: str) -> bytes:
        """The answer where there is none: every circuit of some parts says why."""
        names = [name for part in parts for name in part.names]
        sent = self.submission
        return encoded(failed(names, why, sent.inputs, sent.device), self.job.id)


def marks(submission: Submission) -> dict[str, str]:
    """What the job of a submission can be found by.

    A command that is run again with its seed has the same submissions, so that those of
    a sweep have a mark of their own as well.
    """
    mark = submission.mark
    own = {} if mark is None else {"qexp_sending": mark}
    return {"qexp_submission": submission.id, **own}


def new_marks(submission: Submission) -> dict[str, str]:
    """What a new sending is marked with: where it is of no sweep, with a new name."""
    return {"qexp_sending": uuid.uuid4().hex, **marks(submission)}
