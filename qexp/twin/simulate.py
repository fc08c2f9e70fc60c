"""The twin of one device: a circuit and its setting in, counts out.

What is before readout is simulated once for all that differ in shots, ESP readout,
mitigation or seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from qiskit import QuantumCircuit

from qexp.circuits.content import digest_of_gates
from qexp.declare.twin import EngineName, Twin
from qexp.devices.device import Device
from qexp.twin import chain, clifford, exact, layout, sampled
from qexp.twin.build import Built, build
from qexp.twin.choice import Asked, choose
from qexp.twin.draw import Bits, Drawn, from_probabilities, from_shots
from qexp.twin.memory import Kept, at_hand
from qexp.twin.model import Model, model
from qexp.twin.preparation import Reals, Setting

PROGRAMS = 256
"""Programs that are kept, made ready."""

BYTES = 256 * 2**20
"""Bytes of probabilities that are kept."""

JOINT = 2**26
"""Most numbers of a contraction that is repeated for a joint start."""

PILOT: dict[str, int] = {"clifford": 40_000, "mps": 2_000, "trajectories": 2_000}
"""Shots from which it is told what the previous shot was like, by engine."""

TABLE = 8
"""Most qubits for which the outcomes of every start are computed at once and kept, so
that settings which differ in `rep_delay`, `init_qubits` or ESP share them."""


@dataclass(frozen=True)
class Answer:
    """What a circuit gave.

    Attributes:
        drawn: What was read.
        engine: What simulated it.
        start: How qubits started: `independent` of each other, `joint` with the outcomes
            of the previous shot, or `independent, an approximation`.
        noiseless: Gates without noise in the calibration.
    """

    drawn: Drawn
    engine: EngineName
    start: str
    noiseless: tuple[str, ...]


class _Ready:
    """A program, made ready as it is needed."""

    def __init__(self, built: Built) -> None:
        self.built = built

    @cached_property
    def plan(self) -> exact.Plan:
        return exact.plan(self.built)

    @cached_property
    def whole(self) -> exact.Plan:
        return exact.plan(self.built, whole=True)

    @cached_property
    def table(self) -> Reals | None:
        """(2^m, 2^n) outcomes of every start, of all qubits; None for many qubits."""
        qubits = len(self.built.program.places)
        if qubits > TABLE:
            return None
        return exact.probabilities(self.whole, np.eye(2**qubits))

    @property
    def joint(self) -> bool:
        """Whether a joint start can be simulated."""
        return exact.refusal(self.built) is None and self.whole.order.peak <= JOINT

    @property
    def records(self) -> tuple[int, ...]:
        """The clbits of measurements in the middle."""
        return self.whole.records if "whole" in self.__dict__ else self.plan.records

    def shot(self, start: Reals) -> Reals:
        """What is measured of a joint start."""
        if self.table is not None:
            return np.asarray(self.table @ start)
        return exact.probabilities(self.whole, start)


class Simulator:
    """Simulates a device's circuits, and keeps what it may need again."""

    def __init__(self, device: Device, twin: Twin) -> None:
        """Read the calibration.

        Args:
            device: The device; it has properties.
            twin: The twin's parameters.
        """
        self.model: Model = model(device, twin)
        self.twin = twin
        self._programs: Kept[_Ready] = Kept(PROGRAMS, lambda _: 1)
        self._found: Kept[tuple[Reals, str]] = Kept(BYTES, lambda one: one[0].nbytes)

    def run(
        self, circuit: QuantumCircuit, setting: Setting, shots: int, seed: int
    ) -> Answer:
        """Simulate a circuit.

        Args:
            circuit: A circuit of the device's own gates on physical qubits.
            setting: How shots start and are read.
            shots: Repetitions.
            seed: All that is drawn is drawn from it.

        Raises:
            PointFailed: The circuit cannot be simulated; says why.
        """
        digest = digest_of_gates([circuit])
        ready = self._programs(digest, lambda: _Ready(build(circuit, self.model)))
        case = self._case(digest, ready, setting)
        asked = Asked(ready.built, lambda: ready.plan, shots, at_hand())
        engine = "exact" if case.joint else choose(asked, self.twin.engine)
        program, rng = ready.built.program, np.random.default_rng(seed)
        errors = [
            self.model.errors(program.places[position], setting.esp)
            for position, _ in program.measured
        ]
        final, said = [clbit for _, clbit in program.measured], case.said
        if engine == "exact":
            found, said = self._found(case.key, lambda: _probabilities(ready, case))
            clbits = [*final, *ready.records]
            drawn = from_probabilities(found, clbits, errors, shots, rng)
        else:
            built = _started(ready.built, case, engine, rng)
            drawn = from_shots(SAMPLERS[engine](built, shots, rng), final, errors, rng)
        return Answer(drawn, engine, said, ready.built.noiseless)

    def _case(self, digest: str, ready: _Ready, setting: Setting) -> _Case:
        """How shots start.

        Where they start independently ESP readout is left out of account: what it changes
        of a start that a reset follows is a part of what `chain.WEAK` allows.
        """
        places = ready.built.program.places
        plain = replace(setting, esp=False)
        carried = self.model.carried(places, plain)
        if chain.independent(carried):
            return _Case((digest, plain), carried, False, "independent")
        carried = self.model.carried(places, setting)
        if self.twin.engine in ("auto", "exact") and ready.joint:
            return _Case((digest, setting), carried, True, "joint")
        return _Case((digest, setting), carried, False, "independent, an approximation")


