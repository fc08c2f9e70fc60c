"""Tokens for an API key: traded at IBM's identity service, renewed before they lapse."""

from __future__ import annotations

import threading
import time
from typing import Any

from qexp.errors import ServiceError
from qexp.services.answers import content, need
from qexp.services.http import Http, Refused
from qexp.services.telling import shown

RENEWED = 0.8
"""The part of a token's life after which it is renewed: 48 minutes of an hour."""

AGAIN = 30.0
"""Seconds until a renewal that failed is tried again, while the token is still good."""

GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class Tokens:
    """The token of an API key; one renewal at a time, whoever asks."""

    def __init__(self, http: Http, url: str, key: str) -> None:
        """Ask for nothing yet.

        Args:
            http: What sends requests.
            url: The identity service's address.
            key: The API key.
        """
        self._http, self._url, self._key = http, url, key
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._ends_at = 0.0
        http.keep_secret(key)

    def token(self) -> str:
        """A token that is good for a while.

        Raises:
            ServiceError: There is none to be had.
        """
        with self._lock:
            now = self._http.wait.now()
            if not self._token or now >= self._ends_at:
                self._renew()
            elif now >= self._renew_at:
                try:
                    self._renew()
                except ServiceError:  # the old one does for now
                    self._renew_at = min(self._ends_at, self._http.wait.now() + AGAIN)
            return self._token

    def refused(self, token: str) -> None:
        """Renew a token that the service has refused, unless somebody has meanwhile.

        Raises:
            ServiceError: There is none to be had.
        """
        with self._lock:
            if token == self._token:
                self._renew()

    def _renew(self) -> None:
        where = f"{self._url}/identity/token"
        try:
            answer = self._http.request(
                "POST",
                where,
                headers={"Accept": "application/json"},
                form={
                    "grant_type": GRANT,
                    "apikey": self._key,
                    "response_type": "cloud_iam",
                },
            )
        except Refused as refused:
            raise ServiceError(
                f"{refused}\nThe API key was not taken. `QEXP_IBM_API_KEY` holds one of "
                "https://cloud.ibm.com/iam/apikeys, not a token of the older platform."
            ) from refused
        found = content(answer, f"POST {shown(where)}")
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token:
            raise ServiceError(  # the answer may hold secrets
                f"POST {shown(where)}: the answer has no usable access_token"
            )
        seconds = _life(found)
        self._http.keep_secret(token)
        now = self._http.wait.now()
        self._token = token
        self._renew_at, self._ends_at = now + RENEWED * seconds, now + seconds


def _life(found: Any) -> float:
    """Seconds for which a token is good."""
    told = found.get("expires_in")
    if isinstance(told, int | float) and not isinstance(told, bool) and told > 0:
        return float(told)
    ends = need({"expiration": found.get("expiration")}, "expiration", int, "IAM")
    return max(0.0, float(ends) - time.time())
