"""From a compiled circuit to the program that the engines simulate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from qexp.devices.cost import DT_UNITS
from qexp.errors import PointFailed
from qexp.twin.channels import Complex
from qexp.twin.program import Channel, Program, Step
from qexp.twin.schedule import Timed, Waits, waits

Condition = tuple[tuple[int, ...], int]
"""Clbits, the first least significant, and the value that they must have."""

_STANDARD = "qiskit.circuit.library.standard_gates."


class Noise(Protocol):
    """What the builder asks of a device; see `qexp.twin.model.Model`."""

    dt: float | None

    def length(self, name: str, places: tuple[int, ...]) -> float:
        """Seconds that an instruction takes."""

    def gate(self, name: str, places: tuple[int, ...]) -> Complex | None:
        """The noise of a gate."""

    def wait(self, place: int, seconds: float) -> Complex:
        """The noise of a wait."""

    def reset(self, place: int) -> Complex:
        """What is left of a reset."""

    def errors(self, place: int, esp: bool) -> tuple[float, float]:
        """Probability of reading 1 of |0⟩, and 0 of |1⟩."""


@dataclass(frozen=True)
class Built:
    """A program, and what is particular of it.

    Attributes:
        program: The program; its start is all |0⟩.
        clbits: Classical bits of the circuit.
        conditions: By the number of the step that has one.
        misread: (e10, e01) of each position, for measurements in the middle.
        noiseless: Names of the gates for which the calibration has no noise.
    """

    program: Program
    clbits: int
    conditions: Mapping[int, Condition] = field(default_factory=dict)
    misread: tuple[tuple[float, float], ...] = ()
    noiseless: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether all measurements are final, and nothing depends on an outcome."""
        names = {step.name for step in self.program.steps}
        return "measure" not in names and not self.conditions


@dataclass(frozen=True)
class _Read:
    """An instruction as it stands in the circuit, on physical qubits."""

    operation: Any
    name: str
    qubits: tuple[int, ...]
    clbits: tuple[int, ...]
    condition: Condition | None

    @property
    def bits(self) -> tuple[int, ...]:
        return (*self.clbits, *(self.condition[0] if self.condition else ()))


def build(circuit: QuantumCircuit, model: Noise) -> Built:
    """The program of a circuit.

    Args:
        circuit: A circuit of the device's own gates on physical qubits.
        model: The device.

    Raises:
        PointFailed: It has no measurement, or an instruction that is no gate.
    """
    read = list(_read(circuit))
    final = _final(read)
    if not any(one.name == "measure" for one in read):
        raise PointFailed(
            "the circuit measures nothing; there is nothing to count. Add measurements."
        )
    busy = {
        q for one in read if one.name not in ("barrier", "delay") for q in one.qubits
    }
    places = tuple(sorted(busy))
    position = {place: k for k, place in enumerate(places)}
    kept = [one for k, one in enumerate(read) if k not in final]
    builder = _Builder(model, places, position)
    measured = sorted(
        ((position[read[k].qubits[0]], read[k].clbits[0]) for k in final),
        key=lambda pair: pair[1],
    )
    builder.add(kept)
    program = Program(
        places, tuple(builder.steps), tuple(measured), np.zeros(len(places))
    )
    return Built(
        program,
        circuit.num_clbits,
        builder.conditions,
        tuple(model.errors(place, False) for place in places),
        tuple(sorted(builder.noiseless)),
    )


def _read(circuit: QuantumCircuit) -> Iterator[_Read]:
    qubits = {bit: k for k, bit in enumerate(circuit.qubits)}
    clbits = {bit: k for k, bit in enumerate(circuit.clbits)}
    for instruction in circuit.data:
        operation = instruction.operation
        yield _Read(
            operation,
            operation.name,
            tuple(qubits[bit] for bit in instruction.qubits),
            tuple(clbits[bit] for bit in instruction.clbits),
            _condition(operation, clbits),
        )


def _condition(operation: Any, clbits: Mapping[Any, int]) -> Condition | None:
    condition = getattr(operation, "condition", None)
    if condition is None:
        return None
    if not isinstance(condition, tuple):
        raise PointFailed(
            f"service.noise = device: {operation.name} depends on a classical "
            "expression, which the twin cannot evaluate. Use a condition on a bit or "
            "on a register."
        )
    target, value = condition
    bits = [target] if target in clbits else list(target)
    return tuple(clbits[bit] for bit in bits), int(value)


