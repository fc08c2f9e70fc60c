"""The runtime service: circuit-runner's jobs, one request at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from qexp.errors import ServiceError
from qexp.services import State
from qexp.services.account import FEW_TRIES, Account
from qexp.services.answers import moment, need, short
from qexp.services.flight import Flight
from qexp.services.http import Refused, Unanswered
from qexp.services.protocol import Full, Usage, state_of
from qexp.services.telling import clipped

PROGRAM = "circuit-runner"

PAGE = 50
"""Jobs asked for at a time."""

FULL = frozenset({"3458", "1012"})
"""Codes of the service for: as many jobs as you may have are under way."""

USED = (("usage", "quantum_seconds"), ("usage", "seconds"), ("bss", "seconds"))
"""Where the metrics of a job tell its QPU seconds: the first that is there."""

Json = dict[str, Any]


class Runtime:
    """Jobs of an account."""

    def __init__(self, account: Account) -> None:
        """Send nothing yet."""
        self._account = account

    def run(self, device: str, order: Json) -> str:
        """Start a job; its id.

        Args:
            device: The device's name.
            order: The program's inputs, encoded.

        Raises:
            Full: It was not accepted, because there are too many.
            Refused: It was not accepted.
            Away: It was not accepted, because the service is not there.
            Unanswered: Nobody knows whether it was.
        """
        instance = self._account.instance
        body = {
            "program_id": PROGRAM,
            "hub": instance.hub,
            "group": instance.group,
            "project": instance.project,
            "backend": device,
            "params": order,
            "runtime": None,
        }
        try:
            answer = self._account.request(
                "POST", self._url(), body=body, repeat=False, tries=FEW_TRIES
            )
        except Refused as refused:
            if refused.codes & FULL:
                raise Full(str(refused)) from refused
            raise
        try:
            return str(need(answer.json(), "id", str, "POST jobs"))
        except (ValueError, ServiceError):
            # it may well have been accepted
            said = short(answer.text)
            raise Unanswered(f"POST jobs: the answer has no id: {said}") from None

    def status(self, job: str) -> str:
        """A job's status in the service's words."""
        found = self._account.json("GET", self._url(job), tries=FEW_TRIES)
        return str(need(found, "status", str, f"job {job}"))

    def state(self, job: str) -> State:
        """Where a job is.

        Raises:
            ServiceError: The service has no such job, or a status that is not known.
        """
        status = self.status(job)
        return state_of(job, status)

    def results(self, job: str) -> bytes | None:
        """What a job gave, or why it failed; None where that is not there yet."""
        answer = self._account.request(
            "GET", self._url(job, "results"), tries=FEW_TRIES
        )
        return None if answer.status_code == 204 else answer.content

    def answer(self, flight: Flight) -> bytes | None:
        """What a job gave that is done; None where that is not there yet."""
        assert flight.id is not None
        return self.results(flight.id)

    def usage(self, job: str) -> Usage:
        """What a job that is over has used, and when it ran."""
        try:
            where = self._url(job, "metrics")
            found = self._account.json("GET", where, tries=FEW_TRIES)
        except ServiceError:  # not every service has them
            return Usage()
        return Usage(
            _seconds(found), moment(found, "running"), moment(found, "finished")
        )

    def why(self, job: str) -> str:
        """Why a job came to nothing, in the service's words."""
        status = self.status(job)
        try:
            text = (self.results(job) or b"").decode(errors="replace").strip()
        except Refused as refused:
            text = str(refused)
        return f"job {job}: {status}. {clipped(text)}".strip()

    def queue(self, device: str) -> int | None:
        """How many jobs wait for a device; None where that is not known."""
        return self._account.queue(device)

    def logs(self, job: str) -> str:
        """What a job's program printed."""
        try:
            return self._account.request("GET", self._url(job, "logs")).text
        except Refused as refused:
            if refused.status == 404:
                return ""
            raise

    def cancel(self, job: str) -> bool:
        """Cancel a job; whether there was something to cancel."""
        try:
            self._account.request("POST", self._url(job, "cancel"))
        except Refused as refused:
            if refused.status == 409:
                return False
            raise
        return True

    def delete(self, job: str) -> None:
        """Have the service forget a job."""
        self._account.request("DELETE", self._url(job))

    def find(self, marks: Mapping[str, str]) -> str | None:
        """The id of the newest job whose `params.header` has some values; None for none.

        Raises:
            ServiceError: The service does not tell what jobs were sent with.
        """
        silent = 0
        for listed in self.jobs():
            params = sent_with(listed)
            if params is None:
                silent += 1
                continue
            header = params.get("header")
            if isinstance(header, dict) and marks.items() <= header.items():
                return str(need(listed, "id", str, "jobs"))
        if silent:
            raise ServiceError(
                "the service lists jobs without what they were sent with (params), so it "
                "cannot tell whether it has a job already"
            )
        return None

    def header(self, job: str) -> Json:
        """The `params.header` that a job was sent with; empty where it is not told.

        Raises:
            ServiceError: The service lists no such job of this program.
        """
        for listed in self.jobs():
            if listed.get("id") == job:
                header = (sent_with(listed) or {}).get("header")
                return header if isinstance(header, dict) else {}
        raise ServiceError(f"job {job}: the service lists no such job of {PROGRAM}")

    def submission_of(self, job: str) -> str | None:
        """The submission that a job was sent with; None where the service does not say.

        Raises:
            ServiceError: It has no such job.
        """
        found = self.header(job).get("qexp_submission")
        return found if isinstance(found, str) else None

    def jobs(self) -> Iterator[Json]:
        """This program's jobs, pending and not, as the service lists them."""
        seen = 0
        while True:
            asked = {"limit": PAGE, "offset": seen, "program": PROGRAM}
            page = self._account.json("GET", self._url(), params=asked)
            listed = need(page, "jobs", list, "jobs")
            yield from listed
            seen += len(listed)
            if not listed or seen >= need(page, "count", int, "jobs"):
                return

    def _url(self, *path: str) -> str:
        end = "".join(f"/{quote(part, safe='')}" for part in path)
        return f"{self._account.runtime}/jobs{end}"


def _seconds(metrics: Any) -> float | None:
    """QPU seconds in a job's metrics, in any of the forms they come in."""
    for group, key in USED:
        inside = metrics.get(group) if isinstance(metrics, dict) else None
        value = inside.get(key) if isinstance(inside, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if math.isfinite(value) and value >= 0:
            return float(value)
    return None


def sent_with(listed: Any) -> Json | None:
    """The inputs that a job was sent with, in any of the forms they come in."""
    params = listed.get("params") if isinstance(listed, dict) else None
    if isinstance(params, str):
        try:
            params = json.loads(params)
        except ValueError:
            return None
    if isinstance(params, list):
        params = params[0] if params else None
    return params if isinstance(params, dict) and params else None
