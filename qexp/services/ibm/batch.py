"""A batch: jobs of one command, which the platform runs close together."""

from __future__ import annotations

from urllib.parse import quote

from qexp.errors import ServiceError
from qexp.services.account import FEW_TRIES
from qexp.services.answers import need
from qexp.services.http import Refused
from qexp.services.ibm.account import Account


class Batch:
    """The batch of each device, opened with the first job and closed after the last.

    Attributes:
        wanted: Whether jobs are sent in a batch.
    """

    def __init__(self, account: Account, *, wanted: bool) -> None:
        """Open none yet.

        Args:
            account: The instance.
            wanted: Whether jobs are sent in a batch.
        """
        self._account, self.wanted = account, wanted
        self._open: dict[str, str] = {}
        self._earlier: dict[str, str] = {}
        self._used = ""

    def own(self, device: str) -> dict[str, str]:
        """What a job for a device is sent with so that it is in its batch.

        Raises:
            ServiceError: There is none, and none can be opened.
        """
        if not self.wanted:
            return {}
        if device not in self._open:
            earlier = self._earlier.pop(device, None)
            usable = earlier is not None and self._accepts(earlier)
            self._open[device] = (earlier if usable else None) or self._opened(device)
        self._used = device
        return {"session_id": self._open[device]}

    def known(self, device: str) -> str | None:
        """The batch of a device, opened now where there is none; None without batches."""
        return self.own(device).get("session_id")

    def recall(self, device: str, batch: str) -> None:
        """Go on with a batch that an earlier process has opened, and has not closed."""
        self._earlier[device] = batch

    def _accepts(self, batch: str) -> bool:
        try:
            found = self._account.json("GET", _of(batch), tries=FEW_TRIES)
        except Refused:  # the service does not keep it for ever
            return False
        return isinstance(found, dict) and bool(found.get("accepting_jobs"))

    def _opened(self, device: str) -> str:
        body = {
            "mode": "batch",
            "backend": device,
            "instance": self._account.place.instance,
        }
        found = self._account.json("POST", "sessions", body=body, tries=FEW_TRIES)
        return str(need(found, "id", str, "POST sessions"))

    def ended(self, refused: Refused) -> bool:
        """Whether a job was refused because its batch is closed; the next opens another."""
        told = str(refused).lower()
        if self._used not in self._open or "session" not in told:
            return False
        del self._open[self._used]
        return True

    def close(self) -> None:
        """Have each batch take no more jobs; what is in it is run."""
        for batch in {*self._open.values(), *self._earlier.values()}:
            try:
                body = {"accepting_jobs": False}
                self._account.request("PATCH", _of(batch), body=body, tries=FEW_TRIES)
            except ServiceError:
                continue  # it closes by itself
        self._open.clear()
        self._earlier.clear()


def _of(batch: str) -> str:
    return f"sessions/{quote(batch, safe='')}"
