"""A job of circuit-runner's: parts of a submission, and a terra Result of the answers."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits import Built
from qexp.declare.config import LocalService
from qexp.emulator import pace
from qexp.emulator.circuit_runner import NAME
from qexp.emulator.compiling import require_layouts
from qexp.emulator.execution import Answers, Execution, Json, Tools
from qexp.emulator.inputs import Inputs, require_number, require_room, taken
from qexp.emulator.job import Job
from qexp.emulator.refusal import FAULT, Refusal
from qexp.emulator.shelf import Offered
from qexp.planning.submission import Part, Submission
from qexp.services.task import encoded

__all__ = ["NAME", "execution"]


def execution(job: Job, offered: Offered, tools: Tools) -> Execution:
    """What a job runs and answers.

    Raises:
        Refusal: The program or the device does not take it.
        Unreadable: A circuit cannot be read.
    """
    sent = job.params["circuits"]
    require_number(len(sent) if isinstance(sent, list) else 1, offered)
    inputs = taken(job.params, offered.device)
    circuits = tools.read(sent)
    require_room(circuits, offered)
    require_layouts(inputs.options, circuits)
    names = [circuit.name for circuit in circuits]

    def finish(answers: Answers, taken: float) -> tuple[bytes, float | None]:
        answer = merged(answers, job, names, taken)
        used = pace.run_seconds(answer["results"], inputs.options, offered.device)
        if tools.settings.speed == "device" and used is not None:
            answer["time_taken"] = used
        return encoded(answer, job.id), used

    asked = submission(job, offered, inputs, circuits, tools.settings.noise)
    return Execution(asked, finish, inputs.notes)


def submission(
    job: Job,
    offered: Offered,
    inputs: Inputs,
    circuits: list[QuantumCircuit],
    noise: str,
) -> Submission:
    """A job as the embedded service takes it, a part for each circuit.

    Args:
        job: The job.
        offered: Its backend.
        inputs: Its inputs.
        circuits: Its circuits.
        noise: The embedded service's noise mode.
    """
    service = LocalService.model_validate({"noise": noise})
    names = distinct([circuit.name for circuit in circuits])
    sent = job.params["circuits"]
    contents = sent if isinstance(sent, list) else [sent]
    parts = [
        _part(circuit, name, content, inputs.options)
        for circuit, name, content in zip(circuits, names, contents, strict=True)
    ]
    return Submission(job.id, service, offered.device, tuple(parts), inputs.options)


def _part(circuit: QuantumCircuit, name: str, content: Any, options: Json) -> Part:
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    # without a seed the compiler decides anew each time, and nothing is remembered
    key = digest if "seed_transpiler" in options else secrets.token_hex(8)
    built = Built((circuit,), digest, (circuit.name,))
    return Part(name, name, built, {}, key, travel=(name,))


def distinct(names: Sequence[str]) -> list[str]:
    """Names to travel and to be seeded under: the circuits' own, each once.

    Args:
        names: The circuits' names. The second of a name gets a mark, so that two
            circuits of one name are two samples.
    """
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        made.append(f"{name}#{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return made


def merged(answers: Answers, job: Job, names: Sequence[str], taken: float) -> Json:
    """One Result of the answers to a job's parts.

    Args:
        answers: The answers, in the order of the circuits.
        job: The job.
        names: The circuits' own names, in the same order.
        taken: Seconds that the job took.

    Raises:
        Refusal: A circuit failed, and with it the job.
    """
    results = require_success(answers, names)
    for name, result in zip(names, results, strict=True):
        result["header"]["name"] = name
    return {
        **answers[0],
        "job_id": job.id,
        "status": "COMPLETED",
        "success": True,
        "results": results,
        "execution_id": secrets.token_hex(8),
        "time_taken": taken,
    }


def require_success(answers: Answers, names: Sequence[str]) -> list[Json]:
    """The experiments of all answers.

    Raises:
        Refusal: A circuit failed, and with it the job.
    """
    results = [result for answer in answers for result in answer["results"]]
    wrong = [
        f"circuit {place} ({name}): {result['status'].removeprefix('ERROR: ')}"
        for place, (name, result) in enumerate(zip(names, results, strict=True))
        if not result["success"]
    ]
    if wrong:
        raise Refusal(*FAULT, "; ".join(wrong))
    return results
