"""Circuits compiled here, for a service that is told to leave them as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit

from qexp.devices.snapshot import backend
from qexp.errors import PointFailed
from qexp.home import home
from qexp.planning.submission import Part, Submission
from qexp.services.compiling import Made, compile_for, renamed
from qexp.services.program import reason
from qexp.services.shelf import shelf


class Compiler:
    """Compiles each part once for all that are equal, and keeps what became of it."""

    def __init__(self) -> None:
        """Start with nothing compiled."""
        self._made: dict[tuple[str, str], list[Made] | PointFailed] = {}
        self._headers: dict[str, dict[str, Any]] = {}

    def circuits(self, part: Part, submission: Submission) -> list[QuantumCircuit]:
        """A part's compiled circuits, under the names with which they travel.

        Raises:
            PointFailed: One of them cannot be compiled; says why.
        """
        key = (submission.device.digest, part.key)
        if key not in self._made:
            self._made[key] = _compiled(part, submission)
        made = self._made[key]
        if isinstance(made, PointFailed):
            raise made
        named = []
        for declared, name, one in zip(
            part.built.circuits, part.names, made, strict=True
        ):
            own = renamed(one.circuit, name)
            own.metadata = declared.metadata
            self._headers[name] = {
                "compiled": one.text,
                "transpile_seconds": one.seconds,
            }
            named.append(own)
        return named

    def aside(self, parts: Sequence[Part]) -> bytes | None:
        """What is known here of the circuits of some parts; None for nothing."""
        names = [name for part in parts for name in part.names]
        known = {name: self._headers[name] for name in names if name in self._headers}
        return json.dumps(known).encode() if known else None

    def recall(self, aside: bytes) -> None:
        """Know again what `aside` gave."""
        self._headers.update(json.loads(aside))

    def header(self, name: str) -> dict[str, Any]:
        """What is known here of a circuit, for the header of its result."""
        return self._headers.get(name, {})


def _compiled(part: Part, submission: Submission) -> list[Made] | PointFailed:
    machine, compile = (
        backend(submission.device),
        shelf(home()).compiler(submission.device),
    )
    try:
        return [
            compile_for(machine, circuit, part.compile, compile)
            for circuit in part.built.circuits
        ]
    except Exception as error:  # whatever a circuit does, the others go on
        return PointFailed(reason(error))
