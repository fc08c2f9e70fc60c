"""Textbook algorithms with one right answer each, and QAOA."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator
from qiskit import QuantumCircuit
from qiskit.circuit.library import QFT

from qexp.circuits.family import Estimate, Family, Taken
from qexp.families.answers import Answers
from qexp.families.estimates import combined, share

Bits = Annotated[str, Field(pattern="^[01]{2,126}$")]
Edge = Annotated[list[int], Field(min_length=2, max_length=2)]


class BernsteinVazirani(Answers):
    """Bernstein and Vazirani (1997, SIAM J. Comput. 26:1411): a secret in one query.

    Scored by the probability of the secret, with Wilson's interval. A machine that guesses
    is right with probability 2^-n.

    Caveats: a CX for each 1 of the secret, all with one ancilla: what is compared depends
    on the secret, and routing is part of it.
    """

    secret: Bits = "1011"
    """The secret, its last bit for qubit 0. An ancilla is added."""

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit."""
        n = len(self.secret)
        circuit = QuantumCircuit(n + 1, n, name=f"bernstein-vazirani-{n}")
        circuit.x(n)
        circuit.h(range(n + 1))
        circuit.barrier()
        for qubit, bit in enumerate(reversed(self.secret)):
            if bit == "1":
                circuit.cx(qubit, n)
        circuit.barrier()
        circuit.h(range(n))
        circuit.measure(range(n), range(n))
        return [circuit]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """The secret."""
        return [{self.secret: 1.0}]


