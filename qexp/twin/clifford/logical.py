"""The few dimensions in which rotations between Clifford gates move the state.

All rotations exp(-i angle/2 Z) of a circuit, pulled back through the Clifford gates
before them, become exp(-i angle/2 P) on |0...0>, with Pauli operators P. If the X parts
of these have rank r, the state never leaves the span of 2^r basis states: r logical
qubits. For a GHZ circuit with any rotations about Z of its qubits r is 1, since all the
Z_j are one operator to the state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qexp.twin.clifford.bits import Bits, Value
from qexp.twin.clifford.pauli import Pauli, Span, logical
from qexp.twin.clifford.pullback import Pulled, pulled_back
from qexp.twin.clifford.translate import Op, Refused

RANK = 10
"""Most logical qubits."""

KEPT = 64
"""How many circuits' reductions are kept."""


@dataclass(frozen=True)
class Rotation:
    """Rotations of the circuit that act as one on the logical qubits."""

    axis: Pauli
    terms: tuple[tuple[int, int], ...]  # number of a rotation, and its sign


@dataclass(frozen=True)
class Reduced:
    """A circuit on its logical qubits.

    Attributes:
        rank: Logical qubits.
        rotations: What turns them.
        turning: How many ops there are up to the last rotation that matters.
        bits: How the outcomes come about.
        values: For each noise the value of each of its wires, None where it has none.
    """

    rank: int
    rotations: tuple[Rotation, ...]
    turning: int
    bits: Bits
    values: tuple[tuple[Value | None, ...], ...]


@lru_cache(KEPT)
def reduced(ops: tuple[Op, ...], measured: tuple[int, ...], wires: int) -> Reduced:
    """Reduce a circuit to what its rotations, of whatever angle, and outcomes need.

    Args:
        ops: Clifford gates, rotations, and where noise is.
        measured: The wires that are measured at the end.
        wires: How many there are.

    Raises:
        Refused: The rotations have more than `RANK` dimensions.
    """
    pulled = pulled_back(ops, measured, wires)
    seen = _seen(pulled)
    space = Span(pulled.axes[number].x for number in seen)
    rotations = tuple(_merged(pulled.axes, seen, space))
    turning = pulled.moments[seen[-1]] + 1 if seen else 0
    bits = Bits(pulled.read, space)
    values = tuple(_values(pulled, seen, bits))
    return Reduced(len(space), rotations, turning, bits, values)


def _seen(pulled: Pulled) -> list[int]:
    """The rotations that outcomes depend on.

    One that commutes with all later ones and with what is measured changes nothing.
    """
    seen: list[int] = []
    space = Span()
    for number in range(len(pulled.axes) - 1, -1, -1):
        axis = pulled.axes[number]
        later = (pulled.axes[other] for other in seen)
        if all(axis.commutes(other) for other in (*pulled.read, *later)):
            continue
        seen.append(number)
        space.add(axis.x)
        if len(space) > RANK:
            raise Refused(
                "its rotations by angles that are no multiples of pi/2 are too many: "
                f"they span more than 2^{RANK} dimensions between its Clifford gates"
            )
    return seen[::-1]


def _merged(
    axes: Sequence[Pauli], seen: Sequence[int], space: Span
) -> Iterator[Rotation]:
    """Rotations about the same logical axis as one, where they can be brought together."""
    merged: list[tuple[Pauli, list[tuple[int, int]]]] = []
    for number in seen:
        axis = logical(axes[number], space)
        for other, terms in reversed(merged):
            if (other.x, other.z) == (axis.x, axis.z):
                terms.append((number, 1 if other.power == axis.power else -1))
                break
            if not axis.commutes(other):
                merged.append((axis, [(number, 1)]))
                break
        else:
            if axis.x:  # what is diagonal, and can go first, is a phase of |0...0>
                merged.append((axis, [(number, 1)]))
    return (Rotation(axis, tuple(terms)) for axis, terms in merged)


def _values(
    pulled: Pulled, seen: Sequence[int], bits: Bits
) -> Iterator[tuple[Value | None, ...]]:
    """Whether a disturbed qubit is 0 or 1, and how that follows from the outcomes.

    Its Z has a value if it is a stabiliser of the state; or if it is a product of what
    is measured, and no rotation comes between.
    """
    for operators, before in zip(pulled.disturbed, pulled.before, strict=True):
        earlier = [pulled.axes[number] for number in seen if number < before]
        last = len(earlier) == len(seen)
        yield tuple(_value(operator, earlier, last, bits) for operator in operators)


def _value(
    operator: Pauli, earlier: Sequence[Pauli], last: bool, bits: Bits
) -> Value | None:
    if not operator.x and all(operator.commutes(axis) for axis in earlier):
        return Value(operator.sign == -1, ())
    found = bits.value(operator)
    return found if found is not None and (last or not found.bits) else None
