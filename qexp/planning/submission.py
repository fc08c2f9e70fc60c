"""What travels to a service, and the receipt for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits import Built
from qexp.declare.config import Service
from qexp.devices.device import Device

_TRAVELLING = re.compile(r"[\w-]+-\d+")
"""What may be a name under which a circuit travels."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one point, or one sentinel, has in a submission.

    Attributes:
        name: The point's id, or the sentinel's name.
        sample: Names its circuits: circuit k travels as `<sample>-<k>`.
        built: The circuits as they were declared.
        compile: circuit-runner's compile options that are set, `seed_transpiler` included.
        key: Equal where circuits, device and compile options are, so that one
            compilation serves.
        travel: The names under which the circuits travel, where they came with names
            of their own.
        inputs: Inputs that its circuits are executed with, where they are not the same
            for the whole job.
    """

    name: str
    sample: str
    built: Built
    compile: dict[str, Any]
    key: str
    travel: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names under which the circuits travel and are seeded."""
        if self.travel:
            return list(self.travel)
        return [f"{self.sample}-{k}" for k in range(len(self.built.circuits))]

    def circuits(self) -> list[QuantumCircuit]:
        """Copies of the circuits under the names with which they travel."""
        pairs = zip(self.built.circuits, self.names, strict=True)
        return [circuit.copy(name) for circuit, name in pairs]


@dataclass(frozen=True, slots=True)
class Submission:
    """Parts that share one runtime job.

    Attributes:
        id: Twelve hexadecimal digits that name it, in every workspace.
        service: The service's section.
        device: The device.
        parts: What is measured, in the order in which it travels.
        inputs: circuit-runner's other inputs that are set, 0 and False included. They
            are the same for every circuit of the job; others are its parts'.
        block: Number of the block, from 0.
        number: The job's place in the plan, from 0.
        mark: Tells its job from that of an equal submission of another sweep; None
            where it is of no sweep.
    """

    id: str
    service: Service
    device: Device
    parts: tuple[Part, ...]
    inputs: dict[str, Any]
    block: int = 0
    number: int = 0
    mark: str | None = None

    @property
    def names(self) -> list[str]:
        """The names of all circuits, in order."""
        return [name for part in self.parts for name in part.names]

    @property
    def size(self) -> int:
        """How many circuits there are."""
        return sum(len(part.built.circuits) for part in self.parts)

    def inputs_of(self, part: Part) -> dict[str, Any]:
        """What the circuits of a part are executed with."""
        return {**self.inputs, **part.inputs}

    def in_own_names(self, text: str) -> str:
        """A text about circuits, with what people call them for how they travelled."""
        labels = {
            name: label
            for part in self.parts
            for name, label in zip(part.names, part.built.labels, strict=True)
        }
        return _TRAVELLING.sub(lambda name: labels.get(name[0], name[0]), text)


@dataclass(frozen=True, slots=True)
class Job:
    """The receipt of a submission."""

    service: str
    id: str
    submission: str
