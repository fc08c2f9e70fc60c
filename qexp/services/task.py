"""A task of the embedded service: one part of a submission, on its way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from qexp.declare.config import LocalService
from qexp.declare.twin import Twin
from qexp.planning.submission import Job, Part, Submission
from qexp.services import Arrival, State
from qexp.services.program import failed


@dataclass(frozen=True)
class Order:
    """What has to be known to run a task, beside its circuits and the device itself.

    Attributes:
        job: The job's id.
        device: Digest of the device.
        noise: The noise mode.
        twin: Parameters of the device twin; they count where it simulates.
        names: Names under which the circuits travel.
        key: Equal where one compilation serves.
        inputs: circuit-runner's inputs that are set.
        shelf: The workspace with what has been compiled before; None to compile anew.
    """

    job: str
    device: str
    noise: str
    twin: Twin
    names: tuple[str, ...]
    key: str
    inputs: dict[str, Any]
    shelf: str | None = None


@dataclass(eq=False, slots=True)
class Task:
    """One part of a submission, and how far it is."""

    job: Job
    submission: Submission
    part: Part
    shelf: str | None = None
    state: State = State.QUEUED

    @property
    def key(self) -> str:
        """Equal where one compilation serves."""
        return self.part.key

    @property
    def order(self) -> Order:
        """What has to be known to run it."""
        service = self.submission.service
        assert isinstance(service, LocalService)
        return Order(
            job=self.job.id,
            device=self.submission.device.digest,
            noise=service.noise,
            twin=service.twin,
            names=tuple(self.part.names),
            key=self.part.key,
            inputs={**self.submission.inputs, **self.part.compile},
            shelf=self.shelf,
        )

    def arrived(self, raw: bytes) -> Arrival:
        """The answer, as it is handed out."""
        self.state = State.DONE
        return Arrival(self.job, raw, (self.part.name,), whole=False)

    def failed(self, reason: str) -> Arrival:
        """The answer where there is none: every circuit says why."""
        answer = failed(
            self.part.names, reason, self.order.inputs, self.submission.device
        )
        return self.arrived(encoded(answer, self.job.id))


def encoded(answer: dict[str, Any], job: str) -> bytes:
    """An answer of the program as bytes, under its job's id."""
    return json.dumps({**answer, "job_id": job}, default=_plain).encode()


def _plain(value: Any) -> Any:
    # numpy's scalars and arrays, which terra's dictionaries hold here and there
    return value.tolist() if hasattr(value, "tolist") else str(value)
