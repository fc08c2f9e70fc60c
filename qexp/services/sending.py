"""Sending a submission to circuit-runner, and finding out whether that has worked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qiskit import QuantumCircuit

from qexp.declare.config import CircuitRunnerService
from qexp.errors import PointFailed, ServiceError
from qexp.planning.submission import Part, Submission
from qexp.services.ahead import Compiler
from qexp.services.flight import Flight, marks
from qexp.services.http import Unanswered
from qexp.services.runtime import Runtime
from qexp.services.wire import encode, with_methods

SENDINGS = 3
"""How often a job is sent whose receipt was lost and which the service does not have."""

Json = dict[str, Any]


class Sender:
    """Prepares submissions, and sends each once."""

    def __init__(
        self, runtime: Runtime, settle_seconds: float, sleep: Callable[[float], None]
    ) -> None:
        """Send nothing yet.

        Args:
            runtime: Where to.
            settle_seconds: How long the service may take to list what it has accepted.
            sleep: Waits for some seconds.
        """
        self._runtime = runtime
        self._settle = settle_seconds
        self._sleep = sleep
        self._compiler = Compiler()

    def prepare(self, flight: Flight) -> list[bytes]:
        """Settle which parts are sent; an answer for each that cannot be compiled."""
        if not compiles(flight.submission):
            flight.parts = flight.submission.parts
            return []
        failures, parts = [], list[Part]()
        for part in flight.submission.parts:
            try:
                self._compiler.circuits(part, flight.submission)
                parts.append(part)
            except PointFailed as error:
                failures.append(flight.failure([part], str(error)))
        flight.parts = parts
        return failures

    def send(self, flight: Flight) -> str:
        """The service's id of a prepared submission, sent now.

        A receipt that is lost on the way is looked up. Only what the service does not
        have is sent again.

        Raises:
            ConfigError: Something in it cannot be sent.
            ServiceError: It was refused, or nobody can tell whether it was accepted.
        """
        own = marks(flight.submission)
        params = encode(self._params(flight, own))
        for _ in range(SENDINGS):
            try:
                return self._runtime.run(flight.device, params)
            except Unanswered as error:
                lost = error
            found = self._look_up(own, lost)
            if found is not None:
                return found
        raise ServiceError(f"{lost} (sent {SENDINGS} times, and the service has none)")

    def _look_up(self, own: dict[str, str], lost: Unanswered) -> str | None:
        """A job whose receipt was lost; two looks, the second when all has settled."""
        since = time.monotonic()
        try:
            found = self._runtime.find(own)
            if found is None:
                spent = time.monotonic() - since
                self._sleep(max(0.0, self._settle - spent))
                found = self._runtime.find(own)
        except ServiceError as error:
            raise ServiceError(
                f"the receipt of a job was lost ({lost}), and looking it up failed: {error}"
            ) from error
        return found

    def _params(self, flight: Flight, own: dict[str, str]) -> Json:
        sent, circuits = flight.submission, self._circuits(flight)
        inputs: Json = {**sent.inputs, "skip_transpilation": True}
        if not compiles(sent):
            inputs = with_methods({**sent.inputs, **sent.parts[0].compile})
        header = {**(inputs.get("header") or {}), **own}
        return {**inputs, "header": header, "circuits": circuits}

    def _circuits(self, flight: Flight) -> list[QuantumCircuit]:
        if not compiles(flight.submission):
            return [one for part in flight.parts for one in part.circuits()]
        return [
            one
            for part in flight.parts
            for one in self._compiler.circuits(part, flight.submission)
        ]

    def header(self, name: str) -> Json:
        """What is known here of a circuit, for the header of its result."""
        return self._compiler.header(name)


def compiles(submission: Submission) -> bool:
    """Whether a submission is compiled here."""
    section = submission.service
    return isinstance(section, CircuitRunnerService) and section.compile == "client"
