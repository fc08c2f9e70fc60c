"""How long a device is busy: circuit durations and QPU time."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

from qexp.declare.config import LocalService, Service
from qexp.declare.options import Options
from qexp.devices.device import Device
from qexp.devices.pace import Pace, pace
from qexp.devices.work import Work, bits_of, work

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
        bits = bits_of(instruction)
        end = max((ends.get(bit, 0.0) for bit in bits), default=0.0) + length
        ends.update(dict.fromkeys(bits, end))
    return max(ends.values(), default=0.0)


def _length(
    operation: Any, qubits: list[int], properties: Any, dt: float | None
) -> float | None:
    if operation.name == "barrier":
        return 0.0
    if operation.name == "delay":
        scale = _scale(operation.unit, dt)
        return None if scale is None else float(operation.duration) * scale
    try:
        if operation.name == "measure":
            return float(properties.readout_length(qubits[0]))
        return float(properties.gate_length(operation.name, qubits))
    except Exception:  # terra raises BackendPropertyError, KeyError or TypeError
        return None


def _scale(unit: str, dt: float | None) -> float | None:
    return dt if unit == "dt" else DT_UNITS[unit]


def reset_seconds(service: Service) -> float:
    """Duration of the resets before each shot, in seconds: the twin's own, or one."""
    if isinstance(service, LocalService) and service.noise == "device":
        return service.twin.n_resets * service.twin.t_reset
    return RESET_SECONDS


def shots_seconds(
    duration: float,
    options: Options,
    reset: float = RESET_SECONDS,
    shots: int | None = None,
) -> float | None:
    """Estimated QPU time of all shots of one circuit, in seconds.

    ``shots × (rep_delay + duration + [init_qubits] reset)``

    Args:
        duration: Duration of the circuit in seconds, its measurements included.
        options: Options with the device's defaults filled in.
        reset: Duration of the resets before each shot, in seconds.
        shots: How many there are; None is the options' own number.

    Returns:
        None where the repetition delay is not known.
    """
    shots = options.shots if shots is None else shots
    if options.rep_delay is None or shots is None:
        return None
    before = reset if options.init_qubits else 0.0
    return shots * (options.rep_delay + duration + before)


def quantum_seconds(
    durations: list[float | None],
    options: Options,
    share: float = 1.0,
    reset: float = RESET_SECONDS,
) -> float | None:
    """Estimated QPU time of one job, or of a part of one, in seconds.

    The overhead and the circuits' `shots_seconds`.

    Args:
        durations: Duration of each circuit in seconds, None where unknown.
        options: Options with the device's defaults filled in.
        share: Which part of the job's overhead counts.
        reset: Duration of the resets before each shot, in seconds.

    Returns:
        None where a duration or the repetition delay is not known.
    """
    total = share * JOB_OVERHEAD
    for length in durations:
        seconds = None if length is None else shots_seconds(length, options, reset)
        if seconds is None:
            return None
        total += seconds
    return total


def busy(compiled: QuantumCircuit, device: Device, properties: Any) -> float | None:
    """The duration of a circuit on a device, in seconds; see `duration`."""
    return duration(compiled, properties, device.dt)


def bound(circuit: QuantumCircuit, device: Device, properties: Any) -> float | None:
    """Seconds that a circuit takes at most on a device, without compiling it.

    All operations stand one after another, each as slow as the device's slowest of its
    kind. A gate on one qubit counts as `ONE_QUBIT_GATES`. A CX counts as if its qubits
    were at opposite ends of the device: D - 1 swaps of three native gates bring them
    together (D is the diameter of the coupling map), and each native gate has a gate on
    a single qubit before and after it, for its direction or its basis. Measurements at
    the end count once for as many as can be simultaneous.

    It is a bound for compilers that insert at most D - 1 swaps for each CX, and take
    other gates apart no worse than terra does. Nothing proves that of terra's routing
    passes, but none has been seen to need more. It does not hold for a circuit that
    is compiled for another coupling map, basis or calibration than the device's own
    (`transpiler_options`).

    Args:
        circuit: A circuit as it was declared.
        device: The device.
        properties: Its calibration (terra's `BackendProperties`), or None.

    Returns:
        None where the calibration lacks a duration that is needed, the device has no
        coupling map for a CX, or the circuit has control flow.
    """
    if properties is None:
        return None
    asked = work(circuit)
    return None if asked is None else at_most(asked, pace(device, properties))


def at_most(asked: Work, each: Pace) -> float | None:
    """Seconds that some work takes at most; see `bound`."""
    charges: list[tuple[float, float | None]] = [
        (asked.one_qubit, each.one_qubit),
        (asked.two_qubit, each.two_qubit),
        (asked.resets, each.reset),
        (asked.readouts, each.readout),
    ]
    for unit, length, number in asked.delays:
        # the compiler rounds each delay to the sample time
        charges += [(length, _scale(unit, each.dt)), (number, each.dt or 0.0)]
    total = 0.0
    for count, seconds in charges:
        if count and seconds is None:
            return None
        total += count * (seconds or 0.0)
    return total
