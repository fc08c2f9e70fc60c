"""A job, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """A job, without its result.

    Attributes:
        id: Its id, which cannot be guessed.
        owner: Digest of the API token that it belongs to.
        backend: The backend's name.
        program: The program's id.
        request: The body that it was accepted with.
        status: Its state, as it is served.
        created: When it was accepted (ISO 8601, UTC), and so on.
        running: When it began to run.
        finished: When it ended.
        starts: Time (seconds of the epoch) before which it does not run.
        quantum_seconds: QPU seconds that it took; None where that is not known.
        tags: Its tags.
        session: The session that it belongs to.
        reason: Why it failed.
        code: The error code of that.
    """

    id: str
    owner: str
    backend: str
    program: str
    request: dict[str, Any]
    status: str
    created: str
    running: str | None
    finished: str | None
    starts: float
    quantum_seconds: float | None
    tags: list[str]
    session: str | None
    reason: str | None
    code: int | None

    @property
    def params(self) -> dict[str, Any]:
        """The program's inputs, as they came."""
        params: dict[str, Any] = self.request["params"]
        return params


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        status: Its state.
        result: What `/results` gives.
        reason: Why it failed.
        code: The error code of that.
    """

    status: str
    result: bytes
    reason: str | None = None
    code: int | None = None
