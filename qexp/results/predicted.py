"""What the device twin makes of a point that a device has run.

It has the same circuits, the same options, and the calibration that was in force.
"""

from __future__ import annotations

from dataclasses import replace

from qexp.declare.twin import Twin
from qexp.planning.packing import execution_inputs
from qexp.results.family import scored
from qexp.results.ran import Ran
from qexp.results.result import Result, taken
from qexp.services.engine import machine
from qexp.services.program import reason, run

MODELLED = (
    "shots",
    "init_qubits",
    "rep_delay",
    "use_measure_esp",
    "measurement_error_mitigation",
    "seed_simulator",
)
"""Inputs that the twin acts upon; what else a device was asked for, it does not know."""


def predicted(ran: Ran) -> Ran:
    """A point with the twin's scores beside its own, or with why there are none."""
    if ran.result.error is not None:
        return ran
    try:
        twin = _simulated(ran)
    except Exception as error:  # whatever the twin runs into, the counts are good
        return _without(ran, reason(error))
    if twin.error is not None:
        return _without(ran, twin.error)
    own = {one.name: one.value for one in ran.told_apart}
    theirs = scored(ran.built, twin, ran.experiment.scored_by)
    found = {one.name: one.value for one in theirs if one.name in own}
    figures = {f"{name}_twin": value for name, value in found.items()}
    figures |= {f"{name}_gap": own[name] - value for name, value in found.items()}
    return replace(ran, predicted=figures)


def _without(ran: Ran, why: str) -> Ran:
    remark = f"tracking.predict: the twin does not tell: {why}"
    return replace(ran, remarks=(*ran.remarks, remark))


def _simulated(ran: Ran) -> Result:
    """What the twin measures, under the names and the seed of the point."""
    if ran.compiled is None:
        return Result(ran.point.id, (), "what the service compiled is not known")
    device = ran.device_then
    if device.properties is None:
        return Result(ran.point.id, (), f"nothing is known of {device.name}'s errors")
    circuits = [
        circuit.copy(ran.point.circuit_name(k))
        for k, circuit in enumerate(ran.compiled.circuits)
    ]
    asked = execution_inputs(ran.point, ran.seeds)
    inputs = {key: asked[key] for key in MODELLED if key in asked}
    answer = run(
        machine(device, "device", Twin(), None),
        circuits,
        {**inputs, "skip_transpilation": True},
    )
    return taken(ran.point.id, answer["results"])
