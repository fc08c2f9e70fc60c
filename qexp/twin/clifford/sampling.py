"""Shots of a program: frames up to the last rotation, outcomes, and frames from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from qexp.twin.clifford.amplitudes import drawn
from qexp.twin.clifford.bits import Value
from qexp.twin.clifford.frames import Frames, Packed
from qexp.twin.clifford.gates import ROTATE
from qexp.twin.clifford.logical import Reduced
from qexp.twin.clifford.translate import NOISE, Op, Translated

EQUAL = 9
"""Decimals of a radian to which angles are told apart."""


class Shots:
    """Some shots of one program."""

    def __init__(
        self,
        program: Translated,
        circuit: Reduced,
        shots: int,
        rng: np.random.Generator,
    ) -> None:
        self._program = program
        self._circuit = circuit
        self._shots = shots
        self._rng = rng
        self._frames = Frames(program.wires, shots, rng)
        self._noise = zip(program.channels, circuit.values, strict=True)
        self._turned: list[Packed] = []  # for each rotation so far
        self._bits: list[Packed] = []

    def outcomes(self) -> Packed:
        """(measured, ceil(shots/8)) bits packed along the shots."""
        ops, turning = self._program.ops, self._circuit.turning
        self._run(ops[:turning])
        # a qubit that decays after the last rotation has a value that outcomes decide
        self._bits = self._independent()
        self._run(ops[turning:])
        found = np.zeros((len(self._program.measured), self._width), dtype=np.uint8)
        read = zip(self._circuit.bits.outcomes, self._program.measured, strict=True)
        for row, (value, wire) in zip(found, read, strict=True):
            row[:] = self._parity(value) ^ self._frames.x[wire]
        return found

    @property
    def _width(self) -> int:
        return (self._shots + 7) // 8

    def _run(self, ops: Iterable[Op]) -> None:
        for op in ops:
            if op.name == NOISE:
                superop, values = next(self._noise)
                known = [None if v is None else self._parity(v) for v in values]
                self._frames.noise(op.wires, superop, known)
            elif op.name == ROTATE:
                self._turned.append(self._frames.x[op.wires[0]].copy())
            else:
                self._frames.gate(op)

    def _parity(self, value: Value) -> Packed:
        found = np.full(self._width, 255 if value.inverted else 0, dtype=np.uint8)
        for bit in value.bits:
            found ^= self._bits[bit]
        return found

    def _independent(self) -> list[Packed]:
        coins = self._circuit.bits.coins
        logical = iter(self._logical(coins.count(False)))
        return [
            self._rng.integers(0, 256, self._width, dtype=np.uint8)
            if coin
            else next(logical)
            for coin in coins
        ]

    def _logical(self, count: int) -> Sequence[Packed]:
        if not count:
            return []
        rotations = self._circuit.rotations
        angles = np.zeros((len(rotations), self._shots))
        for row, rotation in zip(angles, rotations, strict=True):
            row[:] = self._angle(rotation.terms)
        found = drawn(self._circuit, angles.round(EQUAL), self._rng)
        return [
            np.packbits((found >> bit & 1).astype(np.uint8), bitorder="little")
            for bit in range(count)
        ]

    def _angle(self, terms: Iterable[tuple[int, int]]) -> NDArray[np.float64]:
        """The angle of some rotations together in each shot."""
        found = np.zeros(self._shots)
        for number, sign in terms:
            angle = sign * self._program.angles[number]
            back = self._turned[number]
            turned = np.unpackbits(back, count=self._shots, bitorder="little")
            found += angle - 2 * angle * turned
        return found
