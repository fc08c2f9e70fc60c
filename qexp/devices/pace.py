"""How slow a device can be: the most seconds that each unit of work takes on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qiskit.transpiler import CouplingMap

from qexp.devices.device import Device

ONE_QUBIT_GATES = 5
"""Native gates that make any gate on one qubit: rz sx rz sx rz."""


@dataclass(frozen=True)
class Pace:
    """The most seconds that each unit of work takes on a device; None where unknown.

    Attributes:
        one_qubit: A gate on a single qubit.
        two_qubit: A CX between the two qubits that are farthest apart.
        reset: A reset.
        readout: A measurement.
        dt: The device's sample time.
    """

    one_qubit: float | None
    two_qubit: float | None
    reset: float | None
    readout: float | None
    dt: float | None


@dataclass(frozen=True)
class _Calibrated:
    device: Device
    # terra's object has no hash, and the device's digest covers what it says
    properties: Any = field(compare=False)


def pace(device: Device, properties: Any) -> Pace:
    """The most seconds that each unit of work takes; found out once for each device.

    Args:
        device: The device.
        properties: Its calibration (terra's `BackendProperties`).
    """
    return _pace(_Calibrated(device, properties))


@lru_cache(maxsize=64)
def _pace(of: _Calibrated) -> Pace:
    longest = _longest(of.properties)
    single = longest.get("1")
    one_qubit = None if single is None else ONE_QUBIT_GATES * single
    return Pace(
        one_qubit=one_qubit,
        two_qubit=_across(one_qubit, longest.get("2"), diameter(of.device)),
        reset=longest.get("reset"),
        readout=_readout(of),
        dt=of.device.dt,
    )


def _longest(properties: Any) -> dict[str, float]:
    """The longest reset, and the longest gate on each number of qubits."""
    longest: dict[str, float] = {}
    for gate in properties.gates:
        kind = "reset" if gate.gate == "reset" else str(len(gate.qubits))
        seconds = _known(properties.gate_length, gate.gate, gate.qubits)
        if seconds is not None:
            longest[kind] = max(longest.get(kind, 0.0), seconds)
    return longest


def _readout(of: _Calibrated) -> float | None:
    lengths = [
        _known(of.properties.readout_length, qubit)
        for qubit in range(of.device.num_qubits)
    ]
    return max((one for one in lengths if one is not None), default=None)


def _known(length: Callable[..., Any], *what: Any) -> float | None:
    try:
        return float(length(*what))
    except Exception:  # terra raises BackendPropertyError, KeyError or TypeError
        return None


def _across(
    one_qubit: float | None, native: float | None, distance: int | None
) -> float | None:
    """A CX over some distance: swaps of three native gates, and the gate itself."""
    if one_qubit is None or native is None or distance is None:
        return None
    # each native gate between two gates on one qubit, for its direction or its basis
    return (1 + 3 * (distance - 1)) * (native + 2 * one_qubit)


@lru_cache(maxsize=64)
def diameter(device: Device) -> int | None:
    """The longest distance between two qubits that are coupled at all, at least 1.

    Returns:
        None where the device has no coupling map.
    """
    pairs = device.configuration.get("coupling_map")
    if not pairs:
        return None
    coupling = CouplingMap(pairs)
    coupling.make_symmetric()
    islands = coupling.connected_components()
    return max(1, *(int(island.distance_matrix.max()) for island in islands))
