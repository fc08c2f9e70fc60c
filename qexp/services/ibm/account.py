"""An instance of IBM Quantum Platform: requests, devices, and how often it takes jobs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

import requests

import qexp
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.errors import ServiceError
from qexp.services.account import FEW_TRIES, FRESH_SECONDS, LOGINS, QUEUE_SECONDS
from qexp.services.answers import content, need
from qexp.services.http import UNAUTHORISED, Http, Refused
from qexp.services.ibm.address import place
from qexp.services.ibm.tokens import Tokens
from qexp.services.telling import shown
from qexp.services.token import warn_of_plain

API_VERSION = "2026-04-15"
"""The version of the API that this speaks: `usage.qpu_charge_time_seconds`."""

MINUTE = 60.0

Json = dict[str, Any]


class Account:
    """An instance, and what it may ask for."""

    def __init__(self, service: IbmQuantumService, http: Http) -> None:
        """Get a token.

        Args:
            service: The service's section.
            http: What sends requests.

        Raises:
            ConfigError: There is no key or no instance.
            ServiceError: The key is not taken, or nobody answers.
        """
        self.http, self.place = http, place(service)
        warn_of_plain([self.place.url, self.place.iam_url])
        self._tokens = Tokens(http, self.place.iam_url, self.place.key)
        self._tokens.token()
        self._most = service.jobs_per_minute
        self._sent: deque[float] = deque()
        self._devices: tuple[float, dict[str, Json]] = (-math.inf, {})
        self._calibrated: dict[str, tuple[float, str | None]] = {}

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
        tries: int | None = None,
    ) -> requests.Response:
        """The answer to a request; see `Http.request`.

        A token that is refused is renewed, a few times at most for one request.
        """
        sent = {"params": params, "body": body, "repeat": repeat, "tries": tries}
        for _ in range(LOGINS):
            token = self._tokens.token()
            try:
                return self._send(method, path, token, sent)
            except Refused as refused:
                if refused.status != UNAUTHORISED:
                    raise
            self._tokens.refused(token)
        return self._send(method, path, self._tokens.token(), sent)

    def _send(
        self, method: str, path: str, token: str, sent: Mapping[str, Any]
    ) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {token}",
            "Service-CRN": self.place.instance,
            "IBM-API-Version": API_VERSION,
            "Accept": "application/json",
            "X-Qx-Client-Application": f"qexp/{qexp.__version__}",
        }
        url = f"{self.place.url}/{path}"
        return self.http.request(method, url, headers=headers, **sent)

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """The answer to a request, as plain values.

        Raises:
            ServiceError: It is not JSON.
        """
        answer = self.request(method, path, **arguments)
        return content(answer, f"{method} {shown(f'{self.place.url}/{path}')}")

    # -- devices

    def devices(self, tries: int | None = None) -> dict[str, Json]:
        """The devices of the instance as listed some seconds ago at most, by name."""
        at, found = self._devices
        if self.http.wait.now() - at > QUEUE_SECONDS:
            asked = {"fields": "wait_time_seconds"}
            listed = self.json("GET", "backends", params=asked, tries=tries)
            many = need(listed, "devices", list, "backends")
            found = {need(one, "name", str, "backends"): one for one in many}
            self._devices = (self.http.wait.now(), found)
        return found

    def configuration(self, name: str) -> Json:
        """A device as it is listed, which takes jobs.

        Raises:
            ServiceError: There is no such device, or it is offline.
        """
        known = self.devices()
        if name not in known:
            near = get_close_matches(name, known, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise ServiceError(
                f"backend.name = {name}: the instance has no such device.{hint} It has: "
                f"{', '.join(sorted(known)) or 'none'}."
            )
        if status(known[name]) == "offline":
            there = [one for one in sorted(known) if status(known[one]) == "online"]
            raise ServiceError(
                f"backend.name = {name}: the device is offline ({why(known[name])}). "
                f"Online are: {', '.join(there) or 'none'}."
            )
        return known[name]

    def described(self, name: str) -> tuple[Json, Json | None]:
        """A device's configuration and calibration now, as served."""
        configuration = self.json("GET", _of(name, "configuration"))
        if not isinstance(configuration, dict):
            raise ServiceError(f"backend {name}: its configuration is no object")
        return configuration, self.properties(name)

    def properties(
        self, name: str, tries: int | None = None, **when: str
    ) -> Json | None:
        """A device's calibration, as served; None where it has none.

        Args:
            name: The device.
            tries: How often it is asked for.
            **when: `updated_before` or `calibration_id`, for one of earlier.
        """
        found = self.json("GET", _of(name, "properties"), params=when, tries=tries)
        return found if isinstance(found, dict) and found else None

    def calibrated(self, name: str) -> str | None:
        """When a device was calibrated last, as served some minutes ago at most."""
        at, found = self._calibrated.get(name, (-math.inf, None))
        if self.http.wait.now() - at > FRESH_SECONDS:
            try:
                properties = self.properties(name, FEW_TRIES) or {}
            except ServiceError:
                return found
            found = str(properties.get("last_update_date") or "") or None
            self._calibrated[name] = (self.http.wait.now(), found)
        return found

    def queue(self, name: str) -> int | None:
        """How many jobs wait for a device; None where that is not known."""
        try:
            listed = self.devices(tries=1).get(name, {})
        except ServiceError:
            return None
        waiting = listed.get("queue_length")
        return waiting if isinstance(waiting, int) else None

    # -- how often jobs are taken

    def room(self, name: str) -> int:
        """How many jobs may be sent now, so that they are not too many in a minute."""
        now = self.http.wait.now()
        while self._sent and now - self._sent[0] >= MINUTE:
            self._sent.popleft()
        return max(0, self._most - len(self._sent))

    def sending(self) -> None:
        """A job is about to be sent."""
        self._sent.append(self.http.wait.now())

    def close(self) -> None:
        """Give back connections."""
        self.http.session.close()


def status(listed: Json) -> str:
    """A listed device's status: online, paused or offline."""
    found = listed.get("status")
    return str(found.get("name", "")) if isinstance(found, dict) else str(found or "")


def why(listed: Json) -> str:
    """What the service says to a device's status."""
    found = listed.get("status")
    reason = found.get("reason") if isinstance(found, dict) else None
    return str(reason or "no reason given")


def _of(name: str, what: str) -> str:
    return f"backends/{quote(name, safe='')}/{what}"
