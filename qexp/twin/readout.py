"""Readout errors: the snapshot's without what its preparation adds; with and without ESP.

ESP readout excites |1⟩ to |2⟩ just before it reads, so that two decays, and not one,
turn a 1 into a 0 (P. Nation, "ESP readout", 2021). `eps_esp` is what it adds.
"""

from __future__ import annotations

import math

import numpy as np

from qexp.declare.twin import Twin
from qexp.twin.calibration import Qubit
from qexp.twin.preparation import Reals, Setting, above_ground, start

SMALLEST = 1e-5
"""No readout error is taken for smaller than this."""

SLOW_READOUT = 2e-6
"""Seconds of integration from which readout is as slow as on Falcon R4 (3 µs), where ESP
was introduced; on the fast ones of R5 (0.3 to 0.5 µs) it did harm. By integration and
not by family: the snapshots of some R5 devices read out in 5 µs."""

EPS_SLOW, EPS_FAST = 0.004, 0.011
"""`eps_esp` where it is not set, for slow and for fast readout."""


def eps_esp(qubit: Qubit, twin: Twin) -> float:
    """What ESP readout adds to the error of reading |1⟩."""
    if twin.eps_esp is not None:
        return twin.eps_esp
    return EPS_SLOW if qubit.acquisition >= SLOW_READOUT else EPS_FAST


def misread(qubit: Qubit, twin: Twin, rep_delay: float) -> tuple[float, float]:
    """Readout errors without preparation's: reading 1 of |0⟩, and 0 of |1⟩.

    The calibration was measured on qubits that start a shot in |1⟩ with probability q,
    so its matrix is A·S(q) with S = [[1-q, q], [q, 1-q]]; this is A.

    Args:
        qubit: Its calibration.
        twin: The twin's parameters.
        rep_delay: The device's default, under which it was calibrated.
    """
    q = prepared(qubit, twin, rep_delay)
    rest = 1 - (qubit.p10 + qubit.p01 - 2 * q) / (1 - 2 * q)
    return max(qubit.p10 - q * rest, SMALLEST), max(qubit.p01 - q * rest, SMALLEST)


def prepared(qubit: Qubit, twin: Twin, rep_delay: float) -> float:
    """Preparation error in the calibration: at most nine tenths of its error of 0."""
    usual = Setting(rep_delay, init_qubits=True, esp=False)
    return min(start(qubit, twin, usual), 0.9 * qubit.p10, 0.45)


def errors(
    qubit: Qubit, twin: Twin, rep_delay: float, esp: bool
) -> tuple[float, float]:
    """Probability of reading 1 of |0⟩, and 0 of |1⟩, each in [1e-5, 0.5].

    Args:
        qubit: Its calibration.
        twin: The twin's parameters.
        rep_delay: The device's default, in seconds.
        esp: Whether readout is excited-state promoted.
    """
    e10, e01 = misread(qubit, twin, rep_delay)
    if esp:
        # the share of decay: limited by T1, and no more than the errors' difference
        decay = 1 - math.exp(-qubit.acquisition / (2 * qubit.t1))
        decay = min(decay, max(0.0, e01 - e10))
        twice = 1 - above_ground(-math.log(1 - decay), twin.gamma_21)
        e01 = min(max(e01 - decay + twice + eps_esp(qubit, twin), SMALLEST), 0.5)
    return e10, e01


def matrix(e10: float, e01: float) -> Reals:
    """(2, 2): probability of reading the row of what is in the column."""
    return np.array([[1 - e10, e01], [e10, 1 - e01]])


def applied(probabilities: Reals, matrices: list[Reals]) -> Reals:
    """Probabilities of what is read.

    Args:
        probabilities: (…, 2^m) of what is there, bit k of an outcome in the k-th place.
        matrices: (2, 2) for each of the m bits.
    """
    shape = probabilities.shape
    for k, one in enumerate(matrices):
        parts = probabilities.reshape(-1, 2, 2**k)
        probabilities = np.matmul(one, parts)
    return probabilities.reshape(shape)
