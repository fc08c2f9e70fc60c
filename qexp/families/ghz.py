"""GHZ states: how they are prepared, and the two ways to measure their fidelity.

The fidelity is F = (P + C) / 2, where P is the probability of all 0 or all 1 and C twice
the size of the coherence between them (Leibfried et al. 2005, Nature 438:639). F > 1/2
certifies genuine entanglement of all qubits (Guhne and Toth 2009, Phys. Rep. 474:1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from qiskit import QuantumCircuit

from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.circuits.ghz import ghz
from qexp.families.estimates import combined, parity_variance, share

Edge = Annotated[list[int], Field(min_length=2, max_length=2)]


class GhzFidelity(Family):
    """State fidelity of a GHZ state (|0…0⟩ + |1…1⟩)/√2, with the entanglement verdict.

    F = (P + C) / 2 with the probability P of all 0 or all 1 and twice the size C of the
    coherence between them (Leibfried et al. 2005, Nature 438:639). `parity`: C is the
    amplitude of cos(n phase + offset) in the parity. `coherences`: C = 2 sqrt(I_n), I_n
    the component of order n in the probability of all 0 after undoing the preparation.
    F > 1/2 certifies entanglement of all n qubits (Gühne and Tóth 2009, Phys. Rep. 474:1);
    the verdict is 1 where the interval's lower end is above 1/2.

    Caveats: readout error lowers P, and C by parity much more than by coherences; what
    undoing adds in errors lowers C by coherences. Populations alone are blind to phase:
    `experiment=ghz` scores those, and is no fidelity of the state.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "ghz_fidelity",
        "ghz_population",
        "ghz_coherence",
        "genuinely_entangled",
    )
    verdicts: ClassVar[tuple[str, ...]] = ("genuinely_entangled",)

    num_qubits: Annotated[int, Field(ge=2, le=127)] = 5
    """Qubits of the state."""

    method: Literal["parity", "coherences"] = "parity"
    """`parity`: parity oscillations, 2n + 2 circuits that rotate and measure (Monz et al.
    2011, PRL 106:130506). `coherences`: multiple quantum coherences, 2n + 2 circuits that
    rotate, undo the preparation and ask for all 0 (Wei et al. 2020, PRA 101:032343)."""

    variant: Literal["linear", "log_depth", "star"] = "linear"
    """How the entanglement spreads, where no `edges` are given."""

    edges: list[Edge] | None = None
    """The CX gates in order, control and target: a tree that starts at the control of the
    first. Unset: those of `variant`."""

    @model_validator(mode="after")
    def _tree(self) -> GhzFidelity:
        if self.edges is not None:
            reached = {self.edges[0][0]} if self.edges else set()
            for control, target in self.edges:
                if control not in reached or target in reached:
                    raise ValueError(
                        "edges must form a tree: each control entangled before, each "
                        "target new"
                    )
                reached.add(target)
            if reached != set(range(self.num_qubits)):
                raise ValueError("edges must reach the qubits 0 to num_qubits - 1")
        return self

    def circuits(self) -> list[QuantumCircuit]:
        """The populations first, then one circuit for each phase."""
        return [self._populations(), *(self._rotated(phase) for phase in self.phases)]

    def ideal(self) -> Sequence[Mapping[str, float] | None]:
        """Known for the populations."""
        n = self.num_qubits
        return [{"0" * n: 0.5, "1" * n: 0.5}, *(None for _ in self.phases)]

    @property
    def phases(self) -> list[float]:
        """2n + 2 phases over a turn, in radians: enough for a component of order n."""
        count = 2 * self.num_qubits + 2
        return [2 * math.pi * k / count for k in range(count)]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """Fidelity, population, coherence, and whether F > 1/2 with 95 % confidence."""
        n = self.num_qubits
        population = share(taken[0], ["0" * n, "1" * n])
        spread = population.value * (1 - population.value) / taken[0].shots
        coherence, variance = self._coherence(taken[1:])
        fidelity = combined(
            (population.value + coherence) / 2, math.sqrt(spread + variance) / 2
        )
        assert fidelity.low is not None
        return {
            "ghz_fidelity": fidelity,
            "ghz_population": population,
            "ghz_coherence": combined(coherence, math.sqrt(variance)),
            "genuinely_entangled": Estimate(float(fidelity.low > 0.5)),
        }

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """The signal over the phase, with its component of order n."""
        signal, errors = self._signal(taken[1:])
        order = self.num_qubits
        component = _component(signal, self.phases, order)
        fine = np.linspace(0, 2 * math.pi, 400)
        offset = 0.0 if self.method == "parity" else float(np.mean(signal))
        fitted = offset + 2 * (component * np.exp(1j * order * fine)).real
        label = "parity" if self.method == "parity" else "probability of all 0"
        return [
            Curve(
                title=f"GHZ-{order}: {label} over the phase",
                x_label="phase of each qubit, radians",
                y_label=label,
                x=self.phases,
                y=list(signal),
                error=list(errors),
                fit_x=list(fine),
                fit_y=list(fitted),
            )
        ]

    def _populations(self) -> QuantumCircuit:
        circuit = self._prepared("populations")
        circuit.barrier()
        circuit.measure(range(self.num_qubits), range(self.num_qubits))
        return circuit

    def _prepared(self, name: str) -> QuantumCircuit:
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"ghz-{n}-{name}")
        if self.edges is not None:
            circuit.h(self.edges[0][0])
            for control, target in self.edges:
                circuit.cx(control, target)
            return circuit
        made = ghz(n, self.variant)
        for step in made.data:
            if step.operation.name in ("h", "cx"):
                circuit.append(
                    step.operation, [made.find_bit(q).index for q in step.qubits]
                )
        return circuit

    def _rotated(self, phase: float) -> QuantumCircuit:
        n = self.num_qubits
        circuit = self._prepared(f"{self.method}-{round(math.degrees(phase), 1):g}")
        preparation = circuit.copy()
        circuit.barrier()
        circuit.rz(phase, range(n))
        circuit.barrier()
        if self.method == "parity":
            # X measured after the phase: the parity of cos(phase) X + sin(phase) Y
            circuit.h(range(n))
        else:
            circuit.compose(preparation.inverse(), inplace=True)
        circuit.barrier()
        circuit.measure(range(n), range(n))
        return circuit

    def _signal(self, taken: Sequence[Taken]) -> tuple[list[float], list[float]]:
        """The signal at each phase, and its standard errors."""
        if self.method == "parity":
            signal = [one.parity() for one in taken]
            return signal, [math.sqrt(parity_variance(one)) for one in taken]
        signal = [one.probability("0" * self.num_qubits) for one in taken]
        pairs = zip(signal, taken, strict=True)
        return signal, [math.sqrt(p * (1 - p) / one.shots) for p, one in pairs]

    def _coherence(self, taken: Sequence[Taken]) -> tuple[float, float]:
        """C and its variance.

        Parity: P(φ) = C cos(nφ + φ0), so C = 2 |P_n|. Coherences: the component of order
        n of the overlap is the squared size of the coherence, so C = 2 sqrt(|S_n|). The
        square of a component's size is freed of what shot noise adds to it on average.
        """
        signal, errors = self._signal(taken)
        size = abs(_component(signal, self.phases, self.num_qubits))
        # half of the variance of a component is along it
        noise = float(np.sum(np.square(errors))) / len(signal) ** 2
        size = math.sqrt(max(size * size - noise, 0.0))
        if self.method == "parity":
            return 2 * size, 4 * noise / 2
        # d C / d |S| = 1 / sqrt(|S|); near nothing the root has no slope to go by
        return 2 * math.sqrt(size), noise / 2 / max(size, math.sqrt(noise), 1e-12)


def _component(signal: Sequence[float], phases: Sequence[float], order: int) -> complex:
    """The Fourier component of an order: the mean of signal times exp(-i order phase)."""
    return complex(
        np.mean(np.asarray(signal) * np.exp(-1j * order * np.asarray(phases)))
    )
