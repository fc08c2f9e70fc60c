"""The inputs of circuit-runner, as IBM's program took them: what counts, what does not."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field
from typing import Any

from qiskit import QuantumCircuit

from qexp.declare.options import DEFAULT_SHOTS, SEED_LIMIT
from qexp.devices.device import Device
from qexp.emulator.compiling import require_compilable, require_types
from qexp.emulator.refusal import (
    NO_ESP,
    NO_MEMORY,
    NOT_A_REQUEST,
    REP_DELAY,
    TOO_FEW_SHOTS,
    TOO_MANY_CIRCUITS,
    TOO_MANY_SHOTS,
    TOO_WIDE,
    Refusal,
)
from qexp.emulator.shelf import Offered
from qexp.planning.free import AER_OPTIONS, PROGRAM_INPUTS

METHODS = ("layout_method", "routing_method", "translation_method")
"""Inputs that IBM's program took and handed to the execution, which ignored them."""

OURS = (
    "initial_layout",
    "seed_transpiler",
    "optimization_level",
    "transpiler_options",
    "measurement_error_mitigation",
    "shots",
    "init_qubits",
    "rep_delay",
    "use_measure_esp",
    "meas_level",
    "meas_return",
    "circuits",
)

_TYPES: dict[str, tuple[type, ...]] = {
    "shots": (int,),
    "seed_transpiler": (int,),
    "seed_simulator": (int,),
    "optimization_level": (int,),
    "rep_delay": (int, float),
    "init_qubits": (bool,),
    "measurement_error_mitigation": (bool,),
    "use_measure_esp": (bool,),
    "memory": (bool,),
    "skip_transpilation": (bool,),
    "initial_layout": (list, dict),
    "transpiler_options": (dict,),
    "header": (dict,),
    "method": (str,),
    "precision": (str,),
    "device": (str,),
}


@dataclass
class Inputs:
    """What a job asks of the program.

    Attributes:
        options: Options of the embedded circuit-runner that are set.
        notes: What a person may want to know: inputs that have no effect, for one.
    """

    options: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def taken(params: dict[str, Any], device: Device) -> Inputs:
    """The options in a job's inputs.

    Args:
        params: The inputs, as they came.
        device: The device.

    Raises:
        Refusal: A value that the device or the program does not take.
    """
    known = {*OURS, *PROGRAM_INPUTS, *AER_OPTIONS}
    given = {key: value for key, value in params.items() if value is not None}
    inputs = Inputs({key: value for key, value in given.items() if key in known})
    inputs.options.pop("circuits", None)
    for key in given.keys() - known:
        inputs.notes.append(_without_effect(key))
    require_types(inputs.options, _TYPES)
    _execution(inputs, device)
    require_compilable(inputs.options, device.num_qubits)
    _seeded(inputs)
    return inputs


def _without_effect(key: str) -> str:
    if key in METHODS:
        return f"{key} has no effect here; it has inside transpiler_options"
    return f"{key} is not known, and has no effect"


def _execution(inputs: Inputs, device: Device) -> None:
    options = inputs.options
    shots = options.setdefault("shots", min(DEFAULT_SHOTS, device.max_shots))
    if shots > device.max_shots:
        raise Refusal(
            *TOO_MANY_SHOTS,
            f"{shots} shots are too many: {device.name} takes {device.max_shots}",
        )
    if shots < 1:
        raise Refusal(*TOO_FEW_SHOTS, f"{shots} shots are too few")
    if options.get("memory") and not device.configuration.get("memory", True):
        raise Refusal(*NO_MEMORY, f"{device.name} does not keep single shots")
    if options.get("use_measure_esp") and not device.esp_available:
        raise Refusal(*NO_ESP, f"ESP readout is not enabled on {device.name}")
    if "executor" in options:
        raise Refusal(*NOT_A_REQUEST, "executor cannot be given in JSON")
    if options.pop("meas_level", 2) != 2:
        raise Refusal(
            *NOT_A_REQUEST, "meas_level: only classified outcomes (2) are here"
        )
    options.pop("meas_return", None)
    settle_rep_delay(inputs, device)


def settle_rep_delay(inputs: Inputs, device: Device) -> None:
    """Leave a `rep_delay` out that has no effect.

    Raises:
        Refusal: It is not in the device's range.
    """
    delay, allowed = inputs.options.get("rep_delay"), device.rep_delay_range
    if delay is None:
        return
    if not device.dynamic_reprate or allowed is None:
        inputs.options.pop("rep_delay")
        inputs.notes.append(
            f"rep_delay has no effect: {device.name} has a fixed repetition rate"
        )
    elif not (math.isfinite(delay) and allowed[0] <= delay <= allowed[1]):
        raise Refusal(
            *REP_DELAY,
            f"Repetition delay not supported: {delay} s is not in the range "
            f"{allowed[0]:g} to {allowed[1]:g} s of {device.name}",
        )


def _seeded(inputs: Inputs) -> None:
    seed = inputs.options.get("seed_simulator")
    if seed is None:
        seed = inputs.options["seed_simulator"] = secrets.randbelow(SEED_LIMIT)
        inputs.notes.append(f"seed_simulator is {seed}, drawn")
    elif seed < 0:
        raise Refusal(*NOT_A_REQUEST, "seed_simulator must not be negative")


def require_room(circuits: list[QuantumCircuit], offered: Offered) -> None:
    """Refuse circuits that the device does not take.

    Raises:
        Refusal: They are too many or too wide.
    """
    require_number(len(circuits), offered)
    width, most = max(one.num_qubits for one in circuits), offered.device.num_qubits
    if width > most:
        raise Refusal(
            *TOO_WIDE, f"{width} qubits are too many: {offered.name} has {most}"
        )


def require_number(number: int, offered: Offered) -> None:
    """Refuse a number of circuits that the device does not take.

    Raises:
        Refusal: They are too many, or none.
    """
    most = offered.max_circuits
    if number > most:
        raise Refusal(
            *TOO_MANY_CIRCUITS,
            f"{number} circuits are too many: {offered.name} takes {most}",
        )
    if not number:
        raise Refusal(*NOT_A_REQUEST, "there are no circuits")
