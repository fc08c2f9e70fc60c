"""What circuit-runner is sent: its inputs, with circuits compiled here or there."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.delays import in_dt
from qexp.declare.config import CircuitRunnerService
from qexp.planning.submission import Submission
from qexp.services.flight import Flight
from qexp.services.sending import Sender
from qexp.services.wire import encode, with_methods

Json = dict[str, Any]


class RunnerSender(Sender):
    """Sends circuits in QPY, and the submission's marks in the header."""

    def compiles(self, submission: Submission) -> bool:
        """Whether a submission is compiled here."""
        section = submission.service
        return isinstance(section, CircuitRunnerService) and section.compile == "client"

    def order(self, flight: Flight, marks: dict[str, str]) -> Json:
        """The program's inputs, encoded.

        Raises:
            ConfigError: Something in them cannot be sent.
        """
        sent, circuits = flight.submission, self._circuits(flight)
        inputs: Json = {**sent.inputs, "skip_transpilation": True}
        if not self.compiles(sent):
            inputs = with_methods({**sent.inputs, **sent.parts[0].compile})
        header = {**(inputs.get("header") or {}), **marks}
        found: Json = encode({**inputs, "header": header, "circuits": circuits})
        return found

    def _circuits(self, flight: Flight) -> list[QuantumCircuit]:
        if not self.compiles(flight.submission):
            dt = flight.submission.device.dt
            declared = (one for part in flight.parts for one in part.circuits())
            return [in_dt(one, dt) for one in declared]
        return [
            one
            for part in flight.parts
            for one in self._compiler.circuits(part, flight.submission)
        ]
