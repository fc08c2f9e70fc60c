"""Requests to a service: one place for time limits, repetition, and what errors say."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from qexp.errors import ServiceError
from qexp.secrets import hide

TRIES = 8
"""How often a request is sent at most."""

FIRST, LONGEST = 0.5, 30.0
"""Seconds between the first two tries, which double, and the most that they become."""

SHOWN = 2000
"""Most characters of an answer that an error message quotes."""

TOO_MANY = 429


class Refused(ServiceError):
    """The service said no.

    Attributes:
        status: The HTTP status.
        codes: The service's own codes, as text.
    """

    def __init__(self, message: str, status: int, codes: frozenset[str]) -> None:
        """Keep what can be asked for."""
        super().__init__(message)
        self.status = status
        self.codes = codes


class Unanswered(ServiceError):
    """There is no usable answer, so that nobody knows whether a request was accepted."""


class Http:
    """Sends requests, again where that can do no harm."""

    def __init__(
        self, timeout: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open no connection yet.

        Args:
            timeout: Seconds that each answer may take.
            sleep: Waits for some seconds.
        """
        self.session = requests.Session()
        self.session.auth = _as_it_is  # or what is in a .netrc would be sent
        self.timeout = timeout
        self.sleep = sleep
        self._secrets: set[str] = set()

    def keep_secret(self, text: str) -> None:
        """Have a text in no message."""
        self._secrets.add(text)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
    ) -> requests.Response:
        """The answer to a request, whose status is 200 to 299.

        Args:
            method: HTTP's.
            url: Where to.
            headers: The request's own.
            params: The query.
            body: Plain values to send as JSON; None for nothing.
            repeat: Whether sending it twice does no harm. If not, it is sent again only
                where it cannot have been accepted.

        Raises:
            Refused: The service said no.
            Unanswered: `repeat` is False, and nobody knows what became of it.
            ServiceError: It cannot be sent, or not be answered, however often.
        """
        what = f"{method} {urlsplit(url).path}"
        content = {} if body is None else _json(body)
        problem = ""
        for pause in _pauses():
            try:
                answer = self.session.request(
                    method,
                    url,
                    params=params,
                    timeout=self.timeout,
                    allow_redirects=False,  # the token is for nobody else
                    **_merged(content, headers),
                )
            except requests.RequestException as error:
                problem = self._without_secrets(f"{what}: {_reason(error)}")
                if isinstance(error, requests.exceptions.SSLError | ValueError):
                    raise ServiceError(problem) from None
                if not repeat and not _unsent(error):
                    raise Unanswered(problem) from None
                self.sleep(pause)
                continue
            if 200 <= answer.status_code < 300:
                return answer
            problem = self._without_secrets(f"{what}: {_words(answer)}")
            if answer.status_code < 500 and answer.status_code != TOO_MANY:
                raise Refused(problem, answer.status_code, codes(answer))
            if answer.status_code >= 500 and not repeat:
                raise Unanswered(problem)
            self.sleep(_told(answer, pause))
        raise ServiceError(f"{problem} (tried {TRIES} times)")

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return hide(text)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(body: Any) -> dict[str, Any]:
    text = json.dumps(body, allow_nan=False)
    return {"data": text.encode(), "headers": {"Content-Type": "application/json"}}


def _merged(content: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    return {**content, "headers": {**content.get("headers", {}), **headers}}


def _pauses() -> Iterator[float]:
    """A pause after each try; a random part keeps clients from coming all at once."""
    for number in range(TRIES):
        yield min(LONGEST, FIRST * 2**number) * random.uniform(0.5, 1.0)


def _told(answer: requests.Response, pause: float) -> float:
    """Seconds to wait: what the service asks for, or the pause where it asks nothing."""
    asked = answer.headers.get("Retry-After", "")
    try:
        seconds = float(asked) if asked.isdigit() else _until(asked)
    except (TypeError, ValueError):
        return pause
    return max(seconds, 0.0) if asked else pause


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return (moment - datetime.now(timezone.utc)).total_seconds()


def _unsent(error: requests.RequestException) -> bool:
    """Whether no connection was made, so that nothing was sent."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return any(one.__name__ == "NewConnectionError" for one in type(cause).__mro__)


def _reason(error: requests.RequestException) -> str:
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", None) or cause
    return f"no answer ({type(error).__name__}: {cause})"


def problems(answer: requests.Response) -> list[dict[str, Any]]:
    """What the service says is wrong, in either of its two forms."""
    try:
        content = answer.json()
    except ValueError:
        return []
    if not isinstance(content, dict):
        return []
    found = content.get("errors", [content.get("error")])
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, dict)]


def codes(answer: requests.Response) -> frozenset[str]:
    """The service's own codes of what is wrong, as text."""
    return frozenset(str(one["code"]) for one in problems(answer) if "code" in one)


def _words(answer: requests.Response) -> str:
    """The status, and what the service says to it: its words, code and solution."""
    head = f"{answer.status_code} {answer.reason or ''}".strip()
    said = [_sentence(one) for one in problems(answer)]
    text = " ".join(said) or answer.text.strip()
    return f"{head}. {clipped(text)}".strip()


def _sentence(problem: dict[str, Any]) -> str:
    message, solution = problem.get("message", ""), problem.get("solution")
    code = f" (code {problem['code']})" if "code" in problem else ""
    text = f"{str(message).rstrip('.')}{code}."
    return f"{text} {solution}" if solution else text


def clipped(text: str) -> str:
    """A text without its beginning where it is long: the point of a traceback is last."""
    return text if len(text) <= SHOWN else f"… {text[-SHOWN:]}"