@dataclass(frozen=True)
class _Case:
    """How the shots of a program start.

    Attributes:
        key: Equal where the probabilities before readout are.
        carried: (n, 2) probability of starting in |1⟩, after a 0 and after a 1.
        joint: Whether with what the previous shot measured of all qubits together.
        said: What the answer says of it.
    """

    key: tuple[str, Setting]
    carried: Reals
    joint: bool
    said: str


def _probabilities(ready: _Ready, case: _Case) -> tuple[Reals, str]:
    """Probabilities of what measurements find, and how qubits started."""
    if not case.joint:
        return _alone(ready, case), case.said
    n = len(case.carried)

    def shot(start: Reals) -> Reals:
        # what is in the records is not carried to the next shot
        return np.asarray(ready.shot(start).reshape(-1, 2**n).sum(axis=0))

    start, settled = chain.settled(shot, case.carried)
    final = [position for position, _ in ready.built.program.measured]
    found = _marginal(ready.shot(start), n, final)
    return found, case.said if settled else f"{case.said}, not settled"


def _ones(outcomes: Reals, qubits: int, measured: list[int]) -> Reals:
    """(n,) how often each qubit is found in 1; even odds where it is not measured."""
    ones = np.full(qubits, 0.5)
    for k, position in enumerate(measured):
        ones[position] = outcomes.reshape(-1, 2, 2**k)[:, 1].sum()
    return ones


def _alone(ready: _Ready, case: _Case) -> Reals:
    """Probabilities of what is measured of qubits that start by themselves."""
    measured = [position for position, _ in ready.built.program.measured]
    last: list[Reals] = []

    def ones(start: Reals) -> Reals:
        last[:] = [exact.probabilities(ready.plan, start)]
        return _ones(last[0], len(start), measured)

    start = chain.settled_alone(case.carried, ones)
    return last[0] if last else exact.probabilities(ready.plan, start)


def _started(
    built: Built, case: _Case, engine: EngineName, rng: np.random.Generator
) -> Built:
    """A program to be sampled, with how its qubits start."""
    seed = int(rng.integers(2**63))  # rounds draw alike, as far as they can

    def at(start: Reals) -> Built:
        return replace(built, program=replace(built.program, start=start))

    def ones(start: Reals) -> Reals:
        found = np.full(len(start), 0.5)
        pilot = np.random.default_rng(seed)
        bits = SAMPLERS[engine](at(start), PILOT[engine], pilot)
        for position, clbit in built.program.measured:
            found[position] = bits[:, clbit].mean()
        return found

    return at(chain.settled_alone(case.carried, ones))


def _marginal(outcomes: Reals, qubits: int, final: list[int]) -> Reals:
    """(2^m,) outcomes of some of the qubits, and of what is in higher bits.

    Args:
        outcomes: (2^(r + n),), qubit k in bit k, r bits of records above.
        qubits: n.
        final: Qubits, the first becoming the lowest bit.
    """
    axes = outcomes.reshape([-1] + [2] * qubits)
    places = [qubits - k for k in range(qubits)]  # the axis of qubit k
    others = tuple(places[k] for k in range(qubits) if k not in final)
    kept = [k for k in reversed(range(qubits)) if k in final]
    axes = axes.sum(axis=others)
    order = [1 + kept.index(k) for k in reversed(final)]
    return np.asarray(axes.transpose(0, *order).ravel())


Sampler = Callable[[Built, int, np.random.Generator], Bits]
"""From a program, shots and a generator to (shots, clbits), before readout error."""


def _on_aer(method: str) -> Sampler:
    def sample(built: Built, shots: int, rng: np.random.Generator) -> Bits:
        place = layout.line(built.program)
        return sampled.sample(built, method, shots, int(rng.integers(2**31)), place)

    return sample


def _clifford(built: Built, shots: int, rng: np.random.Generator) -> Bits:
    return clifford.sample(built.program, shots, rng)


SAMPLERS: dict[str, Sampler] = {
    "clifford": _clifford,
    "mps": _on_aer("matrix_product_state"),
    "trajectories": _on_aer("statevector"),
}
"""The engines that draw shots, by name."""
