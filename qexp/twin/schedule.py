"""When instructions run, and who waits meanwhile: as late as possible.

All final measurements begin together, as hardware has them, and everything before is as
late as that allows; so qubits wait where they are not needed yet, mostly in |0⟩.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timed:
    """An instruction for the scheduler.

    Attributes:
        qubits: Those that it holds.
        clbits: Those that it writes or reads.
        length: Its length in seconds.
    """

    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    length: float


Waits = tuple[tuple[int, float], ...]


def waits(timed: Sequence[Timed], qubits: int) -> tuple[Waits, list[Waits]]:
    """Qubits that wait, and the seconds for which they do.

    Args:
        timed: Instructions in their order, without the final measurements.
        qubits: How many there are.

    Returns:
        Waits before the first instruction of a qubit, and those after each instruction
        of `timed`. Times are counted back from when the final measurements begin.
    """
    needed = [0.0] * qubits
    read: dict[int, float] = {}
    after: list[Waits] = []
    for one in reversed(timed):
        end = max(
            [needed[qubit] for qubit in one.qubits]
            + [read.get(clbit, 0.0) for clbit in one.clbits],
            default=0.0,
        )
        after.append(tuple((q, end - needed[q]) for q in one.qubits if end > needed[q]))
        for qubit in one.qubits:
            needed[qubit] = end + one.length
        for clbit in one.clbits:
            read[clbit] = end + one.length
    whole = max(needed, default=0.0)
    before = tuple((q, whole - t) for q, t in enumerate(needed) if whole > t)
    return before, after[::-1]