class HiddenShift(Answers):
    """Hidden shift of a bent function (Roetteler 2010, SODA; van Dam et al. 2006).

    f(x) = x0 x1 + x2 x3 + … is its own dual, so that its phase, shifted and plain, leaves
    the shift behind. Scored by the probability of the shift. A machine that guesses is
    right with probability 2^-n.

    Caveats: only pairs of qubits interact, so routing is hardly tested.
    """

    shift: Bits = "1011"
    """The shift, its last bit for qubit 0; an even number of bits."""

    @model_validator(mode="after")
    def _even(self) -> HiddenShift:
        if len(self.shift) % 2:
            raise ValueError("shift must have an even number of bits")
        return self

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit."""
        n = len(self.shift)
        circuit = QuantumCircuit(n, n, name=f"hidden-shift-{n}")
        ones = [k for k, bit in enumerate(reversed(self.shift)) if bit == "1"]
        circuit.h(range(n))
        circuit.barrier()
        if ones:
            circuit.x(ones)
        _phase(circuit)
        if ones:
            circuit.x(ones)
        circuit.barrier()
        circuit.h(range(n))
        _phase(circuit)
        circuit.barrier()
        circuit.h(range(n))
        circuit.measure(range(n), range(n))
        return [circuit]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """The shift."""
        return [{self.shift: 1.0}]


def _phase(circuit: QuantumCircuit) -> None:
    """The phase (-1)^f of the bent function."""
    for qubit in range(0, circuit.num_qubits, 2):
        circuit.cz(qubit, qubit + 1)


class QftRoundTrip(Answers):
    """QFT, a phase that adds 1, inverse QFT: QED-C's method 1 (arXiv:2110.03137).

    The plain QFT of a basis state has a flat distribution, which no counts can judge; the
    round trip has one right answer, the number plus 1, and is scored by its probability,
    a mean over the numbers.

    Caveats: an error that commutes with the middle cancels, and the compiler sees through
    neither barrier.
    """

    num_qubits: Annotated[int, Field(ge=1, le=20)] = 4
    """Qubits."""

    numbers: Annotated[int, Field(ge=1, le=100)] = 3
    """How many random numbers are sent through, a circuit each."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws the numbers."""

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit for each number."""
        return [self._trip(one) for one in self._drawn()]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """The number plus 1."""
        n = self.num_qubits
        return [{f"{(one + 1) % 2**n:0{n}b}": 1.0} for one in self._drawn()]

    def _drawn(self) -> list[int]:
        draw = np.random.default_rng(self.seed)
        return [
            int(one) for one in draw.integers(2**self.num_qubits, size=self.numbers)
        ]

    def _trip(self, number: int) -> QuantumCircuit:
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"qft-{n}-{number}")
        for qubit in range(n):
            if number >> qubit & 1:
                circuit.x(qubit)
        there = QFT(n).decompose()
        circuit.compose(there, inplace=True)
        circuit.barrier()
        for qubit in range(n):
            circuit.p(2 * math.pi * 2**qubit / 2**n, qubit)
        circuit.barrier()
        circuit.compose(there.inverse(), inplace=True)
        circuit.measure(range(n), range(n))
        return circuit


class QaoaMaxCut(Family):
    """QAOA for MaxCut (Farhi et al. 2014, arXiv:1411.4028), at fixed angles.

    The approximation ratio is the mean cut over the largest cut, which is found by looking
    at all of them. Random guessing cuts half of the edges; one layer cuts three quarters
    of a ring of four or more at the angles given here.

    Caveats: the angles are not optimised for the device, and are the best only of a ring.
    """

    metrics: ClassVar[tuple[str, ...]] = ("approximation_ratio", "optimum_probability")

    num_qubits: Annotated[int, Field(ge=3, le=20)] = 6
    """Nodes of the graph."""

    edges: list[Edge] | None = None
    """The graph. Unset: a ring, for which one layer's best angles are known."""

    gammas: Annotated[list[float], Field(min_length=1)] = [math.pi / 4]
    """Cost angle of each layer, in radians: exp(-i gamma (1 - ZZ) / 2 …) for each edge."""

    betas: Annotated[list[float], Field(min_length=1)] = [math.pi / 8]
    """Mixer angle of each layer, in radians: exp(-i beta X)."""

    @model_validator(mode="after")
    def _sound(self) -> QaoaMaxCut:
        if len(self.gammas) != len(self.betas):
            raise ValueError("gammas and betas must be equally many, one a layer")
        if any(
            a == b or not 0 <= min(a, b) <= max(a, b) < self.num_qubits
            for a, b in self.graph
        ):
            raise ValueError("edges must join two of the nodes 0 to num_qubits - 1")
        return self

    @property
    def graph(self) -> list[list[int]]:
        """The edges."""
        n = self.num_qubits
        return self.edges or [[k, (k + 1) % n] for k in range(n)]

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit."""
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"qaoa-{n}-{len(self.gammas)}")
        circuit.h(range(n))
        for gamma, beta in zip(self.gammas, self.betas, strict=True):
            for a, b in self.graph:
                circuit.rzz(-gamma, a, b)
            circuit.rx(2 * beta, range(n))
        circuit.measure(range(n), range(n))
        return [circuit]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The mean cut over the largest, and how often the largest was found."""
        best = self._largest()
        cuts = {bits: self._cut(bits) for bits in taken[0].probabilities}
        weights = taken[0].probabilities
        mean = math.fsum(weights[bits] * cut for bits, cut in cuts.items())
        spread = math.fsum(weights[b] * (cut - mean) ** 2 for b, cut in cuts.items())
        sigma = math.sqrt(spread / taken[0].shots)
        found = [bits for bits, cut in cuts.items() if cut == best]
        return {
            "approximation_ratio": combined(mean / best, sigma / best),
            "optimum_probability": share(taken[0], found),
        }

    def _cut(self, bits: str) -> int:
        return sum(bits[-1 - a] != bits[-1 - b] for a, b in self.graph)

    def _largest(self) -> int:
        """The largest cut, by looking at all of them; half suffice."""
        n = self.num_qubits
        sides = np.arange(2 ** (n - 1))
        cuts = sum(((sides >> a ^ sides >> b) & 1 for a, b in self.graph), sides * 0)
        return int(cuts.max())
