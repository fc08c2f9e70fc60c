"""Programs of Clifford gates and a few rotations, with noise as random Pauli operators.

Time grows with qubits and gates only linearly, so that a GHZ state of all qubits of a
device is sampled in seconds. What is exact: the gates, the start, dephasing and
depolarising; and relaxation of a qubit that is 0 or 1 in every shot, because nothing has
entangled it yet or because nothing but outcomes in that basis comes of it. Elsewhere
relaxation is twirled: it excites as often as it decays. Whoever chooses this path has to
know that it is near enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qexp.twin.clifford.logical import Reduced, reduced
from qexp.twin.clifford.sampling import Shots
from qexp.twin.clifford.translate import Refused, Translated, translate
from qexp.twin.program import Program

__all__ = ["rank", "refusal", "sample"]


def refusal(program: Program) -> str | None:
    """Why this path cannot run a program, or None if it can.

    It runs Clifford gates, any gates on one qubit as long as their rotations by angles
    that are no multiples of pi/2 span at most 2^10 dimensions (see `logical`), delays,
    resets, and noise on one or two qubits.
    """
    try:
        _reduced(translate(program))
    except Refused as reason:
        return str(reason)
    return None


def rank(program: Program) -> int:
    """Logical qubits in which a program's rotations move the state; 0 without any.

    Raises:
        ValueError: `refusal` gives a reason.
    """
    return _reduced(translate(program)).rank


def sample(program: Program, shots: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Sample the final measurements, before readout error.

    Args:
        program: The program.
        shots: Repetitions, at least 1.
        rng: Chance; the same state of it gives the same outcomes.

    Returns:
        (shots, measured) bool, in the order of `program.measured`.

    Raises:
        ValueError: `refusal` gives a reason, or a channel is none.
    """
    translated = translate(program)
    packed = Shots(translated, _reduced(translated), shots, rng).outcomes()
    bits = np.unpackbits(packed, axis=1, count=shots, bitorder="little")
    return np.ascontiguousarray(bits.T).view(np.bool_)


def _reduced(translated: Translated) -> Reduced:
    return reduced(translated.ops, translated.measured, translated.wires)
