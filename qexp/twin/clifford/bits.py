"""Outcomes as parities of independent bits.

What is measured, pulled back to the start, are commuting operators on a state of r logical
qubits. One that has an X part outside their space anticommutes with a stabiliser of the
state, and so do its products with all others: a fair coin. The others are operators on the
logical qubits, or known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import stim
from numpy.typing import NDArray

from qexp.twin.clifford.pauli import Pauli, Span, logical, to_stim, unitary_of


class Value(NamedTuple):
    """A bit that is the parity of some of the independent ones."""

    inverted: bool
    bits: tuple[int, ...]


class _Row(NamedTuple):
    string: int
    operator: Pauli
    bit: int


class Bits:
    """How outcomes come about.

    Attributes:
        coins: For each independent bit whether it is a fair coin. The others are
            outcomes of operators on the logical qubits.
        outcomes: What is measured, in order.
        basis: (2^r, 2^r) complex: from the logical state to one whose first qubits are
            the logical outcomes; the first qubit is the least significant.
    """

    def __init__(self, read: Iterable[Pauli], space: Span) -> None:
        """Reduce measured operators, as they are at the start, to independent bits."""
        self._space = space
        self._rows: dict[int, _Row] = {}  # by the leading bit of the string
        self.coins: list[bool] = []
        self.outcomes = [self._added(operator) for operator in read]
        self.basis = self._basis()

    def value(self, operator: Pauli) -> Value | None:
        """The value of an operator on the state, or None where outcomes leave it open."""
        string, left, bits = self._reduce(operator)
        if string or left.power % 2:  # Y on |0> is X times i, and has another value
            return None
        return Value(left.sign == -1, bits)

    def _added(self, operator: Pauli) -> Value:
        string, left, bits = self._reduce(operator)
        if not string:
            return Value(left.sign == -1, bits)
        number = len(self.coins)
        self._rows[string.bit_length()] = _Row(string, left, number)
        self.coins.append(bool(string >> 2 * len(self._space)))
        return Value(False, (*bits, number))

    def _reduce(self, operator: Pauli) -> tuple[int, Pauli, tuple[int, ...]]:
        string, bits = self._string(operator), []
        while string and string.bit_length() in self._rows:
            row = self._rows[string.bit_length()]
            string ^= row.string
            operator = operator.times(row.operator)
            bits.append(row.bit)
        return string, operator, tuple(bits)

    def _string(self, operator: Pauli) -> int:
        """The X part outside the logical space, then the logical X and Z parts."""
        rank, inside = len(self._space), logical(operator, self._space)
        return self._space.rest(operator.x) << 2 * rank | inside.x << rank | inside.z

    def _basis(self) -> NDArray[np.complex128]:
        rank = len(self._space)
        found = [
            to_stim(logical(row.operator, self._space), rank)
            for row in self._rows.values()
            if not self.coins[row.bit]
        ]
        if not found:
            return np.eye(2**rank, dtype=complex)
        tableau = stim.Tableau.from_stabilizers(found, allow_underconstrained=True)
        return unitary_of(tableau.inverse())
