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
TOO_MANY_REQUESTS = (429, 1202)
RAN_TOO_LONG = 1305
"""HTTP status and error code of each refusal; jobs that fail later have the code only."""


LISTING = ("/runtime/", "/api/v1/", "/experimental/")
"""Where an error body has a list of errors; the account API has a single one."""


class Refusal(Exception):
    """A request, or a job, that is refused.

    Attributes:
        status: HTTP status, where a request is answered with it.
        code: The service's error code.
        message: The sentence.
        solution: What to do about it.
        retry_after: Seconds after which to ask again; None is not said.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        solution: str = "",
        retry_after: int | None = None,
    ) -> None:
        """Keep what there is to say."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.solution = solution
        self.retry_after = retry_after

    @property
    def text(self) -> str:
        """What `/results` says of a job that failed for it."""
        return f"{self.message.rstrip('.')}. Error code: {self.code}."


def body(
    status: int, code: int, message: str, path: str, solution: str = ""
) -> dict[str, Any]:
    """The body of an error response, in the form of the API it came to.

    Args:
        status: HTTP status.
        code: The service's error code.
        message: The sentence.
        path: The path of the request.
        solution: What to do about it.
    """
    if path.startswith(LISTING):
        error = {"code": code, "message": message, "solution": solution}
        return {"errors": [{**error, "more_info": ""}], "trace": uuid.uuid4().hex}
    return {
        "error": {
            "statusCode": status,
            "name": "Error",
            "message": message,
            "code": code,
        }
    }
