"""How qubits start a shot: what the previous one, the reset and the wait leave in |1⟩."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from qexp.declare.twin import Twin
from qexp.twin.calibration import Qubit

Reals = npt.NDArray[np.float64]

PLANCK_OVER_BOLTZMANN = 4.799243e-11
"""h/k in kelvin for each hertz (CODATA)."""


@dataclass(frozen=True)
class Setting:
    """What of a point's options decides how a shot starts and is read out.

    Attributes:
        rep_delay: Seconds between shots.
        init_qubits: Whether qubits are reset before each.
        esp: Whether readout is excited-state promoted.
    """

    rep_delay: float
    init_qubits: bool
    esp: bool


def thermal(qubit: Qubit, twin: Twin) -> float:
    """Population of |1⟩ in equilibrium: Boltzmann's, at most half of the error `p10`."""
    if not qubit.frequency or twin.t_bath == 0:
        return 0.0
    exponent = PLANCK_OVER_BOLTZMANN * qubit.frequency / twin.t_bath
    return min(1 / (1 + math.exp(min(exponent, 700))), qubit.p10 / 2)


def residuals(qubit: Qubit, twin: Twin) -> tuple[float, float]:
    """What a reset leaves in |1⟩ of a qubit that was in |0⟩, and of one that was in |1⟩.

    A reset flips a qubit that it has read as 1, so it errs where the readout does.
    """
    return min(twin.eta * qubit.p10, 0.5), min(twin.eta * qubit.p01, 0.5)


def carried(qubit: Qubit, twin: Twin, setting: Setting) -> tuple[float, float]:
    """Probability of |1⟩ at the start of a shot, by what the previous shot measured.

    The qubit relaxes while it is read out, is reset `n_resets` times where `init_qubits`
    is set, and relaxes for `rep_delay`. After ESP readout a qubit that was in |1⟩
    starts from |2⟩; what is left there counts as |1⟩.

    Returns:
        The probability after a 0, and after a 1.
    """
    floor = thermal(qubit, twin)
    resets = twin.n_resets if setting.init_qubits else 0
    if not resets:
        time = qubit.readout + setting.rep_delay
        return _relaxed(0.0, floor, time, qubit), _left(
            floor, time, qubit, twin, setting
        )
    after_0 = _relaxed(0.0, floor, qubit.readout, qubit)
    after_1 = _left(floor, qubit.readout, qubit, twin, setting)
    low, high = residuals(qubit, twin)
    after_0, after_1 = (
        reduce(lambda x, _: (1 - x) * low + x * high, range(resets), x)
        for x in (after_0, after_1)
    )
    delay = setting.rep_delay
    return (
        _relaxed(after_0, floor, delay, qubit),
        _relaxed(after_1, floor, delay, qubit),
    )


def _relaxed(x: float, floor: float, time: float, qubit: Qubit) -> float:
    return floor + (x - floor) * math.exp(-time / qubit.t1)


def _left(
    floor: float, time: float, qubit: Qubit, twin: Twin, setting: Setting
) -> float:
    """Probability of not |0⟩ some time after a 1 was measured."""
    if not setting.esp:
        return _relaxed(1.0, floor, time, qubit)
    return max(above_ground(time / qubit.t1, twin.gamma_21), floor)


def above_ground(times: float, ratio: float) -> float:
    """Probability that a qubit which started in |2⟩ is not in |0⟩ yet.

    Successive decay 2 → 1 → 0; for a ratio of 2 it is 2 exp(-x) - exp(-2 x).

    Args:
        times: How long, in multiples of T1.
        ratio: Decay rate of |2⟩, as a multiple of 1/T1.
    """
    slow, fast = math.exp(-times), math.exp(-ratio * times)
    if math.isclose(ratio, 1):
        return slow * (1 + times)
    return fast + ratio / (ratio - 1) * (slow - fast)


def start(qubit: Qubit, twin: Twin, setting: Setting, previous: float = 0.5) -> float:
    """Probability of |1⟩ at the start of a shot.

    Args:
        qubit: Its calibration.
        twin: The twin's parameters.
        setting: The point's.
        previous: Probability that the previous shot measured 1.
    """
    after_0, after_1 = carried(qubit, twin, setting)
    return (1 - previous) * after_0 + previous * after_1
