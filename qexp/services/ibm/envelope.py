"""A job's results as they came, and before them how the job was run.

It is one line of JSON, and then the bytes of the service, so that results of any size
can be read as a stream.
"""

from __future__ import annotations

import json
from typing import Any

from qexp.errors import ServiceError

KIND = "qexp_sampler"

Json = dict[str, Any]


def sealed(submission: str, about: Json, results: bytes) -> bytes:
    """An answer as it is kept.

    Args:
        submission: Id of the submission that it answers.
        about: How the job was run; see `qexp.services.ibm.ran`.
        results: The bytes of the service.
    """
    head = {KIND: 1, "submission": submission, "about": about}
    return json.dumps(head).encode() + b"\n" + results


def is_sealed(raw: bytes) -> bool:
    """Whether bytes are such an answer."""
    return raw.startswith(b'{"%s"' % KIND.encode())


def opened(raw: bytes) -> tuple[str, Json, int]:
    """The submission, how its job was run, and where the bytes of the service begin.

    Raises:
        ServiceError: It is no such answer.
    """
    end = raw.find(b"\n")
    try:
        head = json.loads(raw[:end])
        return head["submission"], head["about"], end + 1
    except (KeyError, TypeError, ValueError):
        raise ServiceError("the answer is none of IBM Quantum Platform") from None
