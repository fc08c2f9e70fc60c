"""Quantum volume (Cross et al. 2019, PRA 100:032328)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from qiskit import QuantumCircuit
from qiskit.circuit import library
from qiskit.quantum_info import Statevector

from qexp.circuits.family import Estimate, Family, Taken

Array = NDArray[np.float64]

THRESHOLD = 2 / 3
"""Of the heavy outputs' probability; the ideal machine is near (1 + ln 2) / 2 = 0.85."""

FEWEST = 100
"""Circuits without which the rule gives no verdict."""

RESAMPLES = 2000


class QuantumVolume(Family):
    """Heavy outputs of square random circuits, with the verdict on 2^n.

    Definition: Cross et al. 2019 (PRA 100:032328). A heavy output is one whose ideal
    probability is above the median of its circuit. h is the mean probability of heavy
    outputs; an ideal machine is near (1 + ln 2)/2 = 0.85, a useless one at 1/2.

    Two verdicts, which disagree near the line. `quantum_volume_passed` is the paper's:
    h - 2 sqrt(h (1 - h)/n_c) > 2/3 over n_c >= 100 circuits, which takes circuits for
    coins and so asks for more than the data do. `quantum_volume_passed_bootstrap` asks
    that the lower 97.5 % bound of a bootstrap over circuits and shots (Baldwin et al.
    2022, Quantum 6:707) is above 2/3. `quantum_volume_circuits_needed` is how many
    circuits the paper's rule would want at this h.

    Caveats: the ideal outputs are simulated, so n is at most 16; a device is said to have
    a quantum volume with its best compilation, so the options that carried it belong to
    the claim, and a best cell of many wants fresh circuits (another `circuit.seed`).
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "heavy_output_probability",
        "quantum_volume_passed",
        "quantum_volume_passed_bootstrap",
        "quantum_volume_circuits_needed",
    )
    verdicts: ClassVar[tuple[str, ...]] = (
        "quantum_volume_passed",
        "quantum_volume_passed_bootstrap",
    )

    num_qubits: Annotated[int, Field(ge=2, le=16)] = 4
    """Qubits and layers n; the quantum volume in question is 2^n."""

    num_circuits: Annotated[int, Field(ge=1, le=5000)] = FEWEST
    """Random circuits; the verdict wants at least 100."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws the circuits."""

    def circuits(self) -> list[QuantumCircuit]:
        """The random circuits."""
        return [self._measured(k, one) for k, one in enumerate(self._models)]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """The mean heavy-output probability h and what it says.

        Cross's rule passes where h - 2 sqrt(h (1 - h) / n_c) > 2/3 over at least 100
        circuits; it takes each circuit for a coin, which is more spread than there is.
        Beside it the lower end of a bootstrap over circuits and shots (97.5 %, one
        sided, as two standard errors are), and the number of circuits at which Cross's
        rule would pass at this h.
        """
        heavy = [
            min(max(sum(map(one.probability, outputs)), 0.0), 1.0)
            for one, outputs in zip(taken, self.heavy, strict=True)
        ]
        h, count = float(np.mean(heavy)), len(heavy)
        resampled = self._resampled(heavy, [one.shots for one in taken])
        low, high = np.quantile(resampled, [0.025, 0.975])
        found = {
            "heavy_output_probability": Estimate(
                h, min(float(low), h), max(float(high), h)
            )
        }
        if h > THRESHOLD:
            needed = max(math.ceil(4 * h * (1 - h) / (h - THRESHOLD) ** 2), FEWEST)
            found["quantum_volume_circuits_needed"] = Estimate(float(needed))
        if count >= FEWEST:
            rule = h - 2 * math.sqrt(h * (1 - h) / count) > THRESHOLD
            found["quantum_volume_passed"] = Estimate(float(rule))
            found["quantum_volume_passed_bootstrap"] = Estimate(float(low > THRESHOLD))
        return found

    @cached_property
    def heavy(self) -> list[list[str]]:
        """For each circuit the outputs whose ideal probability is above the median."""
        return [_heavy(one) for one in self._models]

    @cached_property
    def _models(self) -> list[QuantumCircuit]:
        seeds = np.random.SeedSequence(self.seed).generate_state(self.num_circuits)
        n = self.num_qubits
        return [
            library.QuantumVolume(n, n, seed=int(seed) % 2**31).decompose()
            for seed in seeds
        ]

    def _measured(self, k: int, model: QuantumCircuit) -> QuantumCircuit:
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"quantum-volume-{n}-{k}")
        circuit.compose(model, inplace=True)
        circuit.measure(range(n), range(n))
        return circuit

    def _resampled(
        self, heavy: Sequence[float], shots: Sequence[int]
    ) -> NDArray[np.float64]:
        """Means over circuits drawn anew, each with its shots drawn anew."""
        draw = np.random.default_rng(self.seed)
        chosen = draw.integers(len(heavy), size=(RESAMPLES, len(heavy)))
        p, n = np.asarray(heavy)[chosen], np.asarray(shots)[chosen]
        return np.asarray((draw.binomial(n, p) / n).mean(axis=1))


def _heavy(model: QuantumCircuit) -> list[str]:
    probabilities = np.asarray(Statevector(model).probabilities())
    above = np.flatnonzero(probabilities > np.median(probabilities))
    return [f"{one:0{model.num_qubits}b}" for one in above]
