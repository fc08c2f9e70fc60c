"""What the compiler made of a point: sizes, durations, and what they promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.content import digest_of_gates, digest_of_texts
from qexp.circuits.ideal import final_measurements
from qexp.circuits.remembered import remembered
from qexp.declare.options import Options
from qexp.devices.cost import RESET_SECONDS, busy, quantum_seconds
from qexp.devices.device import Device
from qexp.devices.snapshot import backend


@dataclass(frozen=True)
class Compiled:
    """The compiled circuits of a point.

    Attributes:
        circuits: Circuits on physical qubits, in order.
        seconds: Time that compiling took, in all; None where that is not known.
        physical_qubits: Physical qubits of the first circuit's measurements, in clbit
            order.
        hash: Digest of the compiled gate lists, 12 hexadecimal digits.
    """

    circuits: tuple[QuantumCircuit, ...]
    seconds: float | None

    @property
    def physical_qubits(self) -> list[int]:
        """Measured physical qubits of the first circuit, in clbit order."""
        return list(final_measurements(self.circuits[0]))

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits, equal where the compiled circuits are."""
        return digest_of_texts(map(_digest, self.circuits))[:12]


def metrics(
    compiled: Compiled,
    device: Device,
    options: Options,
    *,
    share: float = 1.0,
    reset: float = RESET_SECONDS,
) -> dict[str, float]:
    """Compile metrics of a point, means over its circuits unless said otherwise.

    Args:
        compiled: The compiled circuits.
        device: The device.
        options: Options with the device's defaults filled in.
        share: The point's part of the circuits of its job, and so of what the job costs
            beside its shots.
        reset: Duration of the resets before each shot, in seconds.

    Returns:
        `depth` and `two_qubit_gates`; `transpile_seconds` (sum), where it is known; and,
        where the calibration has what it takes, `duration` (seconds),
        `estimated_success_probability` and `quantum_seconds` (sum).
    """
    each = [_measures(circuit, device) for circuit in compiled.circuits]
    depths, gates, durations, chances = zip(*each, strict=True)
    found = {
        "depth": _mean(depths),
        "two_qubit_gates": _mean(gates),
        "transpile_seconds": compiled.seconds,
        "duration": _mean(durations),
        "estimated_success_probability": _mean(chances),
        "quantum_seconds": quantum_seconds(list(durations), options, share, reset),
    }
    return {name: value for name, value in found.items() if value is not None}


@remembered
def _digest(circuit: QuantumCircuit) -> str:
    return digest_of_gates([circuit])


@remembered
def _measures(
    circuit: QuantumCircuit, device: Device
) -> tuple[int, int, float | None, float | None]:
    properties = backend(device).properties()
    return (
        circuit.depth(),
        two_qubit_gates(circuit),
        busy(circuit, device, properties),
        estimated_success(circuit, properties),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(values) if len(known) == len(values) else None


def two_qubit_gates(circuit: QuantumCircuit) -> int:
    """Gates on exactly two qubits; barriers do not count."""
    return sum(
        len(instruction.qubits) == 2 and instruction.operation.name != "barrier"
        for instruction in circuit.data
    )


def estimated_success(circuit: QuantumCircuit, properties: Any) -> float | None:
    """Product of (1 - error) over all gates and measurements.

    Args:
        circuit: A circuit of the device's own gates on physical qubits.
        properties: The device's calibration, or None.

    Returns:
        A probability; None where the calibration has no error for one of the gates.
        Idling is not in it. (Nishio et al., arXiv:1903.10963, call it ESP; it has
        nothing to do with ESP readout.)
    """
    if properties is None:
        return None
    chance = 1.0
    for instruction in circuit.data:
        qubits = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        error = _error(instruction.operation.name, qubits, properties)
        if error is None:
            return None
        chance *= 1 - error
    return chance


def _error(name: str, qubits: list[int], properties: Any) -> float | None:
    if name in ("barrier", "delay"):
        return 0.0
    try:
        if name == "measure":
            return float(properties.readout_error(qubits[0]))
        if name == "reset":
            return 0.0
        return float(properties.gate_error(name, qubits))
    except Exception:  # terra raises BackendPropertyError, KeyError or TypeError
        return None
