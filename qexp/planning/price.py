"""What a plan costs on the device: QPU time of every job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.ideal import final_measurements
from qexp.declare.options import Options
from qexp.devices.cost import (
    JOB_OVERHEAD,
    bound,
    busy,
    reset_seconds,
    shots_seconds,
)
from qexp.devices.device import Device
from qexp.devices.pace import pace
from qexp.devices.snapshot import backend
from qexp.planning.plan import Plan
from qexp.planning.submission import Part, Submission
from qexp.twin.mitigation import MOST_SHOTS

Compiled = Mapping[str, Sequence[QuantumCircuit]]
"""Compiled circuits by the key of their part."""


@dataclass(frozen=True)
class Price:
    """QPU time in seconds.

    Attributes:
        jobs: Of each job, in the plan's order; None where the device has no calibration
            to tell it from.
        exact: Whether it is that of the compiled circuits; else an upper bound.
    """

    jobs: tuple[float | None, ...]
    exact: bool

    @property
    def total(self) -> float | None:
        """Of all jobs together; None where one of them is not known."""
        known = [seconds for seconds in self.jobs if seconds is not None]
        return math.fsum(known) if len(known) == len(self.jobs) else None


def price(plan: Plan, compiled: Compiled | None = None) -> Price:
    """The QPU time of a plan, by the model of `qexp.devices.cost.quantum_seconds`.

    Calibration circuits of readout mitigation are in it where they are circuits of the
    job like any other, which they are on IBM's platform.

    Args:
        plan: The plan.
        compiled: Every part's compiled circuits; without them an upper bound is given.
    """
    durations: dict[Any, tuple[float | None, ...]] = {}
    jobs = [_job(plan, one, compiled, durations) for one in plan.submissions]
    return Price(tuple(jobs), compiled is not None)


def _job(
    plan: Plan,
    sent: Submission,
    compiled: Compiled | None,
    durations: dict[Any, tuple[float | None, ...]],
) -> float | None:
    named = [part.name for part in sent.parts if part.name in plan.places]
    point = plan.places[named[0]].point
    reset = reset_seconds(point.service)
    total = JOB_OVERHEAD
    for part in sent.parts:
        key = (part.built.content if compiled is None else part.key, sent.device.digest)
        if key not in durations:
            durations[key] = _durations(part, sent.device, compiled)
        for duration in durations[key]:
            seconds = _shots(duration, point.options, reset)
            if seconds is None:
                return None
            total += seconds
    calibrating = _calibrating(plan, sent, compiled)
    return None if calibrating is None else total + calibrating


def _calibrating(
    plan: Plan, sent: Submission, compiled: Compiled | None
) -> float | None:
    """Seconds of the job's calibration circuits; None where their length is not known.

    However many qubits are calibrated, each preparation has M3's number of shots.
    """
    mitigated = [
        part for part in sent.parts if part.inputs.get("measurement_error_mitigation")
    ]
    if not mitigated:
        return 0.0
    point = plan.places[mitigated[0].name].point
    each = pace(sent.device, backend(sent.device).properties())
    if each.one_qubit is None or each.readout is None:
        return None
    length = each.one_qubit + each.readout
    reset = reset_seconds(point.service)
    seconds = shots_seconds(
        length, point.options, reset, min(MOST_SHOTS, sent.device.max_shots)
    )
    sets = sum(len(part.built.circuits) for part in mitigated)
    if compiled is not None:
        sets = len(
            {
                frozenset(final_measurements(one))
                for part in mitigated
                for one in compiled[part.key]
            }
        )
    return None if seconds is None else 2 * sets * seconds


def _shots(duration: float | None, options: Options, reset: float) -> float | None:
    return None if duration is None else shots_seconds(duration, options, reset)


def _durations(
    part: Part, device: Device, compiled: Compiled | None
) -> tuple[float | None, ...]:
    properties = backend(device).properties()
    if compiled is None:
        return tuple(bound(one, device, properties) for one in part.built.circuits)
    return tuple(busy(one, device, properties) for one in compiled[part.key])
