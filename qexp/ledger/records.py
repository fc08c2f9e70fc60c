"""What the ledger holds of a submission and its answers, as others see it."""

from __future__ import annotations

from dataclasses import dataclass

ASIDE = ".sent.json.z"
"""How the name of the file ends that is there from before a job is sent."""

SETTLED = ("done", "failed", "cancelled")
"""States of a point that is over."""


@dataclass(frozen=True)
class Planned:
    """A submission as it is written down before anything is sent.

    Attributes:
        id: Its id.
        number: Its place in the plan.
        device: The device's name.
        circuits: How many circuits it has.
        points: Ids of its points.
        seconds: Its QPU time by the plan, None where that is not known.
    """

    id: str
    number: int
    device: str
    circuits: int
    points: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True)
class Sent:
    """How far a submission is.

    Attributes:
        id: Its id.
        batch: Number of its batch.
        state: planned, sending, sent, got or cancelled.
        job: The service's id of its job, where that is known.
        mark: What its job is found by, beside the submission's id.
        seconds: Its QPU time by the plan.
        used: Its QPU time as the service reports it.
    """

    id: str
    batch: int
    state: str
    job: str | None
    mark: str
    seconds: float | None
    used: float | None


@dataclass(frozen=True)
class Answer:
    """A raw answer that is safe.

    Attributes:
        submission: The submission.
        job: The id under which it came.
        parts: What it answers: names of points and sentinels.
        raw: The bytes, as they came.
        began: When the job began to run, in seconds since 1970; None where nobody says.
        ended: When it ended; where nobody says, when the answer came.
    """

    submission: str
    job: str
    parts: tuple[str, ...]
    raw: bytes
    began: float | None
    ended: float
