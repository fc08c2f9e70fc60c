"""A program as Clifford gates, rotations about Z, and noise, on wires."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qexp.twin.clifford.gates import ROTATE, parts
from qexp.twin.program import Channel, Program, Step

NOISE = "NOISE"
"""The name of noise in place of a gate's."""

NEGLIGIBLE = 1e-12
"""A channel that is so near to none is left out."""

WIDEST = 2
"""Most qubits of a channel."""

Complex = NDArray[np.complex128]

_FLIP = np.kron([[0, 1], [1, 0]], [[0, 1], [1, 0]]).astype(complex)


class Refused(ValueError):
    """A program that the Clifford path cannot run; the text says why."""


class Op(NamedTuple):
    """A Clifford gate under stim's name, a rotation about Z, or noise."""

    name: str
    wires: tuple[int, ...]


class Translated(NamedTuple):
    """A program on wires: each position has one, and each reset begins another.

    A wire that was left is never looked at again. That is what a reset does to a qubit:
    its state goes to the environment, and a |0> takes its place.
    """

    ops: tuple[Op, ...]
    angles: tuple[float, ...]  # of the rotations, in order
    channels: tuple[Complex, ...]  # superoperators of the noise, in order
    measured: tuple[int, ...]  # wires
    wires: int


class _Writer:
    def __init__(self, program: Program) -> None:
        self.places = program.places
        self.wires = list(range(len(program.places)))
        self.count = len(self.wires)
        self.ops: list[Op] = []
        self.angles: list[float] = []
        self.channels: list[Complex] = []

    def at(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.wires[position] for position in positions)

    def named(self, positions: tuple[int, ...]) -> str:
        places = ", ".join(str(self.places[position]) for position in positions)
        return f"qubit{'s' if len(positions) > 1 else ''} {places}"

    def reset(self, positions: tuple[int, ...]) -> None:
        for position in positions:
            self.wires[position] = self.count
            self.count += 1

    def gate(self, name: str, positions: tuple[int, ...], unitary: Complex) -> None:
        found = parts(unitary)
        if found is None:
            raise Refused(
                f"its {name} on {self.named(positions)} is no Clifford gate; of other "
                "gates only those on one qubit can be run"
            )
        on = self.at(positions)
        for part in found:
            self.ops.append(Op(part.name, tuple(on[t] for t in part.targets)))
            self.angles += [part.angle] if part.name == ROTATE else []

    def noise(self, positions: tuple[int, ...], superop: Complex) -> None:
        if abs(superop - np.eye(len(superop))).max() > NEGLIGIBLE:
            self.ops.append(Op(NOISE, self.at(positions)))
            self.channels.append(superop)


def translate(program: Program) -> Translated:
    """Put a program on wires.

    Raises:
        Refused: It has something that is neither Clifford nor a gate on one qubit,
            measures before the end, or has noise on more than two qubits at once.
    """
    writer = _Writer(program)
    for position, chance in enumerate(program.start.tolist()):
        writer.noise((position,), (1 - chance) * np.eye(4) + chance * _FLIP)
    for step in program.steps:
        _write(step, writer)
        for channel in _checked(step, writer):
            writer.noise(channel.qubits, channel.superop)
    measured = writer.at(tuple(position for position, _ in program.measured))
    return Translated(
        tuple(writer.ops),
        tuple(writer.angles),
        tuple(writer.channels),
        measured,
        writer.count,
    )


def _write(step: Step, writer: _Writer) -> None:
    if step.name == "measure":
        raise Refused(
            f"it measures {writer.named(step.qubits)} and goes on; only measurements at "
            "the end of a circuit can be sampled by Pauli frames"
        )
    if step.name == "reset":
        writer.reset(step.qubits)
    elif step.unitary is not None:
        writer.gate(step.name, step.qubits, step.unitary)
    elif step.name != "delay":
        raise Refused(f"nothing is known of its {step.name}, which has no unitary")


def _checked(step: Step, writer: _Writer) -> Iterator[Channel]:
    for channel in step.channels:
        if len(channel.qubits) > WIDEST:
            raise Refused(
                f"the noise of its {step.name} acts on {writer.named(channel.qubits)} "
                f"at once; at most {WIDEST} qubits can be"
            )
        yield channel
