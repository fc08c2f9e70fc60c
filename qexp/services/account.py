"""An account at a service: login, addresses, who pays, and the devices."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests

import qexp
from qexp.declare.config import CircuitRunnerService
from qexp.errors import ServiceError
from qexp.services.answers import content, need, short
from qexp.services.http import UNAUTHORISED, Http, Refused
from qexp.services.telling import shown
from qexp.services.token import token, warn_of_plain

LOGINS = 2
"""How often a user is logged in again for one request."""

FRESH_SECONDS = 300.0
"""How long it is believed when a device was calibrated."""

QUEUE_SECONDS = 30.0
"""How long it is believed how many jobs wait for a device."""

FEW_TRIES = 3
"""How often something is asked for that can be asked for later, or be done without."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Instance:
    """Who pays."""

    hub: str
    group: str
    project: str

    @property
    def path(self) -> str:
        """Where its devices are, relative to the account's address."""
        hub, group, project = map(_quoted, (self.hub, self.group, self.project))
        return f"Network/{hub}/Groups/{group}/Projects/{project}"


class Account:
    """A user who is logged in, and is logged in again when that has lapsed."""

    def __init__(self, service: CircuitRunnerService, http: Http | None = None) -> None:
        """Log in, and learn where everything is.

        Args:
            service: The service's section.
            http: What sends requests.

        Raises:
            ConfigError: There is no token.
            ServiceError: There is no such service, or the user is not let in.
        """
        self.http = http or Http(service.timeout)
        self._url = service.url
        self._token = token(service)
        self._access = ""
        self._login = threading.Lock()
        self.http.keep_secret(self._token)
        self._devices: dict[str, Json] | None = None
        self._calibrated: dict[str, tuple[float, str | None]] = {}
        warn_of_plain([self._url])
        self._queues: dict[str, tuple[float, int | None]] = {}
        self._enter()
        self.home, self.runtime = self._urls()
        self.instance = self._instance(service)

    def _enter(self) -> None:
        """Trade the token for an access token."""
        try:
            version = self._plain("GET", "version")
        except Refused as refused:
            raise ServiceError(f"{refused}\n{self._nobody}") from refused
        if not isinstance(version, dict) or "api-auth" not in version:
            raise ServiceError(self._nobody)
        answer = self._plain("POST", "users/loginWithToken", {"apiToken": self._token})
        access = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(access, str) or not access:  # the answer may hold secrets
            raise ServiceError("login: the answer has no usable id")
        self._access = access
        self.http.keep_secret(self._access)

    @property
    def _nobody(self) -> str:
        return (
            f"service.url = {shown(self._url)}: nobody logs in there. It is the address of "
            "a circuit-runner service, and ends in /api."
        )

    def _plain(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self._url}/{path}"
        answer = self.http.request(method, url, body=body, headers=_HEADERS)
        return content(answer, f"{method} {shown(url)}")

    def _urls(self) -> tuple[str, str]:
        me = self.json("GET", f"{self._url}/users/me")
        urls = need(me, "urls", dict, "users/me")
        home = need(urls, "http", str, "users/me")
        services = urls.get("services") or {}
        if not isinstance(services, dict) or not services.get("runtime"):
            raise ServiceError(
                f"service.url = {self._url}: this account may not use the runtime service"
            )
        runtime = need(services, "runtime", str, "users/me")
        led = self._trusted(home), self._trusted(runtime)
        own = urlsplit(self._url).hostname
        warn_of_plain(url for url in led if urlsplit(url).hostname != own)
        return led

    def _trusted(self, url: str) -> str:
        """An address that the token may be sent to: none less safe than the login's."""
        ours, theirs = urlsplit(self._url).scheme, urlsplit(url).scheme
        if theirs not in ("http", "https") or (ours == "https" and theirs == "http"):
            raise ServiceError(
                f"service.url = {self._url}: it leads to {url}, which is not encrypted"
            )
        return url.rstrip("/")

    def _instance(self, service: CircuitRunnerService) -> Instance:
        hubs = self.json("GET", f"{self.home}/Network")
        known = list(_instances(hubs))
        wanted = (service.hub, service.group, service.project)
        for one in known:
            own = (one.hub, one.group, one.project)
            pairs = zip(wanted, own, strict=True)
            if all(asked in (None, got) for asked, got in pairs):
                return one
        names = ", ".join(f"{o.hub}/{o.group}/{o.project}" for o in known) or "none"
        asked = "/".join(one or "*" for one in wanted)
        raise ServiceError(f"service.hub: the account has no {asked}. It has: {names}.")

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
        tries: int | None = None,
    ) -> requests.Response:
        """The answer to a request of the user's; see `Http.request`.

        Where the login has lapsed the user is logged in again, a few times.
        """
        for _ in range(LOGINS):
            access = self._access
            try:
                return self._send(method, url, params, body, repeat, tries)
            except Refused as refused:
                if refused.status != UNAUTHORISED:
                    raise
            with self._login:
                if access == self._access:
                    self._enter()
        return self._send(method, url, params, body, repeat, tries)

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: Any,
        repeat: bool,
        tries: int | None,
    ) -> requests.Response:
        return self.http.request(
            method,
            url,
            headers={**_HEADERS, "X-Access-Token": self._access},
            params=params,
            body=body,
            repeat=repeat,
            tries=tries,
        )

    def json(self, method: str, url: str, **arguments: Any) -> Any:
        """The answer to a request, as plain values.

        Raises:
            ServiceError: It is not JSON.
        """
        return content(self.request(method, url, **arguments), f"{method} {shown(url)}")

    def devices(self) -> dict[str, Json]:
        """The configuration of each device, as served, by name; asked for once."""
        if self._devices is None:
            listed = self.json("GET", f"{self.home}/{self.instance.path}/devices/v/1")
            if not isinstance(listed, list):
                raise ServiceError(f"the list of devices is {short(listed)}")
            named = [(need(d, "backend_name", str, "devices"), d) for d in listed]
            self._devices = dict(named)
        return self._devices

    def configuration(self, name: str) -> Json:
        """A device's configuration, as served.

        Raises:
            ServiceError: There is no such device.
        """
        known = self.devices()
        if name not in known:
            raise ServiceError(
                f"backend.name = {name}: the service has no such device. It has: "
                f"{', '.join(sorted(known)) or 'none'}."
            )
        return known[name]

    def properties(self, name: str) -> Json | None:
        """A device's calibration, as served; None where it has none."""
        return self._properties(name)

    def _properties(self, name: str, tries: int | None = None) -> Json | None:
        where, version = self._of(name, "properties"), {"version": 1}
        return self.json("GET", where, params=version, tries=tries) or None

    def calibrated(self, name: str) -> str | None:
        """When a device was calibrated last, as served some minutes ago at most.

        None where it is not known; no answer is worth waiting for it.
        """
        at, found = self._calibrated.get(name, (-math.inf, None))
        if time.monotonic() - at > FRESH_SECONDS:
            try:
                properties = self._properties(name, FEW_TRIES) or {}
            except ServiceError:
                return found
            found = str(properties.get("last_update_date") or "") or None
            self._calibrated[name] = (time.monotonic(), found)
        return found

    def queue(self, name: str) -> int | None:
        """How many jobs wait for a device, as served some seconds ago at most.

        None where it is not known; no answer is worth waiting for it.
        """
        at, found = self._queues.get(name, (-math.inf, None))
        if time.monotonic() - at > QUEUE_SECONDS:
            try:
                found = int(
                    need(self.status(name, 1), "lengthQueue", int, "queue/status")
                )
            except ServiceError:
                found = None
            self._queues[name] = (time.monotonic(), found)
        return found

    def status(self, name: str, tries: int | None = None) -> Json:
        """A device's `state`, `status`, `lengthQueue` and `backend_version`."""
        found = self.json("GET", self._of(name, "queue/status"), tries=tries)
        need(found, "state", bool, "queue/status")
        return dict(found)

    def room(self, name: str) -> int | None:
        """How many more jobs a device takes from this account now; None for any number."""
        try:
            found = self.json("GET", self._of(name, "jobsLimit"), tries=FEW_TRIES)
        except Refused as refused:
            if refused.status == 404:  # a service without limits
                return None
            raise
        most = int(need(found, "maximumJobs", int, "jobsLimit"))
        if most < 0:
            return None
        return max(0, most - int(need(found, "runningJobs", int, "jobsLimit")))

    def _of(self, name: str, what: str) -> str:
        return f"{self.home}/{self.instance.path}/devices/{_quoted(name)}/{what}"

    def close(self) -> None:
        """Give back connections."""
        self.http.session.close()


_HEADERS = {"X-Qx-Client-Application": f"qexp/{qexp.__version__}"}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _instances(hubs: Any) -> list[Instance]:
    if not isinstance(hubs, list):
        raise ServiceError(f"the list of hubs is {short(hubs)}")
    found = []
    for hub in hubs:
        name = need(hub, "name", str, "Network")
        for group, inside in need(hub, "groups", dict, "Network").items():
            projects = need(inside, "projects", dict, "Network")
            ordered = sorted(projects, key=lambda p: not _default(projects[p]))
            found += [Instance(name, group, project) for project in ordered]
    return found


def _default(project: Any) -> bool:
    return isinstance(project, dict) and bool(project.get("isDefault"))
