"""Linear cross-entropy benchmarking (Arute et al. 2019, Nature 574:505)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.families.decay import Decay, fit
from qexp.families.estimates import mean

Depth = Annotated[int, Field(ge=1, le=1000)]
Edge = Annotated[list[int], Field(min_length=2, max_length=2)]

HALF_TURN = math.pi / 2


class LinearXEB(Family):
    """Fidelity of random circuits from the ideal probabilities of what was measured.

    F = (<2^n p(x)> over the shots - 1) / (<2^n p(x)> of an ideal machine - 1): 1 for an
    ideal machine, 0 for a useless one (Arute et al. 2019, Nature 574:505). The division
    makes it fair to shallow circuits, whose ideal value is not 2. `xeb_cycle_error` is
    (d - 1)/d (1 - p) for a fidelity that falls as p^m over m cycles; it wants three depths.

    Caveats: what is measured is a fidelity only for noise that scrambles; ideal
    probabilities are simulated, so n is at most 16.
    """

    metrics: ClassVar[tuple[str, ...]] = ("xeb_fidelity", "xeb_cycle_error")

    num_qubits: Annotated[int, Field(ge=2, le=16)] = 4
    """Qubits."""

    depths: Annotated[list[Depth], Field(min_length=1)] = [4, 8, 16, 24]
    """Cycles: a layer of random half turns, then CX on alternating neighbours."""

    samples: Annotated[int, Field(ge=1, le=1000)] = 5
    """Random circuits of each depth."""

    edges: list[Edge] | None = None
    """Pairs for the CX, in turns of those that share no qubit. Unset: a line."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws the circuits."""

    def circuits(self) -> list[QuantumCircuit]:
        """All samples of the first depth, then of the next."""
        made = []
        for bare in self._bare:
            circuit = bare.copy()
            circuit.measure(range(self.num_qubits), range(self.num_qubits))
            made.append(circuit)
        return made

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The mean over circuits, and a cycle's error from the decay over the depth."""
        values = self._fidelities(taken)
        found = {"xeb_fidelity": mean(values)}
        decay = self._decay(values)
        if decay is not None:
            found["xeb_cycle_error"] = decay.error(2.0**self.num_qubits)
        return found

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """Fidelity over the cycles."""
        values = self._fidelities(taken)
        decay = self._decay(values)
        fine = np.linspace(0, max(self.depths), 200)
        return [
            Curve(
                title=f"Linear cross-entropy benchmarking, {self.num_qubits} qubits",
                x_label="cycles",
                y_label="XEB fidelity",
                x=self._cycles(),
                y=values,
                fit_x=() if decay is None else list(fine),
                fit_y=() if decay is None else list(decay.at(fine)),
            )
        ]

    def _fidelities(self, taken: Sequence[Taken]) -> list[float]:
        return [_fidelity(one, p) for one, p in zip(taken, self._ideal, strict=True)]

    def _decay(self, values: Sequence[float]) -> Decay | None:
        if len(set(self.depths)) < 3:
            return None
        return fit(self._cycles(), values, floor=0.0)

    def _cycles(self) -> list[float]:
        return [float(depth) for depth in self.depths for _ in range(self.samples)]

    @cached_property
    def _ideal(self) -> list[NDArray[np.float64]]:
        return [np.asarray(Statevector(one).probabilities()) for one in self._bare]

    @cached_property
    def _bare(self) -> list[QuantumCircuit]:
        draw = np.random.default_rng(self.seed)
        return [
            self._circuit(depth, k, draw)
            for depth in self.depths
            for k in range(self.samples)
        ]

    def _circuit(self, depth: int, k: int, draw: np.random.Generator) -> QuantumCircuit:
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"xeb-{n}-{depth}-{k}")
        turns = _turns(self.edges or [[q, q + 1] for q in range(n - 1)])
        for cycle in range(depth):
            for qubit in range(n):
                # half turns about axes in the plane, and a random phase: close to Haar
                circuit.rz(draw.uniform(0, 2 * math.pi), qubit)
                circuit.sx(qubit)
                circuit.rz(draw.uniform(0, 2 * math.pi), qubit)
            for a, b in turns[cycle % len(turns)]:
                circuit.cx(a, b)
            circuit.barrier()
        for qubit in range(n):
            circuit.sx(qubit)
        return circuit


def _turns(edges: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Edges in turns of which each takes a qubit once."""
    turns: list[list[tuple[int, int]]] = []
    for a, b in edges:
        for turn in turns:
            if not {a, b} & {qubit for pair in turn for qubit in pair}:
                turn.append((a, b))
                break
        else:
            turns.append([(a, b)])
    return turns


def _fidelity(taken: Taken, ideal: NDArray[np.float64]) -> float:
    size = len(ideal)
    measured = math.fsum(
        p * ideal[int(bits, 2)] for bits, p in taken.probabilities.items()
    )
    return float((size * measured - 1) / (size * float(ideal @ ideal) - 1))
