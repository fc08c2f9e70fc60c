"""Answers of the sampler, read without asking anybody, in circuit-runner's form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from qexp.errors import ServiceError
from qexp.planning.submission import Part, Submission
from qexp.services.ahead import Compiler
from qexp.services.experiments import answer_of
from qexp.services.ibm import calibrating, samples
from qexp.services.ibm.envelope import is_sealed, opened
from qexp.services.ibm.pubs import Pub
from qexp.services.ibm.samples import WHAT, Samples
from qexp.services.program import Mitigation, correct, failure, reason

Json = dict[str, Any]


class SamplerReading:
    """Reads answers, with what is known here of what was sent.

    Attributes:
        compiler: What compiles circuits here, and keeps what became of them.
        batches: The batches that earlier processes have sent jobs in, by device.
    """

    running = 0

    def __init__(self) -> None:
        """Know of no submission yet."""
        self.compiler = Compiler()
        self.batches: dict[str, str] = {}
        self._sent: dict[str, tuple[list[Pub], int]] = {}

    def know(self, submission: Submission, pubs: Sequence[Pub]) -> None:
        """Know in which order the circuits of a submission travel."""
        self._sent[submission.id] = list(pubs), submission.device.num_qubits

    def knows(self, submission: Submission) -> bool:
        """Whether the answer to a submission could be read."""
        return submission.id in self._sent

    def aside(
        self, submission: Submission, parts: Sequence[Part], batch: str | None
    ) -> bytes:
        """What is known here of a submission, and will be needed with its answer."""
        pubs, qubits = self._sent[submission.id]
        compiled = self.compiler.aside(parts)
        known: Json = {} if compiled is None else json.loads(compiled)
        about = {
            "pubs": [one.as_json() for one in pubs],
            "qubits": qubits,
            "device": submission.device.name,
            "batch": batch,
        }
        return json.dumps({"circuits": known, "sent": about}).encode()

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Know again what was sent of a submission."""
        known = json.loads(aside)
        if "sent" not in known:
            return
        self.compiler.recall(json.dumps(known["circuits"]).encode())
        sent = known["sent"]
        pubs = [Pub.of_json(one) for one in sent["pubs"]]
        self._sent[submission.id] = pubs, int(sent["qubits"])
        if sent["batch"]:
            self.batches[sent["device"]] = sent["batch"]

    def decode(self, raw: bytes) -> Json:
        """The answer in circuit-runner's form, with `ran`: how the job was run.

        Raises:
            ServiceError: The bytes are not an answer, or nobody knows to what.
        """
        if not is_sealed(raw):
            return answer_of(raw)  # of what came to nothing, made here
        submission, about, start = opened(raw)
        if submission not in self._sent:
            raise ServiceError(
                f"submission {submission}: what was sent is not known any more, so its "
                "answer cannot be read"
            )
        pubs, qubits = self._sent[submission]
        found = self._taken_apart(pubs, qubits, raw, start, about)
        failed = sum(not one["success"] for one in found)
        return {
            "backend_name": about["device"],
            "backend_version": "",
            "qobj_id": submission,
            "job_id": str(about["job"]),
            "date": about["finished"],
            "success": not failed,
            "status": f"{failed} of {len(found)} failed" if failed else "COMPLETED",
            "header": {},
            "results": found,
            "ran": about,
        }

    def _taken_apart(
        self, pubs: list[Pub], qubits: int, raw: bytes, start: int, about: Json
    ) -> list[Json]:
        experiments: list[Json] = []
        wanted: list[Pub] = []
        calibrations: dict[str, list[tuple[Pub, Counter[int]]]] = {}
        answered = 0
        for pub, found in zip(pubs, samples.pubs(raw, start), strict=False):
            answered += 1
            outcomes = joined(pub, found)
            if pub.calibrates is not None:
                own = calibrations.setdefault(pub.calibrates, [])
                own.append((pub, Counter(outcomes)))
            else:
                wanted.append(pub)
                experiments.append(self._experiment(pub, outcomes, about))
        if answered < len(pubs):
            raise ServiceError(f"{WHAT} have {answered} pubs; {len(pubs)} were sent")
        made: dict[str, Mitigation] = {}
        return [
            one
            if pub.mitigate is None
            else _mitigated(pub, one, qubits, calibrations, made)
            for pub, one in zip(wanted, experiments, strict=True)
        ]

    def _experiment(self, pub: Pub, outcomes: list[int], about: Json) -> Json:
        return {
            "success": True,
            "status": "DONE",
            "shots": len(outcomes),
            "meas_level": 2,
            "data": {
                "counts": {hex(k): n for k, n in sorted(Counter(outcomes).items())},
                **({"memory": [hex(one) for one in outcomes]} if pub.memory else {}),
            },
            "header": {
                "name": pub.name,
                "memory_slots": pub.clbits,
                "creg_sizes": [[name, len(bits)] for name, bits in pub.registers],
                "ran": about,
                **self.compiler.header(pub.name),
            },
        }

    def stop(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is open."""


def joined(pub: Pub, found: Samples) -> list[int]:
    """The clbits after each shot as one number, clbit 0 lowest.

    Raises:
        ServiceError: A register is missing, or is of another size, or there are others.
    """
    sizes = {name: len(bits) for name, bits in pub.registers}
    if {name: bits for name, (bits, _) in found.items()} != sizes:
        came = {name: bits for name, (bits, _) in found.items()}
        raise ServiceError(
            f"{WHAT} have the registers {came} for circuit {pub.name}; {sizes} were sent"
        )
    lengths = {len(values) for _, values in found.values()}
    if len(lengths) != 1 or not lengths.pop():
        raise ServiceError(f"{WHAT} have no samples for circuit {pub.name}")
    columns = [_placed(found[name][1], bits) for name, bits in pub.registers]
    return (
        columns[0]
        if len(columns) == 1
        else [sum(row) for row in zip(*columns, strict=True)]
    )


def _placed(values: list[int], clbits: list[int]) -> list[int]:
    """The content of a register, each bit where its clbit is."""
    first = clbits[0]
    if clbits == list(range(first, first + len(clbits))):
        return [value << first for value in values] if first else values
    known: dict[int, int] = {}
    for value in values:
        if value not in known:
            known[value] = sum(
                (value >> place & 1) << clbit for place, clbit in enumerate(clbits)
            )
    return [known[value] for value in values]


def _mitigated(
    pub: Pub,
    experiment: Json,
    qubits: int,
    calibrations: Mapping[str, list[tuple[Pub, Counter[int]]]],
    made: dict[str, Mitigation],
) -> Json:
    """An experiment with M3's quasi-probabilities, or with why there are none."""
    assert pub.mitigate is not None
    try:
        if pub.mitigate not in made:
            own = calibrations[pub.mitigate]
            made[pub.mitigate] = calibrating.mitigation(
                sorted(pub.mapping),
                qubits,
                [one.prepared for one, _ in own],
                [counts for _, counts in own],
            )
        correct(experiment, made[pub.mitigate], pub.mapping, pub.clbits)
    except Exception as error:  # mthree raises whatever its solver runs into
        return failure(pub.name, reason(error), {"shots": pub.shots})
    return experiment
