"""The jobs of an instance, one request at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from qexp.errors import ServiceError
from qexp.services import State
from qexp.services.account import FEW_TRIES
from qexp.services.answers import moment, need, short
from qexp.services.flight import Flight
from qexp.services.http import Refused, Unanswered
from qexp.services.ibm.account import Account
from qexp.services.ibm.batch import Batch
from qexp.services.ibm.envelope import sealed
from qexp.services.ibm.ran import about
from qexp.services.protocol import Exhausted, Full, Usage, state_of
from qexp.services.telling import clipped

PROGRAM = "sampler"

PAGE = 200
"""Jobs asked for at a time: as many as the service gives."""

LOOKS = 3
"""How often a job that is over is asked for what it cost."""

TOO_LONG = "1305"
"""The code of a job that was cancelled because it ran too long."""

LIMIT_OF_INSTANCE = 409
"""The status with which a job is refused whose instance has used up its time."""

PENDING = "pending jobs"
"""What the service says where an account has as many jobs under way as it may."""

Json = dict[str, Any]


class Jobs:
    """Jobs of an instance."""

    def __init__(self, account: Account, batch: Batch) -> None:
        """Send nothing yet.

        Args:
            account: The instance.
            batch: The batch that jobs are sent in, if any.
        """
        self._account, self._batch = account, batch

    def run(self, device: str, order: Json) -> str:
        """Start a job; its id.

        Args:
            device: The device's name.
            order: `params` of the program, and `tags`.

        Raises:
            Full: It was not accepted, because there are too many.
            Exhausted: It was not accepted: the instance has used up its time.
            Refused: It was not accepted.
            Away: It was not accepted, because the service is not there.
            Unanswered: Nobody knows whether it was.
        """
        body = {"program_id": PROGRAM, "backend": device, **order}
        body |= self._batch.own(device)
        self._account.sending()
        try:
            answer = self._account.request(
                "POST", "jobs", body=body, repeat=False, tries=FEW_TRIES
            )
        except Refused as refused:
            raise self._refusal(refused) from refused
        try:
            return str(need(answer.json(), "id", str, "POST jobs"))
        except (ValueError, ServiceError):
            # it may well have been accepted
            said = short(answer.text)
            raise Unanswered(f"POST jobs: the answer has no id: {said}") from None

    def _refusal(self, refused: Refused) -> ServiceError:
        if PENDING in str(refused).lower() or self._batch.ended(refused):
            return Full(str(refused))
        if refused.status == LIMIT_OF_INSTANCE:
            return Exhausted(
                f"{refused}\nThe instance has used up its time, so no job is taken. What "
                "was sent stays with the service; the same command goes on once there is "
                "time again.",
                refused.status,
                refused.codes,
            )
        return refused

    def state(self, job: str) -> State:
        """Where a job is.

        Raises:
            ServiceError: The service has no such job, or a status that is not known.
        """
        told = _status(self._job(job))
        return state_of(job, told)

    def _job(self, job: str) -> Json:
        asked = {"exclude_params": "true"}
        found = self._account.json("GET", _of(job), params=asked, tries=FEW_TRIES)
        return dict(found) if isinstance(found, dict) else {}

    def answer(self, flight: Flight) -> bytes | None:
        """What a job gave that is done, with how it was run; None until it is there."""
        assert flight.id is not None
        answer = self._account.request(
            "GET", _of(flight.id, "results"), tries=FEW_TRIES
        )
        if answer.status_code == 204:
            return None
        job = self._job(flight.id)
        told = about(self._account, flight.device, job, self._metrics(flight.id))
        return sealed(flight.submission.id, told, answer.content)

    def usage(self, job: str) -> Usage:
        """What a job that is over is charged, and when it ran."""
        for _ in range(LOOKS):
            metrics = self._metrics(job)
            began, ended = moment(metrics, "running"), moment(metrics, "finished")
            usage = metrics.get("usage")
            if not isinstance(usage, dict) or usage.get("status") != "pending":
                return Usage(charged(usage), began, ended)
            self._account.http.wait(1.0)
        return Usage(None, began, ended)

    def _metrics(self, job: str) -> Json:
        try:
            found = self._account.json("GET", _of(job, "metrics"), tries=FEW_TRIES)
        except ServiceError:
            return {}
        return found if isinstance(found, dict) else {}

    def why(self, job: str) -> str:
        """Why a job came to nothing, in the service's words."""
        told = self._job(job)
        state = told.get("state")
        state = state if isinstance(state, dict) else {}
        code, reason = state.get("reason_code"), state.get("reason")
        if reason is None:
            reason = self._words(job)
        coded = "" if code is None else f" (code {code})"
        said = f"{str(reason or '').rstrip('.')}{coded}."
        text = " ".join(filter(None, [said, str(state.get("reason_solution") or "")]))
        return f"job {job}: {_status(told)}. {clipped(text)}".strip()

    def _words(self, job: str) -> str:
        try:
            answer = self._account.request("GET", _of(job, "results"), tries=FEW_TRIES)
        except Refused as refused:
            return str(refused)
        return answer.text.strip()

    def queue(self, device: str) -> int | None:
        """How many jobs wait for a device; None where that is not known."""
        return self._account.queue(device)

    def logs(self, job: str) -> str:
        """What a job's program printed."""
        try:
            return self._account.request("GET", _of(job, "logs")).text
        except Refused as refused:
            if refused.status == 404:
                return ""
            raise

    def cancel(self, job: str) -> bool:
        """Cancel a job; whether there was something to cancel."""
        try:
            self._account.request("POST", _of(job, "cancel"))
        except Refused as refused:
            if refused.status == 409:
                return False
            raise
        return True

    def find(self, marks: Mapping[str, str]) -> str | None:
        """The id of the newest job that has some marks among its tags; None for none."""
        wanted = set(tags(marks))
        first = min(wanted)  # the others are looked for here
        for listed in self._listed(first):
            if wanted <= set(listed.get("tags") or ()):
                return str(need(listed, "id", str, "jobs"))
        return None

    def _listed(self, tag: str) -> Iterator[Json]:
        seen = 0
        while True:
            asked = {"limit": PAGE, "offset": seen, "tags": tag, "sort": "DESC"}
            asked |= {"exclude_params": "true"}
            page = self._account.json("GET", "jobs", params=asked)
            listed = need(page, "jobs", list, "jobs")
            yield from (one for one in listed if isinstance(one, dict))
            seen += len(listed)
            if not listed or seen >= need(page, "count", int, "jobs"):
                return

    def submission_of(self, job: str) -> str | None:
        """The submission that a job was sent with; None where its tags do not say.

        Raises:
            ServiceError: The service has no such job.
        """
        pairs = (one.partition(":")[::2] for one in self._job(job).get("tags") or ())
        return dict(pairs).get("qexp_submission")


def tags(marks: Mapping[str, str]) -> list[str]:
    """Marks as tags: at most two, of less than 86 characters."""
    return [f"{key}:{value}" for key, value in marks.items()]


def charged(usage: Any) -> float | None:
    """QPU seconds in the usage of a job."""
    value = usage.get("qpu_charge_time_seconds") if isinstance(usage, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _status(job: Json) -> str:
    """A job's status in the service's words, where the code of one tells more."""
    state = job.get("state")
    state = state if isinstance(state, dict) else {}
    told = str(state.get("status") or job.get("status") or "")
    if told.upper() == "CANCELLED" and str(state.get("reason_code")) == TOO_LONG:
        return "Cancelled - Ran too long"
    flat = str(job.get("status") or "")
    return flat if flat.upper() == "CANCELLED - RAN TOO LONG" else told


def _of(job: str, *more: str) -> str:
    return "/".join(["jobs", quote(job, safe=""), *more])
