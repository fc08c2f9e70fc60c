"""Requests to a service: one place for time limits, repetition, and what errors say."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from qexp.errors import ServiceError
from qexp.planning.wording import count
from qexp.secrets import hide
from qexp.services.outage import Away, Outage, Stopped, Wait, duration
from qexp.services.telling import codes, reason, shown, words

TRIES = 8
"""How often a request is sent at most where nobody is patient."""

FIRST, LONGEST = 0.5, 30.0
"""Seconds between the first two tries, which double, and the most that they become."""

UNAUTHORISED = 401
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

    def __init__(self, timeout: float, wait: Wait | None = None) -> None:
        """Open no connection yet.

        Args:
            timeout: Seconds that each answer may take.
            wait: Lets time pass.
        """
        self.session = requests.Session()
        self.session.auth = _as_it_is  # or what is in a .netrc would be sent
        self.timeout = timeout
        self.wait = wait or Wait()
        self.outage = Outage(self.wait)
        self._longest = LONGEST
        self._ever = False
        self._secrets: set[str] = set()

    def be_patient(self, seconds: float, longest: float) -> None:
        """Bear with a service that is away, from now on.

        Args:
            seconds: How long a request is tried for, unless it is for a number of times.
            longest: Longest pause between two tries, in seconds.
        """
        self.outage.patience = seconds
        self._longest = max(FIRST, min(longest, LONGEST))

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
        form: Mapping[str, str] | None = None,
        repeat: bool = True,
        tries: int | None = None,
    ) -> requests.Response:
        """The answer to a request, whose status is 200 to 299.

        Args:
            method: HTTP's.
            url: Where to.
            headers: The request's own.
            params: The query.
            body: Plain values to send as JSON; None for nothing.
            form: Fields to send as a form, where there is no body.
            repeat: Whether sending it twice does no harm. If not, it is sent again only
                where it cannot have been accepted.
            tries: How often it is sent at most; None is for as long as `be_patient`
                said, or `TRIES` times.

        Raises:
            Refused: The service said no.
            Unanswered: `repeat` is False, and nobody knows what became of it.
            Away: There is no answer, however often it is sent.
            Stopped: There was none, and nobody is to wait for one any more.
            ServiceError: It cannot be sent.
        """
        what = f"{method} {shown(url)}"
        content = {"data": form} if body is None else _json(body)
        since = self.wait.now()
        for number in itertools.count(1):
            try:
                answer = self.session.request(
                    method,
                    url,
                    params=params,
                    timeout=self.timeout,
                    allow_redirects=False,  # the token is for nobody else
                    **_merged(content, headers),
                )
            except (requests.RequestException, ValueError) as error:
                problem = self._without_secrets(
                    f"{what}: {reason(error, url, self._ever)}"
                )
                if isinstance(
                    error,
                    requests.exceptions.SSLError | ValueError,
                ):
                    raise ServiceError(problem) from None
                lost, pause = not _unsent(error), self._pause(number)
                told, busy = 0.0, False
            else:
                self._ever = True
                if 200 <= answer.status_code < 300:
                    self.outage.answered()
                    return answer
                problem = self._without_secrets(f"{what}: {words(answer)}")
                if answer.status_code < 500 and answer.status_code != TOO_MANY:
                    self.outage.answered()
                    raise Refused(problem, answer.status_code, codes(answer))
                busy = (
                    answer.status_code == TOO_MANY
                )  # it is there, and says when to come
                lost = not busy
                told = _told(answer)
                pause = told or self._pause(number)
            self.outage.failed(problem, long=pause > LONGEST and not busy)
            if lost and not repeat:
                raise Unanswered(problem)
            self._bear(problem, pause, told, number, since, tries)
        raise AssertionError  # the loop has no end

    def _pause(self, number: int) -> float:
        """Seconds to wait; a random part keeps clients from coming all at once."""
        doubled = FIRST * 2.0 ** min(number - 1, 20)
        return min(self._longest, doubled) * random.uniform(0.5, 1.0)

    def _bear(
        self,
        problem: str,
        pause: float,
        told: float,
        number: int,
        since: float,
        tries: int | None,
    ) -> None:
        """Wait for the next try.

        Raises:
            Away: There is to be none.
            Stopped: Nobody is to wait any more.
        """
        patience = self.outage.patience
        if tries is None and patience:
            if self.wait.now() + pause - since > patience:
                what = f"for {duration(patience)}, service.patience"
                raise Away(f"{problem} ({what})", told)
        elif number >= self._most(told, tries):
            raise Away(f"{problem} (tried {count(number, 'time')})", told)
        self.wait(pause)
        if self.wait.stopped:
            raise Stopped(problem)

    def _most(self, told: float, tries: int | None) -> int:
        """How often to try; once where others can be asked meanwhile."""
        later = tries is not None and told > LONGEST
        return 1 if self.outage.told or later else tries or TRIES

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


def _told(answer: requests.Response) -> float:
    """Seconds that the service asks to wait; 0 where it asks nothing."""
    asked = answer.headers.get("Retry-After", "")
    try:
        seconds = float(asked) if asked.isdigit() else _until(asked)
    except (TypeError, ValueError):
        return 0.0
    return max(seconds, 0.0)


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return (moment - datetime.now(timezone.utc)).total_seconds()


def _unsent(error: Exception) -> bool:
    """Whether no connection was made, so that nothing was sent."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return any(one.__name__ == "NewConnectionError" for one in type(cause).__mro__)
