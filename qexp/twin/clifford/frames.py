"""Pauli frames: what noise has done, in many shots at once.

A Pauli operator that noise inserts is carried along with the circuit, a bit of X and one
of Z for each wire and shot. On its way it turns the sense of each rotation that it
anticommutes with; at the end it flips outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qexp.twin.clifford.translate import Op
from qexp.twin.clifford.twirl import table

Packed = NDArray[np.uint8]
"""Bits packed along the shots, the first the least significant."""

Values = Sequence[Packed | None]
"""What the wires of some noise would be without noise, None where they have no value."""


class Frames:
    """The frames of some shots, none at the start.

    Attributes:
        x: (wires, ceil(shots/8)) packed bits: X parts.
        z: Z parts.
    """

    def __init__(self, wires: int, shots: int, rng: np.random.Generator) -> None:
        self.x: Packed = np.zeros((wires, (shots + 7) // 8), dtype=np.uint8)
        self.z = self.x.copy()
        self._shots = shots
        self._rng = rng

    def gate(self, op: Op) -> None:
        """Carry the frames through a gate; signs do not matter to them."""
        x, z = self.x, self.z
        if op.name == "H":
            (wire,) = op.wires
            x[wire], z[wire] = z[wire].copy(), x[wire].copy()
        elif op.name in ("S", "S_DAG"):
            (wire,) = op.wires
            z[wire] ^= x[wire]
        elif op.name == "CX":
            control, target = op.wires
            x[target] ^= x[control]
            z[control] ^= z[target]
        elif op.name not in ("I", "X", "Y", "Z"):
            raise AssertionError(f"frames do not know {op.name}")

    def noise(
        self, wires: Sequence[int], superop: NDArray[np.complex128], values: Values
    ) -> None:
        """Insert what a channel may do."""
        rows = table(superop, tuple(value is not None for value in values))
        often = float(1 - rows[:, 0].min())
        if often <= 0:  # dephasing of a qubit that is 0 or 1
            return
        hit = self._hit(often)
        states = np.zeros(len(hit), dtype=np.intp)
        known = [(w, v) for w, v in zip(wires, values, strict=True) if v is not None]
        for digit, (wire, value) in enumerate(known):
            states |= _at(value ^ self.x[wire], hit) << digit
        operators = self._chosen(rows[:, 1:] / often, states)
        for digit, wire in enumerate(wires):
            letter = operators >> 2 * digit & 3  # I, X, Y, Z
            self._flip(self.x[wire], hit[(letter == 1) | (letter == 2)])
            self._flip(self.z[wire], hit[letter >= 2])

    def _hit(self, chance: float) -> NDArray[np.intp]:
        """The shots in which something of this chance happens."""
        count = self._rng.binomial(self._shots, min(chance, 1.0))
        every = self._shots
        return np.asarray(
            self._rng.choice(every, count, replace=False, shuffle=False), dtype=np.intp
        )

    def _chosen(
        self, rows: NDArray[np.float64], states: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """An operator for each state, from its row of probabilities; 0 for what is left."""
        uniform = self._rng.random(len(states))
        found = np.zeros(len(states), dtype=np.intp)
        for state, up_to in enumerate(rows.cumsum(axis=1)):
            mine = states == state
            number = np.searchsorted(up_to, uniform[mine], side="right") + 1
            found[mine] = np.where(number > len(up_to), 0, number)
        return found

    def _flip(self, row: Packed, shots: NDArray[np.intp]) -> None:
        flipped = np.zeros(self._shots, dtype=np.uint8)
        flipped[shots] = 1
        row ^= np.packbits(flipped, bitorder="little")


def _at(row: Packed, shots: NDArray[np.intp]) -> NDArray[np.intp]:
    """The bits of some shots."""
    found: NDArray[np.intp] = (row[shots >> 3] >> (shots & 7) & 1).astype(np.intp)
    return found
