"""Answers that are on the disk, read without the service that gave them."""

from __future__ import annotations

import json
from typing import Any

from qexp.declare.config import LocalService
from qexp.errors import ServiceError
from qexp.planning.submission import Submission


def decode(submission: Submission, raw: bytes, aside: bytes | None) -> dict[str, Any]:
    """An answer in circuit-runner's form, as the service's `Runner.decode` gives it.

    Args:
        submission: What it answers.
        raw: The answer as it came.
        aside: What was known of the circuits when they were sent.

    Raises:
        ServiceError: The bytes are not an answer.
    """
    if isinstance(submission.service, LocalService):
        try:
            answer: dict[str, Any] = json.loads(raw)
        except ValueError as error:
            raise ServiceError(f"service local: not an answer ({error})") from error
        return answer
    from qexp.services.connect import offline

    reading = offline(submission.service)
    try:
        if aside is not None:
            reading.recall(submission, aside)
        return reading.decode(raw)
    finally:
        reading.close()
