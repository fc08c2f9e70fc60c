"""M3's calibration circuits, and the calibration that comes out of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit

from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.services.ibm.pubs import Pub, written
from qexp.terra import transpile
from qexp.twin.mitigation import MOST_SHOTS

if TYPE_CHECKING:
    from mthree import M3Mitigation


def key(qubits: Iterable[int]) -> str:
    """A name for the calibration of some physical qubits."""
    text = " ".join(map(str, sorted(qubits)))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def circuits(device: Device, qubits: Iterable[int]) -> list[tuple[Pub, str]]:
    """M3's balanced calibration of some physical qubits: circuits, and their texts.

    There are two circuits for each qubit, in which each qubit is prepared in 0 and in 1
    equally often; they share mthree's number of shots for each preparation.

    Args:
        device: The device.
        qubits: Physical qubits.
    """
    from mthree.circuits import balanced_cal_circuits, balanced_cal_strings

    places = sorted(qubits)
    strings = balanced_cal_strings(len(places))
    made = balanced_cal_circuits(strings, places, device.num_qubits)
    shots = math.ceil(min(MOST_SHOTS, device.max_shots) / len(places))
    own = key(places)
    return [
        _circuit(device, one, f"m3-{own}-{k}", own, string, shots)
        for k, (one, string) in enumerate(zip(made, strings, strict=True))
    ]


def _circuit(
    device: Device,
    declared: QuantumCircuit,
    name: str,
    own: str,
    prepared: str,
    shots: int,
) -> tuple[Pub, str]:
    compiled = transpile(
        declared,
        backend(device),
        initial_layout=list(range(declared.num_qubits)),
        optimization_level=0,
    ).copy(name)
    text, registers = written(compiled)
    bits = len(prepared)
    pub = Pub(name, shots, bits, registers, {}, calibrates=own, prepared=prepared)
    return pub, text


def mitigation(
    qubits: Sequence[int],
    system: int,
    prepared: Sequence[str],
    counted: Sequence[Mapping[int, int]],
) -> M3Mitigation:
    """M3, calibrated with what came of its circuits.

    Args:
        qubits: The physical qubits, in the order of the bits.
        system: Number of the device's qubits.
        prepared: What each circuit prepared, the first qubit rightmost.
        counted: Of each circuit the number of shots by outcome.
    """
    from mthree import M3Mitigation

    matrices: list[np.ndarray[tuple[int, int], np.dtype[np.float64]] | None]
    matrices = [None] * system
    for place, qubit in enumerate(qubits):
        seen = np.zeros((2, 2))  # read, prepared
        for string, counts in zip(prepared, counted, strict=True):
            bit = int(string[-1 - place])
            for outcome, number in counts.items():
                seen[outcome >> place & 1, bit] += number
        matrices[qubit] = seen / seen.sum(axis=0)
    found = M3Mitigation(None)
    found.cals_from_matrices(matrices)
    return found
