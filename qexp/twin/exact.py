"""Exact probabilities of what a program's measurements find, before readout error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qexp.twin import transfer
from qexp.twin.build import Built, Condition
from qexp.twin.network import Network, Order, Tensor, contract, order
from qexp.twin.preparation import Reals
from qexp.twin.program import Step

WIDEST_CONDITION = 6
"""Most bits that a condition may look at."""


@dataclass(frozen=True)
class Plan:
    """A program made ready to be contracted.

    Attributes:
        tensors: What happens.
        order: In which order they are taken.
        qubits: How many there are.
        outcomes: Wires of the result: the bits, the first least significant.
        records: The clbits of measurements in the middle, which are the last of them.
        whole: Whether qubits start in a joint distribution, and all are looked at.
    """

    tensors: tuple[Tensor, ...]
    order: Order
    qubits: int
    outcomes: tuple[int, ...]
    records: tuple[int, ...]
    whole: bool

    @property
    def memory(self) -> int:
        """Bytes that it takes, those for readout error on the outcomes included."""
        return 8 * self.order.peak + 24 * (1 << len(self.outcomes))


def refusal(built: Built) -> str | None:
    """Why the probabilities of a program cannot be had at once; None where they can."""
    for number, (clbits, _) in built.conditions.items():
        if built.program.steps[number].name == "measure":
            return "a measurement depends on an outcome"
        if len(clbits) > WIDEST_CONDITION:
            return f"a condition looks at more than {WIDEST_CONDITION} bits"
    return None


def plan(built: Built, whole: bool = False) -> Plan:
    """Make a program ready.

    Args:
        built: The program; `refusal` has nothing against it.
        whole: Whether the start is a joint distribution of all qubits, and so is the
            end; else each qubit starts by itself, and the end is what is measured.
    """
    program, qubits = built.program, len(built.program.places)
    network = _Collected(built)
    if whole:
        for qubit in range(qubits):
            network.single(qubit, transfer.BASIS)
    for number, step in enumerate(program.steps):
        network.add(step, built.conditions.get(number))
    final = [position for position, _ in program.measured]
    for qubit in range(qubits):
        seen = whole or qubit in final
        network.finish(qubit, transfer.OUTCOMES if seen else transfer.TRACE)
    overwritten = {clbit for _, clbit in program.measured}
    records = sorted(network.written - overwritten)
    for clbit in network.written & overwritten:
        network.finish(qubits + clbit, np.ones((1, 2)))
    seen_qubits = list(range(qubits)) if whole else final
    taken = order(network.tensors, dict.fromkeys(range(qubits), 2) if whole else {})
    return Plan(
        tuple(network.tensors),
        taken,
        qubits,
        (*seen_qubits, *(qubits + clbit for clbit in records)),
        tuple(records),
        whole,
    )


def probabilities(ready: Plan, start: Reals) -> Reals:
    """Probability of each outcome.

    Args:
        ready: The program.
        start: (n,) probability of |1⟩ of each qubit; for a program made ready as a
            whole (2^n,) probability of each start, or (2^n, s) for s of them.

    Returns:
        (2^m,), outcome k having in bit j what `ready.outcomes[j]` gave; or (2^m, s).
    """
    n = ready.qubits
    starts: dict[int, Reals] = {
        wire: np.ones(1) for one in ready.tensors for wire in one.wires if wire >= n
    }
    if not ready.whole:
        vectors = transfer.BASIS @ np.array([1 - start, start])
        starts |= {qubit: vectors[:, qubit] for qubit in range(n)}
        state, wires = np.ones(()), []
    else:
        state = start.reshape([2] * n + [-1])
        wires = [*reversed(range(n)), _BATCH]
    state, there = contract(ready.tensors, ready.order, starts, state, wires)
    keep = [*reversed(ready.outcomes), *([_BATCH] if wires else [])]
    state = state.transpose(*map(there.index, keep))
    found = state.reshape(2 ** len(ready.outcomes), -1)
    # rounding leaves a little less than nothing here and there
    found = np.maximum(found, 0.0)
    found /= found.sum(axis=0)
    return found if start.ndim == 2 else found[:, 0]


_BATCH = -1


class _Collected(Network):
    """The network of a program's steps."""

    def __init__(self, built: Built) -> None:
        """Start with nothing.

        Args:
            built: Of which the steps will be.
        """
        super().__init__()
        self.written: set[int] = set()
        self._qubits, self._misread = len(built.program.places), built.misread

    def add(self, step: Step, condition: Condition | None) -> None:
        """Add a step, and the noise that follows it."""
        if step.name == "measure":
            self._measure(step)
            return
        clbits, value = condition or ((), 0)
        wanted = {clbit: value >> k & 1 for k, clbit in enumerate(clbits)}
        if any(one for clbit, one in wanted.items() if clbit not in self.written):
            return  # it waits for a 1 in a bit to which nothing has been written
        bits = [clbit for clbit in wanted if clbit in self.written]
        for qubits, matrix in _matrices(step):
            if len(qubits) == 1 and not bits:
                self.single(qubits[0], matrix)
                continue
            values = _if(matrix, [wanted[clbit] for clbit in bits])
            shape = [2] * len(bits) + [4] * len(qubits)
            # a transfer matrix has the last qubit first
            wires = [*(self._qubits + clbit for clbit in bits), *reversed(qubits)]
            self.several(wires, values.reshape(shape * 2))

    def _measure(self, step: Step) -> None:
        """A measurement in the middle: its clbit becomes a wire, or is written again."""
        assert step.clbit is not None
        read = transfer.instrument(*self._misread[step.qubits[0]])
        for channel in step.channels:
            read = transfer.of_channel(channel.superop) @ read
        before = 2 if step.clbit in self.written else 1
        values = np.repeat(read[:, :, None, :], before, axis=2)
        self.written.add(step.clbit)
        self.several([self._qubits + step.clbit, step.qubits[0]], values)


def _matrices(step: Step) -> list[tuple[tuple[int, ...], Reals]]:
    """What a step does, and its noise: where they act, and transfer matrices."""
    found: list[tuple[tuple[int, ...], Reals]] = []
    if step.name == "reset":
        found.append((step.qubits, transfer.RESET))
    elif step.unitary is not None:
        found.append((step.qubits, transfer.of_gate(step.unitary)))
    noise = [(one.qubits, transfer.of_channel(one.superop)) for one in step.channels]
    return found + noise


def _if(matrix: Reals, wanted: Sequence[int]) -> Reals:
    """A matrix where bits have the wanted values, and nothing elsewhere."""
    size = len(matrix)
    whole = np.eye(size * 2 ** len(wanted))
    place = int("".join(map(str, wanted)) or "0", 2) * size
    whole[place : place + size, place : place + size] = matrix
    return whole
