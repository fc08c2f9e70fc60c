"""What the sampler is sent: compiled circuits, and what holds for the whole job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.ideal import final_measurements
from qexp.declare.ibm_quantum import SUPPRESSION
from qexp.declare.options import DEFAULT_SHOTS
from qexp.errors import PointFailed
from qexp.planning.submission import Part, Submission
from qexp.services import Witness
from qexp.services.flight import Flight
from qexp.services.ibm import calibrating
from qexp.services.ibm.batch import Batch
from qexp.services.ibm.jobs import tags
from qexp.services.ibm.pubs import Pub, written
from qexp.services.ibm.reading import SamplerReading
from qexp.services.outage import Wait
from qexp.services.protocol import Jobs, Section
from qexp.services.sending import Sender

Json = dict[str, Any]

VERSION = 2
"""The version of the program's inputs."""


class SamplerSender(Sender):
    """Sends circuits as OpenQASM 3, and the submission's marks as tags."""

    def __init__(
        self,
        runtime: Jobs,
        section: Section,
        wait: Wait,
        witness: Witness,
        reading: SamplerReading,
        batch: Batch,
        *,
        seeded: bool,
    ) -> None:
        """Send nothing yet.

        Args:
            runtime: Where to.
            section: The service's section.
            wait: Lets time pass.
            witness: Who is told before and after each request.
            reading: What reads the answers, and has to know what was sent.
            batch: The batch that jobs are sent in, if any.
            seeded: Whether simulators answer there, which take a seed.
        """
        super().__init__(runtime, section, wait, witness, reading.compiler)
        self._reading, self._batch, self._seeded = reading, batch, seeded

    def prepare(self, flight: Flight) -> list[tuple[Part, bytes]]:
        """Settle which parts are sent; an answer for each that cannot be written."""
        failures = super().prepare(flight)
        kept = []
        for part in flight.parts:
            try:
                list(self._of_part(part, flight.submission))
                kept.append(part)
            except PointFailed as error:
                failures.append((part, flight.failure([part], str(error))))
        flight.parts = kept
        order = {part.name: place for place, part in enumerate(flight.submission.parts)}
        return sorted(failures, key=lambda one: order[one[0].name])

    def order(self, flight: Flight, marks: dict[str, str]) -> Json:
        """The program's inputs, and the job's tags."""
        sent = flight.submission
        pubs = [one for part in flight.parts for one in self._of_part(part, sent)]
        wanted = {pub.mitigate: sorted(pub.mapping) for pub, _ in pubs if pub.mitigate}
        for qubits in wanted.values():
            pubs += calibrating.circuits(sent.device, qubits)
        self._reading.know(sent, [pub for pub, _ in pubs])
        params = {
            "pubs": [[text, None, pub.shots] for pub, text in pubs],
            "options": self._options(sent),
            "version": VERSION,
            "support_qiskit": False,
        }
        return {"params": params, "tags": tags(marks)}

    def _of_part(self, part: Part, sent: Submission) -> Iterator[tuple[Pub, str]]:
        inputs = sent.inputs_of(part)
        for circuit in self._compiler.circuits(part, sent):
            yield _pub(circuit, inputs)

    def _options(self, sent: Submission) -> Json:
        """What holds for the whole job; what is not set is the service's to choose."""
        inputs = sent.inputs
        execution = {
            key: inputs[key]
            for key in ("init_qubits", "rep_delay")
            if inputs.get(key) is not None
        }
        chosen = {key: inputs[key] for key in SUPPRESSION if key in inputs}
        seed = inputs.get("seed_simulator")
        if self._seeded and seed is not None:
            chosen["simulator"] = {"seed_simulator": seed}
        return {"execution": execution, **chosen}

    def aside(self, flight: Flight) -> bytes | None:
        """What was sent, in which order, and in which batch."""
        batch = self._batch.known(flight.device)
        return self._reading.aside(flight.submission, flight.parts, batch)


def _pub(circuit: QuantumCircuit, inputs: Json) -> tuple[Pub, str]:
    text, registers = written(circuit)
    mapping = final_measurements(circuit)
    mitigate = None
    if inputs.get("measurement_error_mitigation"):
        if not mapping:
            raise PointFailed("Measurement not found: there is nothing to mitigate")
        mitigate = calibrating.key(mapping)
    pub = Pub(
        circuit.name,
        int(inputs.get("shots") or DEFAULT_SHOTS),
        circuit.num_clbits,
        registers,
        mapping,
        mitigate=mitigate,
        memory=bool(inputs.get("memory")),
    )
    return pub, text
