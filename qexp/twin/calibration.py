"""A device's calibration as the twin reads it, in SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qexp.devices.device import Device
from qexp.devices.snapshot import backend

ASSUMED_REP_DELAY = 250e-6
"""Seconds between shots on a device that says nothing of them; the usual default of
later devices."""

READING_SHARE = 0.57
"""Part of the readout's length in which it integrates, where the device does not say:
2.99 µs of 5.20 µs on ibmq_montreal."""

ACQUISITION_US = {
    "ibm_auckland": 0.398,
    "ibm_cairo": 0.398,
    "ibm_geneva": 0.996,
    "ibm_hanoi": 0.398,
    "ibm_lagos": 0.398,
    "ibm_nairobi": 4.978,
    "ibm_oslo": 0.498,
    "ibm_perth": 0.327,
    "ibm_sherbrooke": 0.782,
    "ibm_washington": 0.498,
    "ibmq_armonk": 4.978,
    "ibmq_athens": 2.172,
    "ibmq_belem": 4.978,
    "ibmq_boeblingen": 5.813,
    "ibmq_bogota": 4.978,
    "ibmq_brooklyn": 3.001,
    "ibmq_casablanca": 4.978,
    "ibmq_guadalupe": 3.556,
    "ibmq_jakarta": 4.978,
    "ibmq_kolkata": 0.327,
    "ibmq_lima": 4.978,
    "ibmq_manhattan": 3.001,
    "ibmq_manila": 4.978,
    "ibmq_montreal": 2.987,
    "ibmq_mumbai": 2.987,
    "ibmq_paris": 3.982,
    "ibmq_quito": 4.978,
    "ibmq_rome": 2.716,
    "ibmq_santiago": 3.982,
    "ibmq_sydney": 4.978,
    "ibmq_toronto": 79.644,
    "ibmq_valencia": 5.813,
}
"""Microseconds for which the devices' readout integrates: the acquire instructions of
their pulse defaults, as terra ships them. Those files take up to 0.3 s to read."""

_TIME = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_FREQUENCY = {"Hz": 1.0, "KHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12}


@dataclass(frozen=True)
class Qubit:
    """One qubit's calibration.

    Attributes:
        t1: Relaxation time in seconds; infinite where unknown.
        t2: Dephasing time in seconds, at most twice `t1`; infinite where both are unknown.
        frequency: Of the qubit, in hertz; None where unknown.
        p10: Probability of reading 1 after preparing |0⟩, in [0, 1].
        p01: Probability of reading 0 after preparing |1⟩, in [0, 1].
        readout: Length of readout in seconds; 0 where unknown.
        acquisition: How long it integrates, in seconds.
    """

    t1: float
    t2: float
    frequency: float | None
    p10: float
    p01: float
    readout: float
    acquisition: float


@dataclass(frozen=True)
class Gate:
    """One gate's calibration: its length in seconds (0 where unknown), and error."""

    length: float
    error: float | None


@dataclass(frozen=True)
class Calibration:
    """What a snapshot says.

    Attributes:
        qubits: By physical number.
        gates: By name and physical qubits.
        rep_delay: Seconds between shots where none are asked for.
        dt: The sample time in seconds, or None.
    """

    qubits: tuple[Qubit, ...]
    gates: dict[tuple[str, tuple[int, ...]], Gate]
    rep_delay: float
    dt: float | None


def calibration(device: Device, acquisition: float | None = None) -> Calibration:
    """What a device's snapshot says.

    Args:
        device: The device; it has properties.
        acquisition: Seconds for which readout integrates, over what is known of it.
    """
    properties = backend(device).properties()
    known = ACQUISITION_US.get(device.name)
    if acquisition is None and known is not None:
        acquisition = known * 1e-6
    return Calibration(
        qubits=tuple(_qubit(values, acquisition) for values in properties.qubits),
        gates={
            (gate.gate, tuple(gate.qubits)): Gate(
                _value(gate.parameters, "gate_length", _TIME, "ns") or 0.0,
                _value(gate.parameters, "gate_error"),
            )
            for gate in properties.gates
        },
        rep_delay=_rep_delay(device),
        dt=device.dt,
    )


def _rep_delay(device: Device) -> float:
    if device.default_rep_delay is not None:
        return device.default_rep_delay
    return ASSUMED_REP_DELAY


def _qubit(values: Any, acquisition: float | None) -> Qubit:
    t1 = _value(values, "T1", _TIME, "ns") or math.inf
    t2 = _value(values, "T2", _TIME, "ns") or math.inf
    either = _value(values, "readout_error") or 0.0
    p10, p01 = (_value(values, f"prob_meas{k}_prep{1 - k}") for k in (1, 0))
    if p10 is None or p01 is None:
        p10 = p01 = either
    readout = _value(values, "readout_length", _TIME, "ns") or 0.0
    return Qubit(
        t1=t1,
        t2=min(t2, 2 * t1),
        frequency=_value(values, "frequency", _FREQUENCY, "GHz"),
        p10=_probability(p10),
        p01=_probability(p01),
        readout=readout,
        acquisition=READING_SHARE * readout if acquisition is None else acquisition,
    )


def _probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"a readout error of {value:g} is not between 0 and 1")
    return value


def _value(
    listed: Any, name: str, units: dict[str, float] | None = None, usual: str = ""
) -> float | None:
    """A value of terra's list of name, value and unit; None where it has none."""
    for one in listed:
        if one.name == name:
            unit = getattr(one, "unit", "") or usual
            return float(one.value) * (units or {}).get(unit, 1.0)
    return None
