"""M3's readout calibration on the twin, drawn from the model for each qubit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qexp.twin import transfer
from qexp.twin.model import Model
from qexp.twin.preparation import Reals, Setting

if TYPE_CHECKING:
    from mthree import M3Mitigation

MOST_SHOTS = 10_000
"""Shots of M3's calibration, where the device takes as many: mthree's own default."""


def calibrate(
    model: Model, qubits: list[int], setting: Setting, shots: int, seed: int
) -> M3Mitigation:
    """M3's calibration of some physical qubits.

    Readout of the twin has no crosstalk, so each qubit's errors are drawn from a binomial
    distribution of as many shots as mthree's balanced calibration has: the
    same expectation and sample size, without its 2 n circuits.

    Args:
        model: The device.
        qubits: Physical qubits.
        setting: Under which it is calibrated.
        shots: Shots of each preparation.
        seed: What is drawn is drawn from it, and from the qubit.
    """
    from mthree import M3Mitigation

    matrices: list[Reals | None] = [None] * len(model.calibration.qubits)
    for qubit in qubits:
        rng = np.random.default_rng([seed, qubit])
        wrong = rng.binomial(shots, misassigned(model, qubit, setting)) / shots
        p10, p01 = wrong
        matrices[qubit] = np.array([[1 - p10, p01], [p10, 1 - p01]])
    mitigation = M3Mitigation(None)
    mitigation.cals_from_matrices(matrices)
    return mitigation


def misassigned(model: Model, qubit: int, setting: Setting) -> tuple[float, float]:
    """Probability of reading 1 after preparing |0⟩, and 0 after preparing |1⟩.

    Errors of the start and of the gate that prepares |1⟩ are in it, so M3 removes them
    with those of readout. Half of the shots before measured 1, as in a balanced
    calibration.
    """
    excited = float(model.carried((qubit,), setting).mean())
    e10, e01 = model.errors(qubit, setting.esp)
    state = transfer.BASIS @ np.array([1 - excited, excited])
    flipped = transfer.of_gate(_X) @ state
    noise = model.gate("x", (qubit,))
    if noise is not None:
        flipped = transfer.of_channel(noise) @ flipped
    (zero_0, one_0), (zero_1, one_1) = (
        transfer.OUTCOMES @ one for one in (state, flipped)
    )
    return (
        float(zero_0 * e10 + one_0 * (1 - e01)),
        float(zero_1 * (1 - e10) + one_1 * e01),
    )


_X = np.array([[0, 1], [1, 0]], dtype=complex)
