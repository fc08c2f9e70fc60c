"""What a client of many jobs needs of a service, whatever it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from qexp.errors import ServiceError
from qexp.services import State
from qexp.services.flight import Flight
from qexp.services.http import Refused

Json = dict[str, Any]


STATES = {
    "QUEUED": State.QUEUED,
    "RUNNING": State.RUNNING,
    "COMPLETED": State.DONE,
    "FAILED": State.FAILED,
    "CANCELLED": State.CANCELLED,
    "CANCELLED - RAN TOO LONG": State.FAILED,
}


def state_of(job: str, told: str) -> State:
    """A job's state from the service's word for it.

    Raises:
        ServiceError: The word is not known.
    """
    if told.upper() not in STATES:
        raise ServiceError(f"job {job}: the service says {told!r}, which is unknown")
    return STATES[told.upper()]


@dataclass(frozen=True)
class Usage:
    """What a service tells of a job that is over; None where it does not.

    Attributes:
        seconds: QPU seconds.
        began: When it began to run, in seconds since 1970.
        ended: When it ended.
    """

    seconds: float | None = None
    began: float | None = None
    ended: float | None = None


class Full(ServiceError):
    """The service takes no more jobs for now."""


class Exhausted(Refused):
    """The service takes no more jobs of this account until somebody has seen to that."""


class Section(Protocol):
    """What a service's section says of patience; seconds."""

    @property
    def patience(self) -> float:
        """How long a service that is away is waited for."""

    @property
    def poll_seconds(self) -> float:
        """First pause between two looks at the jobs."""

    @property
    def poll_longest(self) -> float:
        """Longest such pause."""

    @property
    def settle_seconds(self) -> float:
        """How long the service may take to list a job whose receipt was lost."""


class Jobs(Protocol):
    """The jobs of an account, one request at a time."""

    def run(self, device: str, order: Json) -> str:
        """Start a job; its id.

        Args:
            device: The device's name.
            order: What is sent, in the service's own form.

        Raises:
            Full: It was not accepted, because there are too many.
            Exhausted: It was not accepted, and no other would be.
            Refused: It was not accepted.
            Away: It was not accepted, because the service is not there.
            Unanswered: Nobody knows whether it was.
        """

    def state(self, job: str) -> State:
        """Where a job is.

        Raises:
            ServiceError: The service has no such job, or a status that is not known.
        """

    def answer(self, flight: Flight) -> bytes | None:
        """What a job gave that is done; None where that is not there yet."""

    def usage(self, job: str) -> Usage:
        """What a job that is over has used, and when it ran."""

    def why(self, job: str) -> str:
        """Why a job came to nothing, in the service's words."""

    def queue(self, device: str) -> int | None:
        """How many jobs wait for a device; None where that is not known."""

    def logs(self, job: str) -> str:
        """What a job's program printed."""

    def cancel(self, job: str) -> bool:
        """Cancel a job; whether there was something to cancel."""

    def find(self, marks: Mapping[str, str]) -> str | None:
        """The id of the newest job that was sent with some marks; None for none.

        Raises:
            ServiceError: The service does not tell what jobs were sent with.
        """

    def submission_of(self, job: str) -> str | None:
        """The submission that a job was sent with; None where the service does not say.

        Raises:
            ServiceError: It has no such job.
        """
