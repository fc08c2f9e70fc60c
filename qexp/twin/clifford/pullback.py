"""What a circuit turns about, measures and disturbs, seen from its start.

An operator P at some moment of a Clifford circuit C is C^-1 P C at its start, where the
state is |0...0>. Rotations between the Clifford gates are left out of C, and pulled back
themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import stim

from qexp.twin.clifford.gates import ROTATE
from qexp.twin.clifford.pauli import Pauli, from_stim
from qexp.twin.clifford.translate import NOISE, Op


@dataclass(frozen=True)
class Pulled:
    """Z operators at moments of a circuit, as they are at its start.

    Attributes:
        axes: Of the rotations.
        moments: Of each rotation, its number among all ops.
        disturbed: For each noise the Z of its wires.
        before: Of each noise, how many rotations come before it.
        read: Of the measured wires at the end.
    """

    axes: tuple[Pauli, ...]
    moments: tuple[int, ...]
    disturbed: tuple[tuple[Pauli, ...], ...]
    before: tuple[int, ...]
    read: tuple[Pauli, ...]


class _Circuit:
    """The Clifford gates so far, and what they do to a Z."""

    def __init__(self, wires: int) -> None:
        self._simulator = stim.TableauSimulator()
        self._simulator.set_num_qubits(wires)
        self._new = stim.Circuit()
        self._inverse = stim.Tableau(wires)

    def append(self, op: Op) -> None:
        self._new.append(op.name, op.wires)

    def pulled_back(self, wires: Sequence[int]) -> tuple[Pauli, ...]:
        if len(self._new):
            self._simulator.do(self._new)
            self._new.clear()
            self._inverse = self._simulator.current_inverse_tableau()
        return tuple(from_stim(self._inverse.z_output(wire)) for wire in wires)


def pulled_back(ops: Sequence[Op], measured: Sequence[int], wires: int) -> Pulled:
    """Pull the Z of every rotation, noise and measurement back to the start."""
    circuit = _Circuit(wires)
    axes: list[Pauli] = []
    moments, disturbed, before = [], [], []
    for moment, op in enumerate(ops):
        if op.name == ROTATE:
            axes += circuit.pulled_back(op.wires)
            moments.append(moment)
        elif op.name == NOISE:
            disturbed.append(circuit.pulled_back(op.wires))
            before.append(len(axes))
        else:
            circuit.append(op)
    read = circuit.pulled_back(measured)
    return Pulled(tuple(axes), tuple(moments), tuple(disturbed), tuple(before), read)
