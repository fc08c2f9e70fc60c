"""A service's answer, taken apart: what was measured, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qexp.errors import ServiceError
from qexp.planning.submission import Submission
from qexp.results.executed import Executed, executed

Json = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """What one circuit gave.

    Attributes:
        shots: Repetitions that were executed.
        counts: Number of shots by bit string, clbit 0 rightmost, no spaces.
        quasi: Mitigated quasi-probability by bit string of the measured clbits, or None.
        mapping: Physical qubit to clbit of the final measurements, where mitigated.
        header: The experiment's header as the service gave it.
        memory: Outcome of each shot, where asked for.
    """

    shots: int
    counts: dict[str, int]
    quasi: dict[str, float] | None
    mapping: dict[int, int]
    header: Mapping[str, Any]
    memory: list[str] | None


@dataclass(frozen=True)
class Result:
    """What one part of a submission gave.

    Attributes:
        name: The part's name: a point's id, or a sentinel's.
        measured: One entry for each circuit, in order; empty where it failed.
        error: Why it failed, or None.
        executed: How its job was run, where the service tells.
    """

    name: str
    measured: tuple[Measured, ...]
    error: str | None = None
    executed: Executed | None = None


def split(submission: Submission, answer: Json) -> list[Result]:
    """The results of those parts of a submission that an answer has, in order.

    Raises:
        ServiceError: The answer has other circuits, or a part without some of its own.
    """
    experiments = {item["header"]["name"]: item for item in answer["results"]}
    expected = [
        name
        for part in submission.parts
        if not experiments.keys().isdisjoint(part.names)
        for name in part.names
    ]
    if list(experiments) != expected:
        sent = expected or submission.names
        raise ServiceError(
            f"the answer has the circuits {list(experiments)}; {sent} were sent"
        )
    job = executed(answer.get("ran"))
    return [
        replace(
            _result(submission, part.name, [experiments[name] for name in part.names]),
            executed=job,
        )
        for part in submission.parts
        if part.names[0] in experiments
    ]


def _result(submission: Submission, name: str, own: list[Json]) -> Result:
    found = taken(name, own)
    if found.error is None:
        return found
    return replace(found, error=submission.in_own_names(found.error))


def taken(name: str, own: list[Json]) -> Result:
    """What some experiments of an answer gave.

    Args:
        name: The name of their part.
        own: The experiments, in the order of the circuits.
    """
    failed = [item for item in own if not item["success"]]
    if failed:
        return Result(name, (), str(failed[0]["status"]).removeprefix("ERROR: "))
    return Result(name, tuple(_measured(item) for item in own))


def _measured(experiment: Json) -> Measured:
    header, data = experiment["header"], experiment["data"]
    width = int(header["memory_slots"])
    mapping = {
        int(qubit): int(clbit)
        for qubit, clbit in header.get("final_measurement_mapping", {}).items()
    }
    quasi = data.get("quasiprobabilities")
    return Measured(
        shots=int(experiment["shots"]),
        counts={_bits(key, width): int(n) for key, n in data["counts"].items()},
        quasi=None if quasi is None else _spread(quasi, mapping, width),
        mapping=mapping,
        header=header,
        memory=[_bits(key, width) for key in data["memory"]]
        if "memory" in data
        else None,
    )


def _bits(outcome: str, width: int) -> str:
    return f"{int(outcome, 16):0{width}b}"


def _spread(quasi: Json, mapping: dict[int, int], width: int) -> dict[str, float]:
    """Quasi-probabilities over the circuit's clbits; those not measured are 0."""
    clbits = list(mapping.values())
    spread: dict[str, float] = {}
    for outcome, value in quasi.items():
        bits = ["0"] * width
        for position, clbit in enumerate(clbits):
            bits[width - 1 - clbit] = str(int(outcome, 16) >> position & 1)
        spread["".join(bits)] = float(value)
    return spread