def _final(read: list[_Read]) -> set[int]:
    """Measurements after which nothing happens to their qubit, nor to their clbit."""
    qubits: set[int] = set()
    clbits: set[int] = set()
    final = set()
    for k in range(len(read) - 1, -1, -1):
        one = read[k]
        if one.name == "barrier":
            continue
        free = qubits.isdisjoint(one.qubits) and clbits.isdisjoint(one.clbits)
        if one.name == "measure" and free and one.condition is None:
            final.add(k)
        qubits.update(one.qubits)
        clbits.update(one.bits)
    return final


class _Builder:
    """Collects a program's steps."""

    def __init__(
        self, model: Noise, places: tuple[int, ...], position: Mapping[int, int]
    ) -> None:
        self.steps: list[Step] = []
        self.conditions: dict[int, Condition] = {}
        self.noiseless: set[str] = set()
        self._model, self._places, self._position = model, places, position

    def add(self, read: list[_Read]) -> None:
        """Add instructions, and the waits between them."""
        here = [one for one in read if self._positions(one)]
        timed = [
            Timed(self._positions(one), one.bits, self._length(one)) for one in here
        ]
        before, after = waits(timed, len(self._places))
        self._wait(before)
        for one, mine, waiting in zip(here, timed, after, strict=True):
            if one.name != "barrier":
                if one.condition is not None:
                    self.conditions[len(self.steps)] = one.condition
                self.steps.append(self._step(one, mine))
            self._wait(waiting)

    def _positions(self, one: _Read) -> tuple[int, ...]:
        known = self._position
        return tuple(known[qubit] for qubit in one.qubits if qubit in known)

    def _wait(self, waiting: Waits) -> None:
        for qubit, seconds in waiting:
            self.steps.append(self._delay((qubit,), seconds))

    def _delay(self, qubits: tuple[int, ...], seconds: float) -> Step:
        return Step(
            "delay", qubits, None, (seconds,), self._waiting(qubits[0], seconds)
        )

    def _waiting(self, qubit: int, seconds: float) -> tuple[Channel, ...]:
        superop = self._model.wait(self._places[qubit], round(seconds, 13))
        return (Channel((qubit,), superop),)

    def _length(self, one: _Read) -> float:
        if one.name == "barrier":
            return 0.0
        if one.name == "delay":
            return _seconds(one.operation, self._model.dt)
        return self._model.length(one.name, one.qubits)

    def _step(self, one: _Read, timed: Timed) -> Step:
        qubits, operation = timed.qubits, one.operation
        if one.name == "delay":
            return self._delay(qubits, timed.length)
        if one.name == "measure":
            noise = self._waiting(qubits[0], timed.length) if timed.length else ()
            return Step("measure", qubits, None, (), noise, one.clbits[0])
        if one.name == "reset":
            left = Channel(qubits, self._model.reset(one.qubits[0]))
            return Step("reset", qubits, None, (), (left,))
        matrix = _matrix(operation)
        params = tuple(float(p) for p in operation.params if _real(p))
        superop = self._model.gate(one.name, one.qubits)
        if superop is None:
            self.noiseless.update([one.name] * (one.name not in ("rz", "id")))
            return Step(one.name, qubits, matrix, params)
        return Step(one.name, qubits, matrix, params, (Channel(qubits, superop),))


def _real(parameter: Any) -> bool:
    return isinstance(parameter, int | float | np.number) or hasattr(
        parameter, "__float__"
    )


def _seconds(delay: Any, dt: float | None) -> float:
    scale = dt if delay.unit == "dt" else DT_UNITS.get(delay.unit)
    if scale is None:
        raise PointFailed(
            f"a delay of {delay.duration} {delay.unit}: the device does not say how long "
            "its sample time dt is. Give delays in s, ms, us, ns or ps."
        )
    return float(delay.duration) * scale


MATRICES = 4096
"""Matrices of gates that are kept."""

_matrices: OrderedDict[Any, Complex] = OrderedDict()


def _matrix(operation: Any) -> Complex:
    """A gate's unitary; those of terra's library are told apart by name and angles."""
    kind = getattr(operation, "base_class", type(operation))
    if not kind.__module__.startswith(_STANDARD):
        return _made(operation)
    state = getattr(operation, "ctrl_state", None)
    key = (kind, tuple(map(float, operation.params)), state)
    if key not in _matrices:
        while len(_matrices) >= MATRICES:
            _matrices.popitem(last=False)
        _matrices[key] = _made(operation)
    return _matrices[key]


def _made(operation: Any) -> Complex:
    try:
        return np.asarray(Operator(operation).data)
    except Exception as error:
        raise PointFailed(
            f"service.noise = device: {operation.name} is no gate that the twin can "
            "simulate. Use service.noise=aer."
        ) from error
