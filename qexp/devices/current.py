"""Today's devices in the form that terra 0.46 reads.

What their service serves has gates that terra does not know, fractional gates that its
OpenQASM 3 exporter would hide in definitions, and lacks fields that it insists on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

Json = dict[str, Any]

FRACTIONAL = frozenset({"rx", "rzz"})
"""Gates of any angle that a device has beside a basis which is complete without them."""

CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case"})

DEFAULTS: Json = {
    "backend_version": "0",
    "local": False,
    "simulator": False,
    "conditional": False,
    "open_pulse": False,
    "memory": True,
    "max_shots": 100_000,
    "coupling_map": None,
    "gates": [],
}
"""What terra wants of a configuration and the service does not promise."""


def configuration(served: Json) -> Json:
    """A configuration as terra reads it; one of an older device is as it was.

    Args:
        served: As the service serves it.

    Returns:
        Fractional and unknown gates are gone, `measure` among them (a calibration has
        each qubit's readout beside its gates); control flow that the device takes is in
        its basis; what was missing has a default.
    """
    found = {**DEFAULTS, **{k: v for k, v in served.items() if v is not None}}
    found |= {key: served[key] for key in served.keys() - found.keys()}
    if found["open_pulse"] and not _has_pulses(found):
        found["open_pulse"] = False
    basis = found.get("basis_gates")
    if not isinstance(basis, list):
        return found
    dropped = _dropped(basis)
    flow = [one for one in served.get("supported_instructions") or () if _flows(one)]
    kept = [one for one in basis if one not in dropped and _known(one)]
    found["basis_gates"] = list(dict.fromkeys([*kept, *flow]))
    found["gates"] = _gates(found["gates"], "name", dropped)
    if isinstance(served.get("supported_instructions"), list):
        instructions = served["supported_instructions"]
        found["supported_instructions"] = [
            one for one in instructions if one not in dropped
        ]
    return found


def properties(served: Json, basis: list[str]) -> Json:
    """A calibration without the gates that its configuration does not have.

    Args:
        served: As the service serves it.
        basis: The basis gates of the configuration, as served.
    """
    if not isinstance(served.get("gates"), list):
        return served
    return {**served, "gates": _gates(served["gates"], "gate", _dropped(basis))}


def _has_pulses(found: Json) -> bool:
    """Whether terra can make pulses of it: today's service says too little for that."""
    model = found.get("hamiltonian")
    return isinstance(model, dict) and "vars" in model and "u_channel_lo" in found


def _gates(gates: Any, key: str, dropped: frozenset[str]) -> Any:
    if not isinstance(gates, list):
        return gates
    return [one for one in gates if _kept(one.get(key), dropped)]


def _kept(name: Any, dropped: frozenset[str]) -> bool:
    return name not in dropped and name != "measure" and _known(name)


def _dropped(basis: list[str]) -> frozenset[str]:
    """The fractional gates of a device that is universal without them."""
    return FRACTIONAL if {"rz", "sx"} <= set(basis) else frozenset()


def _flows(name: Any) -> bool:
    return name in CONTROL_FLOW


def _known(name: Any) -> bool:
    return name in _names() or name in CONTROL_FLOW


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(get_standard_gate_name_mapping())
