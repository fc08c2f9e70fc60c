"""What the service says no with: its error codes, and the two forms of an error body."""

from __future__ import annotations

import uuid
from typing import Any

UNREADABLE = (400, 1002)
TOO_LARGE = (413, 1001)
NOT_A_REQUEST = (400, 1101)
NO_BACKEND = (404, 1007)
QUEUE_FULL = (400, 1012)
JOB_LIMIT = (400, 3458)
NO_PROGRAM = (404, 1216)
NO_JOB = (404, 3250)
NOT_CANCELLED = (409, 3208)
NOT_READY = (409, 3211)
LOGIN = (401, 3446)
NO_TOKEN = (401, 2407)
WRONG_TOKEN = (401, 2408)
FORBIDDEN = (403, 1200)
NOT_FOUND = (404, 1000)
MAINTENANCE = (503, 1999)
FAULT = (500, 9999)
TOO_MANY_CIRCUITS = (400, 1102)
TOO_MANY_SHOTS = (400, 1103)
NO_MEMORY = (400, 1104)
TOO_WIDE = (400, 1109)
TOO_FEW_SHOTS = (400, 6001)
REP_DELAY = (400, 8030)
NO_ESP = (400, 8037)
"""HTTP status and error code of each refusal; jobs that fail later have the code only."""


class Refusal(Exception):
    """A request, or a job, that is refused.

    Attributes:
        status: HTTP status, where a request is answered with it.
        code: The service's error code.
        message: The sentence.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        """Keep status, code and message."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def text(self) -> str:
        """What `/results` says of a job that failed for it."""
        return f"{self.message.rstrip('.')}. Error code: {self.code}."


def body(status: int, code: int, message: str, runtime: bool) -> dict[str, Any]:
    """The body of an error response.

    Args:
        status: HTTP status.
        code: The service's error code.
        message: The sentence.
        runtime: Whether in the form of the runtime API, which has a list; the account
            API has a single error.
    """
    if runtime:
        error = {"code": code, "message": message, "solution": "", "more_info": ""}
        return {"errors": [error], "trace": uuid.uuid4().hex}
    return {
        "error": {
            "statusCode": status,
            "name": "Error",
            "message": message,
            "code": code,
        }
    }
