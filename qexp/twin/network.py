"""A network of small real tensors, and how it is contracted to a distribution.

Each wire is a qubit or a classical bit. A qubit joins the state with its first gate on
several wires and becomes a classical bit after its last, so what counts is not how many
qubits there are but how many are quantum at a time: a chain of 20 takes 8 MB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qexp.twin.preparation import Reals


@dataclass(frozen=True)
class Tensor:
    """Something that happens to some wires.

    Attributes:
        wires: In rising order.
        values: The wires' dimensions after it, then those before it.
    """

    wires: tuple[int, ...]
    values: Reals

    @property
    def after(self) -> tuple[int, ...]:
        """The wires' dimensions after it."""
        return self.values.shape[: len(self.wires)]

    @property
    def before(self) -> tuple[int, ...]:
        """The wires' dimensions before it."""
        return self.values.shape[len(self.wires) :]


class Network:
    """Collects tensors in their order, and fuses those that may be one."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.tensors: list[Tensor] = []
        self._last: dict[int, int] = {}
        self._pending: dict[int, Reals] = {}

    def single(self, wire: int, matrix: Reals) -> None:
        """Something happens to one wire: it waits for the next on several.

        Args:
            wire: The wire.
            matrix: (after, before).
        """
        pending = self._pending.get(wire)
        self._pending[wire] = matrix if pending is None else matrix @ pending

    def several(self, wires: Sequence[int], values: Reals) -> None:
        """Something happens to several wires.

        Args:
            wires: In the order of the axes.
            values: Dimensions after it, then those before it.
        """
        count = len(wires)
        order = sorted(range(count), key=wires.__getitem__)
        values = values.transpose(*order, *(count + k for k in order))
        sorted_wires = tuple(sorted(wires))
        for k, wire in enumerate(sorted_wires):
            pending = self._pending.pop(wire, None)
            if pending is not None:
                values = _on_axis(values, count + k, pending.T)
        last = {self._last.get(wire) for wire in wires}
        number = last.pop()
        if number is not None and not last:
            before = self.tensors[number]
            if before.wires == sorted_wires:
                values = np.tensordot(values, before.values, count)
                self.tensors[number] = Tensor(sorted_wires, values)
                return
        self._last.update(dict.fromkeys(wires, len(self.tensors)))
        self.tensors.append(Tensor(sorted_wires, values))

    def finish(self, wire: int, matrix: Reals) -> None:
        """Nothing more happens to a wire but this, (after, before)."""
        self.single(wire, matrix)
        whole = self._pending.pop(wire)
        number = self._last.get(wire)
        if number is None:
            self.tensors.append(Tensor((wire,), whole))
            return
        one = self.tensors[number]
        axis = one.wires.index(wire)
        self.tensors[number] = Tensor(one.wires, _on_axis(one.values, axis, whole))


def _on_axis(values: Reals, axis: int, matrix: Reals) -> Reals:
    """Multiply one axis by a matrix, (new, old)."""
    return np.moveaxis(np.tensordot(matrix, values, (1, axis)), 0, axis)


@dataclass(frozen=True)
class Order:
    """In which order tensors are taken, and what that costs.

    Attributes:
        tensors: Their numbers.
        peak: Most real numbers in memory at a time.
        work: Multiplications.
    """

    tensors: tuple[int, ...]
    peak: int
    work: int


def order(tensors: Sequence[Tensor], state: Mapping[int, int]) -> Order:
    """A good order: of what may come next, always what leaves the least.

    Args:
        tensors: In an order that may be taken.
        state: Dimensions of the wires that are in the state from the start.
    """
    queues: dict[int, list[int]] = {}
    for number, one in enumerate(tensors):
        for wire in one.wires:
            queues.setdefault(wire, []).append(number)
    for queue in queues.values():
        queue.reverse()
    dims = dict(state)
    size = math.prod(dims.values())
    peak, work, taken = size, 0, []
    ready = {n for n, one in enumerate(tensors) if _first(queues, one, n)}
    while ready:
        sizes = {n: _size(size, dims, tensors[n]) for n in ready}
        number = min(ready, key=lambda n: (sizes[n], n))
        one = tensors[number]
        known = math.prod(
            d for w, d in zip(one.wires, one.before, strict=True) if w in dims
        )
        work += sizes[number] * known
        peak = max(peak, 2 * size + sizes[number])
        size = sizes[number]
        dims.update(zip(one.wires, one.after, strict=True))
        taken.append(number)
        ready.remove(number)
        for wire in one.wires:
            queues[wire].pop()
        for wire in one.wires:
            following = queues[wire][-1] if queues[wire] else None
            if following is not None and _first(queues, tensors[following], following):
                ready.add(following)
    return Order(tuple(taken), peak, work)


def _first(queues: Mapping[int, list[int]], one: Tensor, number: int) -> bool:
    return all(queues[wire][-1] == number for wire in one.wires)


def _size(size: int, dims: Mapping[int, int], one: Tensor) -> int:
    before = math.prod(dims[wire] for wire in one.wires if wire in dims)
    return size // before * math.prod(one.after)


def contract(
    tensors: Sequence[Tensor],
    taken: Order,
    starts: Mapping[int, Reals],
    state: Reals,
    wires: Sequence[int],
) -> tuple[Reals, list[int]]:
    """Contract a network.

    Args:
        tensors: What happens.
        taken: In which order.
        starts: The vector of each wire that joins with its first tensor.
        state: What is there from the start, an axis for each of `wires`.
        wires: The wires of `state`.

    Returns:
        The state at the end, and the wires of its axes.
    """
    state, there = np.asarray(state), list(wires)
    for number in taken.tensors:
        one = tensors[number]
        values, open_wires = one.values, list(one.wires)
        for wire in one.wires:
            if wire not in there:
                axis = len(one.wires) + open_wires.index(wire)
                values = np.tensordot(values, starts[wire], (axis, 0))
                open_wires.remove(wire)
        first = len(one.wires)
        axes = (
            list(range(first, first + len(open_wires))),
            [there.index(wire) for wire in open_wires],
        )
        state = np.tensordot(values, state, axes)
        there = [*one.wires, *(wire for wire in there if wire not in one.wires)]
        over = tuple(k for k, size in enumerate(one.after) if size == 1)
        if over:  # numpy takes 32 axes at most
            state = state.squeeze(over)
            there = [wire for k, wire in enumerate(there) if k not in over]
    return state, there
