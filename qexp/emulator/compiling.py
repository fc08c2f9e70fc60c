"""What a job may ask of the compiler: plain values that fit the device."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.transpiler.passes.synthesis.plugin import unitary_synthesis_plugin_names
from qiskit.transpiler.preset_passmanagers.plugin import list_stage_plugins

from qexp.emulator.refusal import NOT_A_REQUEST, Refusal
from qexp.planning.free import transpiler_arguments

_TYPES: dict[str, tuple[type, ...]] = {
    "approximation_degree": (int, float),
    "basis_gates": (list,),
    "coupling_map": (list,),
    "dt": (int, float),
    "ignore_backend_supplied_default_methods": (bool,),
    "init_method": (str,),
    "initial_layout": (list, dict),
    "layout_method": (str,),
    "optimization_level": (int,),
    "optimization_method": (str,),
    "routing_method": (str,),
    "scheduling_method": (str,),
    "seed_transpiler": (int,),
    "timing_constraints": (dict,),
    "translation_method": (str,),
    "unitary_synthesis_method": (str,),
    "unitary_synthesis_plugin_config": (dict,),
}
"""Arguments of `qiskit.transpile` that have a form in JSON; the others are objects."""

_WORDS: dict[tuple[type, ...], str] = {
    (int,): "an integer",
    (int, float): "a number",
    (bool,): "true or false",
    (str,): "text",
    (list,): "a list",
    (dict,): "a mapping",
    (list, dict): "a list or a mapping",
}

_STAGES = ("init", "layout", "routing", "translation", "optimization", "scheduling")
"""Stages of the compiler, for each of which `<stage>_method` chooses a plugin."""

_TIMING = ("granularity", "min_length", "pulse_alignment", "acquire_alignment")


def require_types(
    options: dict[str, Any], types: dict[str, tuple[type, ...]], path: str = ""
) -> None:
    """Refuse values of other types.

    Args:
        options: Values by key; None is "not set".
        types: The types that each key may have.
        path: What stands before a key in messages.

    Raises:
        Refusal: One of them has another type.
    """
    for key, allowed in types.items():
        value = options.get(key)
        if value is not None and not _is(value, allowed):
            raise _refusal(f"{path}{key} must be {_WORDS[allowed]}", value)


def _is(value: Any, allowed: tuple[type, ...]) -> bool:
    # a bool is an int to Python
    return isinstance(value, allowed) and (type(value) is not bool or bool in allowed)


def _refusal(what: str, value: Any) -> Refusal:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return Refusal(*NOT_A_REQUEST, f"{what}, not {shown}")


def require_compilable(options: dict[str, Any], qubits: int) -> None:
    """Refuse what the compiler does not take, or what does not fit a device.

    Args:
        options: A job's inputs, of the right types.
        qubits: The device's qubits.

    Raises:
        Refusal: There is such a value.
    """
    _require_fit(options, "", qubits)
    further = options.get("transpiler_options", {})
    unknown = sorted(further.keys() - transpiler_arguments())
    if unknown:
        raise Refusal(
            *NOT_A_REQUEST,
            f"transpiler_options: transpile() takes no {', '.join(unknown)}",
        )
    objects = sorted(further.keys() - _TYPES.keys())
    if objects:
        raise Refusal(
            *NOT_A_REQUEST,
            f"transpiler_options: {', '.join(objects)} cannot be given in JSON; "
            f"these can: {', '.join(sorted(_TYPES))}",
        )
    path = "transpiler_options."
    require_types(further, _TYPES, path)
    _require_fit(further, path, qubits)
    for stage in _STAGES:
        _require_one_of(further, f"{stage}_method", list_stage_plugins(stage))
    synthesis = ["default", *unitary_synthesis_plugin_names()]
    _require_one_of(further, "unitary_synthesis_method", synthesis)
    _require_timing(further.get("timing_constraints") or {})


def _require_one_of(further: dict[str, Any], key: str, known: list[str]) -> None:
    value = further.get(key)
    if value is not None and value not in known:
        wanted = f"transpiler_options.{key} must be one of {', '.join(sorted(known))}"
        raise _refusal(wanted, value)


def _require_timing(given: dict[str, Any]) -> None:
    for key, value in given.items():
        path = f"transpiler_options.timing_constraints.{key}"
        if key not in _TIMING:
            raise _refusal(
                f"keys of timing_constraints must be of {', '.join(_TIMING)}", key
            )
        if type(value) is not int or value < 1:
            raise _refusal(f"{path} must be an integer of 1 or more", value)


def _require_fit(options: dict[str, Any], path: str, qubits: int) -> None:
    level = options.get("optimization_level")
    if level is not None and level not in range(4):
        raise _refusal(f"{path}optimization_level must be 0 to 3", level)
    seed = options.get("seed_transpiler")
    if seed is not None and not 0 <= seed < 2**32:
        raise _refusal(f"{path}seed_transpiler must be 0 to {2**32 - 1}", seed)
    degree = options.get("approximation_degree")
    if degree is not None and not 0 <= degree <= 1:
        raise _refusal(f"{path}approximation_degree must be 0 to 1", degree)
    for gate in options.get("basis_gates") or ():
        if not isinstance(gate, str):
            raise _refusal(f"{path}basis_gates must be names of gates", gate)
    _require_layout(options.get("initial_layout"), path, qubits)
    _require_coupling(options.get("coupling_map"), path, qubits)


def _require_layout(layout: Any, path: str, qubits: int) -> None:
    if layout is None:
        return
    what = f"{path}initial_layout must be"
    if isinstance(layout, dict):
        for key in layout:
            if not (key.isascii() and key.isdigit() and len(key) < 6):
                raise _refusal(f"{what} by number of a circuit qubit", key)
    physical = list(layout.values() if isinstance(layout, dict) else layout)
    for one in physical:
        if type(one) is not int or not 0 <= one < qubits:
            raise _refusal(f"{what} of qubits of the device, 0 to {qubits - 1}", one)
    if len(set(physical)) < len(physical):
        raise _refusal(f"{what} of different qubits", layout)


def _require_coupling(coupling: Any, path: str, qubits: int) -> None:
    if coupling is None:
        return
    what = f"{path}coupling_map must be"
    if len(coupling) > qubits**2:
        raise Refusal(
            *NOT_A_REQUEST,
            f"{what} of {qubits**2} pairs at most, not of {len(coupling)}",
        )
    for pair in coupling:
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or any(type(one) is not int or not 0 <= one < qubits for one in pair)
        ):
            raise _refusal(
                f"{what} of pairs of qubits of the device, 0 to {qubits - 1}", pair
            )


def require_layouts(options: dict[str, Any], circuits: list[QuantumCircuit]) -> None:
    """Refuse layouts that do not have each qubit of each circuit.

    Args:
        options: A job's inputs, as `require_compilable` lets them pass.
        circuits: The job's circuits.

    Raises:
        Refusal: One has more, fewer or other qubits.
    """
    further = options.get("transpiler_options", {})
    for path, given in {"": options, "transpiler_options.": further}.items():
        layout = given.get("initial_layout")
        if not layout:
            continue
        for place, circuit in enumerate(circuits):
            width = circuit.num_qubits
            keys = {int(key) for key in layout} if isinstance(layout, dict) else None
            if len(layout) != width or keys not in (None, set(range(width))):
                what = f"circuit {place} ({circuit.name}), 0 to {width - 1}"
                raise _refusal(
                    f"{path}initial_layout must have the qubits of {what}", layout
                )
