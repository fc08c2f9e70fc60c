"""What travels to a service, and the receipt for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits import Built
from qexp.point import Point
from qexp.seeds import Seeds


@dataclass(frozen=True)
class Submission:
    """Circuits that share one runtime job, and the points they belong to.

    Attributes:
        id: Hash of the points' ids.
        backend: The device's name.
        points: The points, in order.
        circuits: All circuits, point after point, each under its own name.
        inputs: circuit-runner's inputs but the circuits: options that are set, and seeds.
    """

    id: str
    backend: str
    points: tuple[Point, ...]
    circuits: tuple[QuantumCircuit, ...]
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """The receipt of a submission."""

    service: str
    id: str
    submission: str


def submission(point: Point, built: Built, seeds: Seeds) -> Submission:
    """The submission of a single point."""
    digest = hashlib.sha256(f"{point.id} {seeds.sweep}".encode()).hexdigest()
    return Submission(
        id=digest[:12],
        backend=point.backend,
        points=(point,),
        circuits=tuple(_named(built, point)),
        inputs=inputs(point, seeds),
    )


def _named(built: Built, point: Point) -> list[QuantumCircuit]:
    named = [circuit.copy() for circuit in built.circuits]
    for k, circuit in enumerate(named):
        circuit.name = point.circuit_name(k)
    return named


def inputs(point: Point, seeds: Seeds) -> dict[str, Any]:
    """circuit-runner's inputs: every option that is not None, 0 and False included."""
    options = point.options.model_dump(exclude={"run_config"}, exclude_none=True)
    return {
        **point.options.run_config,
        **options,
        "seed_transpiler": seeds.transpiler,
        "seed_simulator": seeds.simulator,
    }
