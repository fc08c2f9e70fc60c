"""Submissions that wait here, and are sent as far as the devices take them."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from qexp.errors import QexpError
from qexp.services import Arrival, State, Witness
from qexp.services.fetching import Fetcher
from qexp.services.flight import Flight
from qexp.services.http import UNAUTHORISED, Http, Refused
from qexp.services.outage import Away, Stopped
from qexp.services.protocol import Exhausted, Full
from qexp.services.sending import Sender


class Account(Protocol):
    """Whoever pays, and the devices that are there for them."""

    def configuration(self, name: str) -> Any:
        """A device's configuration, as served.

        Raises:
            ServiceError: There is no such device, or it takes no jobs.
        """

    def room(self, name: str) -> int | None:
        """How many more jobs a device takes from this account now; None for any number."""

    def calibrated(self, name: str) -> str | None:
        """When a device was calibrated last; None where it is not known."""

    def close(self) -> None:
        """Give back connections."""


class Departures:
    """What has not been sent yet.

    Attributes:
        waiting: What waits, in the order in which it is to be sent.
        begun: Whether anything has been sent, by this process or an earlier one.
    """

    def __init__(
        self,
        account: Account,
        sender: Sender,
        fetcher: Fetcher,
        known: dict[str, Flight],
        http: Http,
        witness: Witness,
    ) -> None:
        """Let nothing wait yet.

        Args:
            account: Tells what a device takes.
            sender: Sends submissions.
            fetcher: Is given what was sent, and answers for what cannot be.
            known: Is told the service's id of what was sent.
            http: What requests are sent by: how it waits, and for how long.
            witness: Says whether a submission may be sent.
        """
        self._account, self._sender, self._fetcher = account, sender, fetcher
        self._known, self._witness = known, witness
        self._wait, self._outage = http.wait, http.outage
        self.waiting: deque[Flight] = deque()
        self.begun = False
        self._quiet_until = 0.0
        self._spent: Exhausted | None = None

    @property
    def ready(self) -> bool:
        """Whether something waits that may be sent."""
        return any(map(self._allowed, self.waiting))

    def _allowed(self, flight: Flight) -> bool:
        return self._spent is None and self._witness.allows(flight.submission)

    def require_none_left(self) -> None:
        """Refuse to end while something waits that will not be taken.

        Raises:
            Exhausted: It will not, with the service's words.
        """
        if self._spent is not None and self.waiting and not self._wait.stopped:
            raise self._spent

    def send(self) -> bool:
        """Send what waits, as far as the devices take it, in order.

        Returns:
            Whether to ask the service more now.

        Raises:
            Away: There has been no answer for too long.
            Stopped: There is none, and nobody is to wait for one any more.
        """
        if self._wait.now() < self._quiet_until:
            return True
        try:
            self._send_what_fits()
        except Away as away:
            self._quiet_until = self._wait.now() + away.after
            if self._outage.lasts > self._outage.patience:
                raise
        return True

    def _send_what_fits(self) -> None:
        room: dict[str, float] = {}
        for flight in list(self.waiting):
            device = flight.device
            if device not in room:
                left = self._account.room(device)
                room[device] = float("inf") if left is None else left
            if room[device] < 1 or flight.unwanted or self._wait.stopped:
                continue
            if not self._allowed(flight):
                continue
            try:
                self._send(flight)
            except Full:
                room[device] = 0
                continue
            except Exhausted as error:
                self._spent = error
                if not self._fetcher.flying:
                    raise
                return  # what is under way is waited for
            except (Away, Stopped):
                raise  # it waits
            except QexpError as error:
                self.waiting.remove(flight)
                flight.state = State.FAILED
                if not (self.begun and _refused(error)):
                    raise  # a first refusal: nothing is lost that was paid for
                raw = flight.failure(flight.parts, str(error))
                names = tuple(part.name for part in flight.parts)
                self._fetcher.ready.append(Arrival(flight.receipt, raw, names))
            else:
                self.waiting.remove(flight)
            room[device] -= 1

    def _send(self, flight: Flight) -> None:
        if not flight.prepared:
            self.prepare(flight)
        if not flight.parts:
            flight.state = State.DONE
            return
        flight.id = self._sender.send(flight)
        self.begun = True
        self._known[flight.id] = flight
        self._fetcher.flying.append(flight)

    def prepare(self, flight: Flight, *, alone: bool = True) -> None:
        """Settle what is sent of a submission; the rest is answered at once.

        Args:
            flight: The submission.
            alone: Whether nothing else of it is under way.
        """
        for part, raw in self._sender.prepare(flight):
            last = part is flight.submission.parts[-1] and not flight.parts
            one = Arrival(flight.receipt, raw, (part.name,), whole=last and alone)
            self._fetcher.ready.append(one)
        flight.prepared = True

    def drop_unwanted(self) -> None:
        """Let nothing wait that was called back."""
        for flight in [one for one in self.waiting if one.unwanted]:
            self.waiting.remove(flight)
            flight.state = State.CANCELLED


def _refused(error: QexpError) -> bool:
    """Whether the service refused a job, and not the user whose login has lapsed."""
    return isinstance(error, Refused) and error.status != UNAUTHORISED
