"""Gates as Clifford gates and rotations about Z by angles that are none.

Every gate on one qubit is Rz(a) Rx(b) Rz(c) up to a phase, and Rx is Rz between two H.
The nearest multiple of a quarter turn is Clifford; what is left of the angle is a
rotation of its own. A gate on several qubits has to be Clifford.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import stim
from numpy.typing import NDArray

from qexp.twin.clifford.pauli import unitary_of

TOLERANCE = 1e-6
"""Radians that an angle may be off a multiple of pi/2: an infidelity below 1e-12."""

KEPT = 4096
"""How many gates' translations are kept."""

ROTATE = "ROTATE"
"""The name of a rotation in place of a stim gate's."""

_QUARTERS = ("", "S", "Z", "S_DAG")


class Part(NamedTuple):
    """A Clifford gate under stim's name, or a rotation exp(-i angle/2 Z)."""

    name: str
    targets: tuple[int, ...]
    angle: float = 0.0


def parts(unitary: NDArray[np.complex128]) -> tuple[Part, ...] | None:
    """What a gate consists of, in the order of time; None where that is not possible.

    Args:
        unitary: (2^k, 2^k), the first qubit least significant.

    Returns:
        Parts on the gate's own qubits 0 ... k-1.
    """
    matrix = np.ascontiguousarray(unitary, dtype=complex)
    return _parts(matrix.tobytes(), len(matrix))


@lru_cache(KEPT)
def _parts(content: bytes, size: int) -> tuple[Part, ...] | None:
    matrix = np.frombuffer(content, dtype=complex).reshape(size, size)
    if size == 1:  # a global phase
        return ()
    return _of_one_qubit(matrix) if size == 2 else _of_several(matrix)


def _of_one_qubit(matrix: NDArray[np.complex128]) -> tuple[Part, ...]:
    first, middle, last = _angles(matrix)
    return (*_about_z(first), *_about_x(middle), *_about_z(last))


def _angles(matrix: NDArray[np.complex128]) -> tuple[float, float, float]:
    """The angles of Rz, Rx and Rz, in the order of time."""
    (same, up), (down, other) = matrix.tolist()
    middle = 2 * math.atan2(abs(down), abs(same))
    if middle < TOLERANCE:
        return _phase(other, same), 0.0, 0.0
    if math.pi - middle < TOLERANCE:
        return 0.0, math.pi, _phase(down, up)
    quarter = math.pi / 2
    return _phase(up, same) + quarter, middle, _phase(down, same) + quarter


def _phase(number: complex, reference: complex) -> float:
    product = number * reference.conjugate()
    return math.atan2(product.imag, product.real)


def _about_z(angle: float) -> tuple[Part, ...]:
    quarters = round(angle / (math.pi / 2))
    left = angle - quarters * math.pi / 2
    found = []
    if name := _QUARTERS[quarters % 4]:
        found.append(Part(name, (0,)))
    if abs(left) > TOLERANCE:
        found.append(Part(ROTATE, (0,), left))
    return tuple(found)


def _about_x(angle: float) -> tuple[Part, ...]:
    inner = _about_z(angle)
    turn = Part("H", (0,))
    return (turn, *inner, turn) if inner else ()


def _of_several(matrix: NDArray[np.complex128]) -> tuple[Part, ...] | None:
    try:
        tableau = stim.Tableau.from_unitary_matrix(matrix, endian="little")
    except ValueError:
        return None
    exact = unitary_of(tableau)  # stim has a tolerance of its own, and states none
    overlap = abs(np.vdot(exact, matrix)) / len(matrix)
    if 1 - overlap > TOLERANCE**2:
        return None
    found = []
    for instruction in tableau.to_circuit(method="elimination"):
        for group in instruction.target_groups():
            targets = tuple(target.value for target in group)
            found.append(Part(instruction.name, targets))
    return tuple(found)
