"""A point: one cell of a grid, and what makes it the same as another.

Identity is a ladder, each rung a property that can be printed: `identity` (plain
values), `identity_text` (canonical JSON), `id` (the head of its SHA-256).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from qexp.declare.config import Circuit, Service
from qexp.declare.options import Options

ID_LENGTH = 12
"""Hexadecimal digits of an id: among a million points two agree with odds of 1 in 560."""


PROGRAM = "1"
"""Version of what the embedded program computes; whoever changes that changes this."""


@dataclass(frozen=True, slots=True)
class Point:
    """One circuit declaration on one device under one set of options.

    Attributes:
        circuit: The declaration.
        content: Digest of what the circuits do.
        backend: The device's name.
        snapshot: Digest of the device's description where it decides the outcome (on
            the embedded service), else None.
        service: The service's section.
        program: Version of the embedded program, None elsewhere.
        options: Options with the device's defaults filled in. Seeds that qexp drew are
            not among them.
        repeat: Number of the repeat, from 0.
    """

    circuit: Circuit
    content: str
    backend: str
    snapshot: str | None
    service: Service
    program: str | None
    options: Options
    repeat: int = 0
    _id: str = field(init=False, default="", repr=False, compare=False)
    _sample: str = field(init=False, default="", repr=False, compare=False)

    @property
    def identity(self) -> dict[str, Any]:
        """All that changes the physics, and nothing else, as plain values."""
        return {
            "circuit": {**self.circuit.identity(), "content": self.content},
            "backend": self.backend,
            "snapshot": self.snapshot,
            "service": self.service.identity(),
            "program": self.program,
            "options": self.options.identity(),
            "repeat": self.repeat,
        }

    @property
    def identity_text(self) -> str:
        """The identity as JSON with sorted keys and no spaces."""
        return _canonical(self.identity)

    @property
    def digest(self) -> str:
        """SHA-256 of the identity, in hexadecimal."""
        return hashlib.sha256(self.identity_text.encode()).hexdigest()

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that name the point."""
        if not self._id:
            object.__setattr__(self, "_id", self.digest[:ID_LENGTH])
        return self._id

    @property
    def sample(self) -> str:
        """Twelve hexadecimal digits that name what is measured, wherever that is.

        The identity without the service and what it simulates with, so that the same
        seeds give the same counts on every service that runs the same program.
        """
        if not self._sample:
            outside = {"service", "snapshot", "program"}
            kept = {key: v for key, v in self.identity.items() if key not in outside}
            digest = hashlib.sha256(_canonical(kept).encode()).hexdigest()
            object.__setattr__(self, "_sample", digest[:ID_LENGTH])
        return self._sample

    def circuit_name(self, k: int) -> str:
        """The name under which the point's circuit ``k`` travels and is seeded."""
        return f"{self.sample}-{k}"


def _canonical(values: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
