"""Pauli operators as two integers and a phase, and linear algebra of bits on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import stim
from numpy.typing import NDArray


class Pauli(NamedTuple):
    """i^power X^x Z^z: bit j of `x` and of `z` belongs to qubit j."""

    x: int
    z: int
    power: int

    def times(self, other: Pauli) -> Pauli:
        """The product; the other acts first."""
        power = self.power + other.power + 2 * parity(self.z & other.x)
        return Pauli(self.x ^ other.x, self.z ^ other.z, power % 4)

    def commutes(self, other: Pauli) -> bool:
        """Whether the order does not matter."""
        return parity(self.x & other.z) == parity(self.z & other.x)

    @property
    def sign(self) -> int:
        """The sign (+1 or -1) of a Hermitian operator written with X, Y = iXZ and Z."""
        return 1 - (self.power - (self.x & self.z).bit_count()) % 4


def parity(bits: int) -> int:
    """Whether the number of ones is odd."""
    return bits.bit_count() & 1


def from_stim(string: stim.PauliString) -> Pauli:
    """A Pauli operator of stim's."""
    xs, zs = string.to_numpy(bit_packed=True)
    x, z = (int.from_bytes(bits.tobytes(), "little") for bits in (xs, zs))
    power = (x & z).bit_count() + (0 if string.sign == 1 else 2)
    return Pauli(x, z, power % 4)


def to_stim(pauli: Pauli, qubits: int) -> stim.PauliString:
    """A Hermitian operator as stim's."""
    xs, zs = (
        np.array([bits >> qubit & 1 for qubit in range(qubits)], dtype=bool)
        for bits in (pauli.x, pauli.z)
    )
    return stim.PauliString.from_numpy(xs=xs, zs=zs, sign=pauli.sign)


def unitary_of(tableau: stim.Tableau) -> NDArray[np.complex128]:
    """A tableau's unitary, the first qubit least significant.

    Stim gives single precision; but the elements of a row that are not 0 are equal in
    magnitude, and their phases multiples of a quarter turn apart.
    """
    matrix = tableau.to_unitary_matrix(endian="little").astype(complex)
    unitary: NDArray[np.complex128] = matrix / np.linalg.norm(matrix, axis=1)[:, None]
    return unitary


class Span:
    """A space of bit strings: a reduced basis, each with a bit that the others lack."""

    def __init__(self, strings: Iterable[int] = ()) -> None:
        """Span some strings."""
        self.basis: list[int] = []
        self._pivots: list[int] = []
        for string in strings:
            self.add(string)

    def add(self, string: int) -> bool:
        """Take a string in; whether it was not in already."""
        left = self.rest(string)
        if not left:
            return False
        pivot = left.bit_length() - 1
        self.basis = [b ^ left if b >> pivot & 1 else b for b in self.basis]
        self.basis.append(left)
        self._pivots.append(pivot)
        return True

    def rest(self, string: int) -> int:
        """A string less its part in the space: 0 where it is in it."""
        for pivot, vector in zip(self._pivots, self.basis, strict=True):
            if string >> pivot & 1:
                string ^= vector
        return string

    def coordinates(self, string: int) -> int:
        """Which of the basis add up to the string's part in the space, as bits."""
        return sum((string >> p & 1) << i for i, p in enumerate(self._pivots))

    def parities(self, mask: int) -> int:
        """The parity of each of the basis under a mask, as bits."""
        return sum(parity(b & mask) << i for i, b in enumerate(self.basis))

    def __len__(self) -> int:
        return len(self.basis)


def logical(pauli: Pauli, space: Span) -> Pauli:
    """What an operator does to basis states that span a space, numbered by coordinates.

    Args:
        pauli: An operator whose X part lies in the space.
        space: X parts that lead from |0...0> to the basis states.
    """
    return Pauli(space.coordinates(pauli.x), space.parities(pauli.z), pauli.power)
