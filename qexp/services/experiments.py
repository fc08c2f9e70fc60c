"""circuit-runner's answer: what has to be in it."""

from __future__ import annotations

import json
from typing import Any

from qexp.errors import ServiceError
from qexp.services.answers import need, short

Json = dict[str, Any]

WHAT = "the answer of circuit-runner"


def answer_of(raw: bytes) -> Json:
    """An answer as a dictionary: terra's `Result`, looked through.

    Raises:
        ServiceError: The bytes are not one.
    """
    try:
        answer = json.loads(raw)
    except ValueError:
        said = short(raw[:400].decode(errors="replace"))
        raise ServiceError(f"{WHAT} is not JSON: {said}") from None
    for experiment in need(answer, "results", list, WHAT):
        _look_through(experiment)
    return dict(answer)


def _look_through(experiment: Any) -> None:
    header = need(experiment, "header", dict, WHAT)
    need(header, "name", str, WHAT)
    if not need(experiment, "success", bool, WHAT):
        experiment.setdefault("status", "ERROR: the service does not say why")
        return
    need(header, "memory_slots", int, WHAT)
    need(experiment, "shots", int, WHAT)
    data = need(experiment, "data", dict, WHAT)
    counts = need(data, "counts", dict, WHAT)
    if not all(_outcome(key) and _count(n) for key, n in counts.items()):
        raise ServiceError(f"{WHAT} has counts that are none: {short(counts)}")
    if data.get("quasiprobabilities") is not None:
        _quasi(data, header)


def _quasi(data: Json, header: Json) -> None:
    quasi = need(data, "quasiprobabilities", dict, WHAT)
    need(header, "final_measurement_mapping", dict, WHAT)
    numbers = [value for value in quasi.values() if isinstance(value, int | float)]
    if len(numbers) < len(quasi) or not all(_outcome(key) for key in quasi):
        raise ServiceError(f"{WHAT} has no usable quasiprobabilities: {short(quasi)}")


def _outcome(text: str) -> bool:
    try:
        return int(text, 16) >= 0
    except ValueError:
        return False


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
