"""Mirror circuits (Proctor et al. 2022, Nature Physics 18:75, arXiv:2008.11294)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, random_clifford

from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.families.decay import Decay, fit
from qexp.families.estimates import mean

Depth = Annotated[int, Field(ge=1, le=1000)]
Edge = Annotated[list[int], Field(min_length=2, max_length=2)]


class MirrorCircuits(Family):
    """Random Clifford layers, a random Pauli layer, and the layers undone.

    Scored by the effective polarisation S = 4^n/(4^n - 1) sum_k (-1/2)^k h_k - 1/(4^n - 1),
    h_k the weight at Hamming distance k from the right answer: 1 for an ideal machine, 0
    for a useless one. Barriers keep the compiler from cancelling the halves.
    `mirror_layer_error` is (4^n - 1)/4^n (1 - p) for a polarisation that falls as p^m over
    the m layers of both halves (Proctor et al. 2022, PRL 129:150502, arXiv:2112.09853); it
    wants three depths.

    Caveats: coherent errors may cancel or add between the halves; the random Pauli layer
    breaks that only in part.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "effective_polarisation",
        "mirror_layer_error",
        "mirror_success_probability",
    )

    num_qubits: Annotated[int, Field(ge=1, le=127)] = 4
    """Qubits."""

    depths: Annotated[list[Depth], Field(min_length=1)] = [2, 4, 8, 16]
    """Layers in each half."""

    samples: Annotated[int, Field(ge=1, le=1000)] = 5
    """Random circuits of each depth."""

    edges: list[Edge] | None = None
    """Pairs that may share a CX. Unset: neighbours in a line."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws the circuits."""

    def circuits(self) -> list[QuantumCircuit]:
        """All samples of the first depth, then of the next."""
        return [circuit for circuit, _ in self._drawn()]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """The right answers."""
        return [{answer: 1.0} for _, answer in self._drawn()]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The polarisation over all circuits, and from its decay a layer's error.

        The error of a layer is (4^n - 1)/4^n (1 - p) for a polarisation that falls as p^m
        over m layers, both halves counted (mirror benchmarking, arXiv:2112.09853).
        """
        answers = [answer for _, answer in self._drawn()]
        pairs = list(zip(taken, answers, strict=True))
        found = {
            "effective_polarisation": mean([self._polarisation(*one) for one in pairs]),
            "mirror_success_probability": mean(
                [one.probability(answer) for one, answer in pairs]
            ),
        }
        decay = self._decay(taken)
        if decay is not None:
            found["mirror_layer_error"] = decay.error(4.0**self.num_qubits)
        return found

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """The polarisation over the depth."""
        answers = [answer for _, answer in self._drawn()]
        values = [self._polarisation(*o) for o in zip(taken, answers, strict=True)]
        decay = self._decay(taken)
        fine = np.linspace(0, 2 * max(self.depths), 200)
        return [
            Curve(
                title=f"Mirror circuits of {self.num_qubits} qubits",
                x_label="layers, both halves",
                y_label="effective polarisation",
                x=self._layers(),
                y=values,
                fit_x=() if decay is None else list(fine),
                fit_y=() if decay is None else list(decay.at(fine)),
            )
        ]

    def _decay(self, taken: Sequence[Taken]) -> Decay | None:
        if len(set(self.depths)) < 3:
            return None
        answers = [answer for _, answer in self._drawn()]
        values = [self._polarisation(*o) for o in zip(taken, answers, strict=True)]
        return fit(self._layers(), values, floor=0.0)

    def _layers(self) -> list[float]:
        return [2.0 * depth for depth in self.depths for _ in range(self.samples)]

    def _polarisation(self, one: Taken, answer: str) -> float:
        scale = 4.0**self.num_qubits
        weighted = math.fsum(
            p * (-0.5) ** sum(a != b for a, b in zip(bits, answer, strict=True))
            for bits, p in one.probabilities.items()
        )
        return scale / (scale - 1) * weighted - 1 / (scale - 1)

    def _drawn(self) -> list[tuple[QuantumCircuit, str]]:
        draw = np.random.default_rng(self.seed)
        return [
            self._circuit(depth, k, draw)
            for depth in self.depths
            for k in range(self.samples)
        ]

    def _circuit(
        self, depth: int, k: int, draw: np.random.Generator
    ) -> tuple[QuantumCircuit, str]:
        n = self.num_qubits
        layers = [self._layer(draw) for _ in range(depth)]
        circuit = QuantumCircuit(n, n, name=f"mirror-{n}-{depth}-{k}")
        for layer in layers:
            circuit.compose(layer, inplace=True)
            circuit.barrier()
        for qubit in range(n):
            pauli = ("id", "x", "y", "z")[draw.integers(4)]
            getattr(circuit, pauli)(qubit)
        circuit.barrier()
        for layer in reversed(layers):
            circuit.compose(layer.inverse(), inplace=True)
            circuit.barrier()
        answer = _answer(circuit)
        circuit.measure(range(n), range(n))
        return circuit, answer

    def _layer(self, draw: np.random.Generator) -> QuantumCircuit:
        """Random Cliffords on each qubit, then CX on pairs that share no qubit."""
        n = self.num_qubits
        layer = QuantumCircuit(n)
        for qubit in range(n):
            one = random_clifford(1, int(draw.integers(2**31))).to_circuit()
            layer.compose(one, [qubit], inplace=True)
        pairs = self.edges or [[q, q + 1] for q in range(n - 1)]
        free = set(range(n))
        for at in draw.permutation(len(pairs)):
            a, b = pairs[at]
            if {a, b} <= free and draw.random() < 0.5:
                layer.cx(a, b)
                free -= {a, b}
        return layer


def _answer(circuit: QuantumCircuit) -> str:
    """The one outcome of a Clifford circuit that maps basis states to basis states."""
    bare = QuantumCircuit(circuit.num_qubits)
    for step in circuit.data:
        if step.operation.name not in ("barrier", "id"):
            qubits = [circuit.find_bit(qubit).index for qubit in step.qubits]
            bare.append(step.operation, qubits)
    clifford = Clifford(bare)
    # the stabilisers of the final state are ±Z on single qubits
    return "".join("1" if sign else "0" for sign in reversed(clifford.stab_phase))
