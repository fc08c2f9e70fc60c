"""Randomized benchmarking with Cliffords, plain and interleaved.

Magesan et al., PRL 106:180504 (arXiv:1009.3639) and PRL 109:080505 (arXiv:1203.4550).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, random_clifford

from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.families.decay import Decay, fit

Length = Annotated[int, Field(ge=1, le=10_000)]


class CliffordRB(Family):
    """Error per Clifford: random Cliffords, then the one that undoes them all.

    The survival probability falls as A p^m + B over m Cliffords, and the error per
    Clifford is (d - 1)/d (1 - p) with d = 2^n (Magesan et al. 2011, PRL 106:180504,
    arXiv:1009.3639). Preparation and readout only change A and B.

    Caveats: a Clifford is not a gate: of one qubit it is compiled to at most one or two
    pulses, of two qubits to 1.5 CX on average. The longest sequence should have decayed to
    a third, else B and p cannot be told apart and the interval says so.
    """

    metrics: ClassVar[tuple[str, ...]] = ("clifford_error",)

    num_qubits: Annotated[int, Field(ge=1, le=3)] = 1
    """Qubits that are benchmarked together."""

    lengths: Annotated[list[Length], Field(min_length=3)] = [1, 10, 25, 50, 100, 200]
    """Numbers of random Cliffords, at least three different ones."""

    samples: Annotated[int, Field(ge=1, le=1000)] = 5
    """Random sequences of each length."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws the sequences."""

    @model_validator(mode="after")
    def _fits(self) -> CliffordRB:
        if len(set(self.lengths)) < 3:
            raise ValueError("lengths must have at least three different values")
        return self

    def circuits(self) -> list[QuantumCircuit]:
        """All samples of the first length, then of the next."""
        return self._sequences(None)

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """All 0."""
        return [{"0" * self.num_qubits: 1.0} for _ in self._lengths()]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The error per Clifford from the fitted decay."""
        decay = self._decay(taken)
        if decay is None:
            return {}
        return {"clifford_error": decay.error(2.0**self.num_qubits)}

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """Survival over the length."""
        return [self._curve("Clifford randomized benchmarking", taken)]

    def _curve(self, title: str, taken: Sequence[Taken]) -> Curve:
        decay = self._decay(taken)
        fine = np.linspace(0, max(self.lengths), 200)
        return Curve(
            title=f"{title}, {self.num_qubits} qubits",
            x_label="Cliffords",
            y_label="survival probability",
            x=self._lengths(),
            y=self._survival(taken),
            fit_x=() if decay is None else list(fine),
            fit_y=() if decay is None else list(decay.at(fine)),
        )

    def _decay(self, taken: Sequence[Taken]) -> Decay | None:
        return fit(self._lengths(), self._survival(taken))

    def _survival(self, taken: Sequence[Taken]) -> list[float]:
        return [one.probability("0" * self.num_qubits) for one in taken]

    def _lengths(self) -> list[float]:
        return [float(m) for m in self.lengths for _ in range(self.samples)]

    def _sequences(self, gate: QuantumCircuit | None) -> list[QuantumCircuit]:
        draw = np.random.default_rng(self.seed)
        return [
            self._sequence(length, k, gate, draw)
            for length in self.lengths
            for k in range(self.samples)
        ]

    def _sequence(
        self,
        length: int,
        k: int,
        gate: QuantumCircuit | None,
        draw: np.random.Generator,
    ) -> QuantumCircuit:
        n = self.num_qubits
        name = "rb" if gate is None else "interleaved-rb"
        circuit = QuantumCircuit(n, n, name=f"{name}-{n}-{length}-{k}")
        total = Clifford(QuantumCircuit(n))
        for _ in range(length):
            one = random_clifford(n, int(draw.integers(2**31)))
            total = total.compose(one)
            circuit.compose(one.to_circuit(), inplace=True)
            circuit.barrier()
            if gate is not None:
                total = total.compose(Clifford(gate))
                circuit.compose(gate, inplace=True)
                circuit.barrier()
        circuit.compose(total.adjoint().to_circuit(), inplace=True)
        circuit.barrier()
        circuit.measure(range(n), range(n))
        return circuit


GATES = {"x": 1, "sx": 1, "h": 1, "s": 1, "cx": 2, "cz": 2, "swap": 2}


class InterleavedRB(CliffordRB):
    """Error of one gate, put between the Cliffords of a second set of sequences.

    r = (d - 1)/d (1 - p_gate/p) (Magesan et al. 2012, PRL 109:080505, arXiv:1203.4550).
    What the gate's error truly is lies within bounds beside it (the paper's equation 5),
    whatever the noise.

    Caveats: the bounds are wide where the gate is not much worse than a Clifford. The
    interval is that of the estimate, not of the bounds.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "gate_error",
        "gate_lower_bound_error",
        "gate_upper_bound_error",
        "clifford_error",
    )

    gate: Literal["x", "sx", "h", "s", "cx", "cz", "swap"] = "cx"
    """The gate."""

    num_qubits: Annotated[int, Field(ge=1, le=3)] = 2
    """Qubits that are benchmarked together; those of the gate."""

    lengths: Annotated[list[Length], Field(min_length=3)] = [1, 5, 10, 20, 35, 50]
    """Numbers of random Cliffords, at least three different ones."""

    @model_validator(mode="after")
    def _as_wide(self) -> InterleavedRB:
        if GATES[self.gate] != self.num_qubits:
            raise ValueError(
                f"{self.gate} acts on {GATES[self.gate]} qubits: set "
                f"num_qubits={GATES[self.gate]}"
            )
        return self

    def circuits(self) -> list[QuantumCircuit]:
        """The plain sequences, then those with the gate."""
        gate = QuantumCircuit(self.num_qubits)
        getattr(gate, self.gate)(*range(self.num_qubits))
        return [*self._sequences(None), *self._sequences(gate)]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """All 0."""
        return [*super().ideal(), *super().ideal()]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The gate's error with its interval, and the bounds of whatever it truly is."""
        half = len(taken) // 2
        plain, with_gate = self._decay(taken[:half]), self._decay(taken[half:])
        if plain is None or with_gate is None or plain.base <= 0:
            return {}
        d = 2.0**self.num_qubits
        scale, ratio = (d - 1) / d, with_gate.base / plain.base
        value = scale * (1 - ratio)
        spread = scale * math.hypot(
            with_gate.half / plain.base, ratio * plain.half / plain.base
        )
        reach = _reach(plain.base, ratio, d)
        return {
            "gate_error": Estimate(value, value - spread, value + spread),
            "gate_lower_bound_error": Estimate(max(value - reach, 0.0)),
            "gate_upper_bound_error": Estimate(value + reach),
            "clifford_error": plain.error(d),
        }

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """Survival over the length, without the gate and with it."""
        half = len(taken) // 2
        return [
            self._curve("Randomized benchmarking, reference", taken[:half]),
            self._curve(f"Randomized benchmarking with {self.gate}", taken[half:]),
        ]


def _reach(p: float, ratio: float, d: float) -> float:
    """How far the estimate may be from the gate's error, by equation 5 of the paper."""
    first = (d - 1) * (abs(p - ratio) + (1 - p)) / d
    second = 2 * (d * d - 1) * (1 - p) / (p * d * d)
    second += 4 * math.sqrt(max(1 - p, 0.0)) * math.sqrt(d * d - 1) / p
    return min(first, second)
