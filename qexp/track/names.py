"""Short names for values, where MLflow's parallel coordinates would mix them up.

They cut a value at ten characters and draw equal beginnings as one (mlflow#15484).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

SHOWN = 10
"""Characters of a value that MLflow's parallel coordinates show."""


def short_names(rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """For each param whose values begin alike, a short name for each value.

    Args:
        rows: The params of each run.

    Returns:
        By param, then by value. Params whose values are told apart by their first ten
        characters are not in it.
    """
    values: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, {})[value] = None
    return {
        name: _shortened(list(found))
        for name, found in values.items()
        if not _distinct(list(found))
    }


def _distinct(values: Sequence[str]) -> bool:
    return len({value[:SHOWN] for value in values}) == len(values)


def _shortened(values: Sequence[str]) -> dict[str, str]:
    """Values without their common beginning, or numbered where that is not enough."""
    first, last = min(values), max(values)
    pairs = enumerate(zip(first, last, strict=False))
    shared = next((n for n, (a, b) in pairs if a != b), min(len(first), len(last)))
    ends = [value[shared : shared + SHOWN] or "-" for value in values]
    if len(set(ends)) < len(ends):
        ends = [f"{n} {value[shared:]}"[:SHOWN] for n, value in enumerate(values)]
    return dict(zip(values, ends, strict=True))


def short_qubits(qubits: Sequence[int]) -> str:
    """A name for some physical qubits: the first, and a digest of all of them.

    Which qubits other points get is not known when a point is logged, so the name does
    not depend on them.
    """
    digest = hashlib.sha256(repr(list(qubits)).encode()).hexdigest()
    return f"{qubits[0]}…{digest[:4]}" if qubits else "-"
