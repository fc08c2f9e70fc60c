"""Noise as superoperators, in terra's `SuperOp` convention: columns are stacked.

The gates' noise is that of Aer's `NoiseModel.from_backend`, made here in a hundredth of
the time, and without importing Aer.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import numpy.typing as npt

from qexp.twin.calibration import Gate

Complex = npt.NDArray[np.complex128]


def relaxation(t1: float, t2: float, time: float, excited: float = 0.0) -> Complex:
    """Thermal relaxation of one qubit.

    Args:
        t1: Relaxation time, in seconds.
        t2: Dephasing time, in seconds, at most twice `t1`.
        time: How long it waits, in seconds.
        excited: Population of |1⟩ in equilibrium, in [0, 1].

    Returns:
        (4, 4). The diagonal moves to equilibrium with 1 - exp(-time/t1), coherences
        shrink by exp(-time/t2).
    """
    lost, kept = 1 - math.exp(-time / t1), math.exp(-time / t2)
    up, down = excited * lost, (1 - excited) * lost
    return np.array(
        [[1 - up, 0, 0, down], [0, kept, 0, 0], [0, 0, kept, 0], [up, 0, 0, 1 - down]],
        dtype=complex,
    )


def flip(probability: float) -> Complex:
    """A bit flip of one qubit with a probability; (4, 4)."""
    stay = 1 - probability
    made = np.diag([stay + 0j] * 4)
    made[[0, 1, 2, 3], [3, 2, 1, 0]] = probability
    return made


def depolarizing(strength: float, qubits: int) -> Complex:
    """ρ → (1 - λ) ρ + λ Tr[ρ] 1/2^k on k qubits; (4^k, 4^k)."""
    size = 2**qubits
    identity = np.eye(size).ravel()
    mixed = np.outer(identity, identity) / size
    return np.asarray((1 - strength) * np.eye(size**2) + strength * mixed, complex)


def together(channels: list[Complex]) -> Complex:
    """Channels of one qubit each, side by side; the first acts on the first qubit."""
    return reduce(_beside, channels)


def _beside(low: Complex, high: Complex) -> Complex:
    a, b = math.isqrt(high.shape[0]), math.isqrt(low.shape[0])
    outer = np.einsum(
        "ijkl,mnop->imjnkolp", high.reshape([a] * 4), low.reshape([b] * 4)
    )
    return np.ascontiguousarray(outer.reshape((a * b) ** 2, -1))


def gate_noise(gate: Gate, times: list[tuple[float, float]]) -> Complex | None:
    """The noise of a calibrated gate: depolarizing, then relaxation while it lasts.

    As in Aer's noise model of a device (`basic_device_gate_errors`): the depolarizing
    part is such that both together have the calibrated average gate fidelity; where
    relaxation alone is worse there is none.

    Args:
        gate: Its calibration.
        times: T1 and T2 of its qubits, in seconds.

    Returns:
        (4^k, 4^k), or None for no noise.
    """
    relaxed = None
    if gate.length:
        relaxed = together([relaxation(t1, t2, gate.length) for t1, t2 in times])
    size = 2 ** len(times)
    fidelity = 1.0 if relaxed is None else average_fidelity(relaxed)
    if gate.error is None or gate.error <= 1 - fidelity:
        return relaxed
    error = min(gate.error, size / (size + 1))
    strength = size * (error - (1 - fidelity)) / (size * fidelity - 1)
    noisy = depolarizing(min(strength, size**2 / (size**2 - 1)), len(times))
    return noisy if relaxed is None else relaxed @ noisy


def average_fidelity(channel: Complex) -> float:
    """The average gate fidelity of a channel with the identity."""
    size = math.isqrt(channel.shape[0])
    process = float(np.trace(channel).real) / size**2
    return (size * process + 1) / (size + 1)


def of_unitary(matrix: Complex) -> Complex:
    """The superoperator of a unitary."""
    return np.kron(matrix.conj(), matrix)
