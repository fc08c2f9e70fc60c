"""How long a device is busy: circuit durations and QPU time."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

from qexp.device import Device
from qexp.options import Options

JOB_OVERHEAD = 2.0
"""Seconds that a job costs beside its shots. IBM's usage formula for primitives, quoted
in third-party code: 2 s + (rep_delay + circuit length) × executions; by analogy here."""

RESET_SECONDS = 4e-6
"""Duration of the reset before each shot: 3 to 5 µs (qiskit-experiments manual, restless
measurements)."""

DT_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


def duration(
    compiled: QuantumCircuit, properties: Any, dt: float | None
) -> float | None:
    """Seconds from the first gate to the end of the last measurement.

    Args:
        compiled: A circuit of the device's own gates on physical qubits.
        properties: The device's calibration (terra's `BackendProperties`), or None.
        dt: The device's sample time in seconds, for delays in units of it.

    Returns:
        The length of the longest path, or None where the calibration has no duration
        for one of the gates.
    """
    if properties is None:
        return None
    ends: dict[Any, float] = {}
    for instruction in compiled.data:
        qubits = [compiled.find_bit(qubit).index for qubit in instruction.qubits]
        length = _length(instruction.operation, qubits, properties, dt)
        if length is None:
            return None
        # what depends on an outcome waits for it
        bits = [*instruction.qubits, *instruction.clbits, *_read(instruction.operation)]
        end = max((ends.get(bit, 0.0) for bit in bits), default=0.0) + length
        ends.update(dict.fromkeys(bits, end))
    return max(ends.values(), default=0.0)


def _read(operation: Any) -> list[Any]:
    """The clbits that an operation's condition reads."""
    condition = getattr(operation, "condition", None)
    if not isinstance(condition, tuple):
        return []
    return list(condition[0]) if hasattr(condition[0], "__iter__") else [condition[0]]


def _length(
    operation: Any, qubits: list[int], properties: Any, dt: float | None
) -> float | None:
    if operation.name == "barrier":
        return 0.0
    if operation.name == "delay":
        scale = dt if operation.unit == "dt" else DT_UNITS[operation.unit]
        return None if scale is None else float(operation.duration) * scale
    try:
        if operation.name == "measure":
            return float(properties.readout_length(qubits[0]))
        return float(properties.gate_length(operation.name, qubits))
    except Exception:  # terra raises BackendPropertyError, KeyError or TypeError
        return None


def quantum_seconds(durations: list[float | None], options: Options) -> float | None:
    """Estimated QPU time of one job, in seconds.

    ``overhead + Σ shots × (rep_delay + duration + [init_qubits] reset)`` over the
    circuits; the duration of a circuit includes its measurements.

    Args:
        durations: Duration of each circuit in seconds, None where unknown.
        options: Options with the device's defaults filled in.

    Returns:
        None where a duration or the repetition delay is not known.
    """
    if options.rep_delay is None or options.shots is None or None in durations:
        return None
    reset = RESET_SECONDS if options.init_qubits else 0.0
    each = sum(options.rep_delay + (length or 0.0) + reset for length in durations)
    return JOB_OVERHEAD + options.shots * each


def busy(compiled: QuantumCircuit, device: Device, properties: Any) -> float | None:
    """The duration of a circuit on a device, in seconds; see `duration`."""
    dt = device.configuration.get("dt")
    return duration(compiled, properties, None if dt is None else dt * 1e-9)
