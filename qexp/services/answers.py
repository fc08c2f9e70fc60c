"""What has to be in an answer, and what is said where it is not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import requests

from qexp.errors import ServiceError
from qexp.services.telling import page


def content(answer: requests.Response, what: str) -> Any:
    """An answer's JSON.

    Raises:
        ServiceError: It is none.
    """
    try:
        return answer.json()
    except ValueError:
        came = page(answer) or f"no JSON: {short(answer.text)}"
        raise ServiceError(f"{what}: the answer is {came}") from None


def need(found: Any, key: str, kind: type, what: str) -> Any:
    """A value that an answer has to have.

    Raises:
        ServiceError: It has not.
    """
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ServiceError(f"{what}: the answer has no usable {key}: {short(found)}")
    return value


def short(found: Any) -> str:
    """The beginning of an answer that cannot be used, for a message."""
    text = found if isinstance(found, str) else repr(found)
    return repr(text[:200]) if text else "empty"


def moment(metrics: Any, what: str) -> float | None:
    """A time in a job's metrics, in seconds since 1970."""
    stamps = metrics.get("timestamps") if isinstance(metrics, dict) else None
    told = stamps.get(what) if isinstance(stamps, dict) else None
    try:
        found = datetime.fromisoformat(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found.timestamp() if found.tzinfo else None
