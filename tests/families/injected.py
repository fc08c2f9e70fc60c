"""A device whose errors are known: manila's snapshot with every number replaced."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache

from qexp.circuits import build
from qexp.declare.config import LocalService
from qexp.declare.family import FamilyCircuit
from qexp.declare.twin import Twin
from qexp.devices.device import Device
from qexp.families import Family, Taken
from qexp.planning.submission import Part
from qexp.results import family as families
from qexp.results.result import split
from qexp.services.local import Local
from tests.embedded import manila, submission

FAR = 10.0
"""A time in seconds beside which a circuit is nothing."""


@cache
def device(
    t1: float = FAR,
    t2: float = FAR,
    one_qubit: float = 0.0,
    two_qubit: float = 0.0,
    zero_as_one: float = 0.0,
    one_as_zero: float = 0.0,
) -> Device:
    """The device; times in seconds, errors as the snapshot gives them."""
    plain = manila()
    properties = copy.deepcopy(plain.properties)
    values = {
        "T1": t1 * 1e6,
        "T2": t2 * 1e6,
        "prob_meas1_prep0": zero_as_one,
        "prob_meas0_prep1": one_as_zero,
        "readout_error": (zero_as_one + one_as_zero) / 2,
    }
    for qubit in properties["qubits"]:
        for item in qubit:
            item["value"] = values.get(item["name"], item["value"])
    for gate in properties["gates"]:
        for item in gate["parameters"]:
            if item["name"] == "gate_error":
                free = gate["gate"] in ("rz", "id", "reset")
                wide = two_qubit if len(gate["qubits"]) == 2 else one_qubit
                item["value"] = 0.0 if free else wide
    made = replace(plain, properties=properties)
    assert made.digest != plain.digest
    return made


def measured(
    family: str, on: Device, shots: int = 4000, level: int = 1, **arguments
) -> tuple[Family, list[Taken]]:
    """A family, and what the twin gives for it on a device."""
    built = build(FamilyCircuit(family=f"qexp.families.{family}", **arguments))
    compile = {"seed_transpiler": 1, "optimization_level": level}
    layout = list(range(max(one.num_qubits for one in built.circuits)))
    compile["initial_layout"] = layout
    part = Part("point", "point", built, compile, "key")
    # preparation without fault, so that what was put in is all that there is
    sent = submission(part, device=on, shots=shots)
    sent = replace(sent, service=LocalService(twin=Twin(eta=0.0, t_bath=0.0)))
    local = Local(1)
    local.submit(sent)
    (arrival,) = local.arrivals()
    (result,) = split(sent, local.decode(arrival.raw))
    local.close()
    assert result.error is None, result.error
    assert built.family is not None
    return built.family, families.taken(result)
