"""What goes wrong at the two ends: readout, and state preparation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from qiskit import QuantumCircuit

from qexp.circuits.family import Estimate, Family, Taken
from qexp.families.estimates import combined


class ReadoutMatrix(Family):
    """The assignment matrix, of each qubit or of all together.

    The assignment error of a qubit is (P(1|0) + P(0|1)) / 2: what is read as the other
    (Nation et al. 2021, PRX Quantum 2:040326). All are means over the qubits.

    Caveats: what preparation does wrong is counted with it. Which qubits are measured is
    for the layout to say: `options.initial_layout`.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "assignment_error",
        "zero_read_as_one_error",
        "one_read_as_zero_error",
        "readout_crosstalk_error",
    )

    num_qubits: Annotated[int, Field(ge=1, le=127)] = 5
    """Qubits."""

    method: Literal["tensored", "complete"] = "tensored"
    """`tensored`: all 0 and all 1. `complete`: all 2^n states (up to 8 qubits); then the
    crosstalk is known, the largest change of a qubit's error with another's state."""

    @model_validator(mode="after")
    def _few(self) -> ReadoutMatrix:
        if self.method == "complete" and self.num_qubits > 8:
            raise ValueError("method=complete is for up to 8 qubits")
        return self

    def circuits(self) -> list[QuantumCircuit]:
        """A circuit for each state."""
        return [_prepared(f"readout-{bits}", bits) for bits in self.states]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """The state itself."""
        return [{bits: 1.0} for bits in self.states]

    @property
    def states(self) -> list[str]:
        """The states that are prepared, qubit 0 rightmost."""
        n = self.num_qubits
        if self.method == "tensored":
            return ["0" * n, "1" * n]
        return ["".join(one) for one in product("01", repeat=n)]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """Means over the qubits."""
        n = self.num_qubits
        wrong = [self._wrong(taken, qubit) for qubit in range(n)]
        zero = _mean([one[0] for one in wrong])
        one = _mean([one[1] for one in wrong])
        found = {
            "assignment_error": combined(
                (zero[0] + one[0]) / 2, math.hypot(zero[1], one[1]) / 2
            ),
            "zero_read_as_one_error": combined(*zero),
            "one_read_as_zero_error": combined(*one),
        }
        if self.method == "complete" and n > 1:
            found["readout_crosstalk_error"] = Estimate(self._crosstalk(taken))
        return found

    def _wrong(
        self, taken: Sequence[Taken], qubit: int
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """P(1|0) and P(0|1) of a qubit, each with its standard error."""
        found = []
        for bit in "01":
            own = [
                t
                for t, state in zip(taken, self.states, strict=True)
                if state[-1 - qubit] == bit
            ]
            rates = [_read_otherwise(one, qubit, bit) for one in own]
            spread = sum(p * (1 - p) / o.shots for p, o in zip(rates, own, strict=True))
            found.append((sum(rates) / len(own), math.sqrt(spread) / len(own)))
        return found[0], found[1]

    def _crosstalk(self, taken: Sequence[Taken]) -> float:
        """The largest change of a qubit's error that goes with another qubit's state."""
        n, worst = self.num_qubits, 0.0
        pairs = list(zip(taken, self.states, strict=True))
        for qubit, other in product(range(n), repeat=2):
            if qubit == other:
                continue
            for bit in "01":
                means = []
                for state in "01":
                    rates = [
                        _read_otherwise(one, qubit, bit)
                        for one, bits in pairs
                        if bits[-1 - qubit] == bit and bits[-1 - other] == state
                    ]
                    means.append(sum(rates) / len(rates))
                worst = max(worst, abs(means[0] - means[1]))
        return worst


class StatePreparation(Family):
    """Errors of all 0 and all 1, as they change with what the qubits were left in.

    The rise of either over its value at a long `rep_delay` is preparation error: what the
    previous shot left behind. The level itself is readout. Sweep `options.rep_delay` and
    `options.init_qubits`. All are means over the qubits.

    Caveats: each circuit follows itself: all 0 follows all 0, and starts better than the
    average shot of another experiment does.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "preparation_error",
        "zeros_error",
        "ones_error",
    )

    num_qubits: Annotated[int, Field(ge=1, le=127)] = 5
    """Qubits."""

    def circuits(self) -> list[QuantumCircuit]:
        """All 0 and all 1."""
        n = self.num_qubits
        return [_prepared("zeros", "0" * n), _prepared("ones", "1" * n)]

    def ideal(self) -> Sequence[Mapping[str, float]]:
        """What is prepared."""
        return [{"0" * self.num_qubits: 1.0}, {"1" * self.num_qubits: 1.0}]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """Means over the qubits of being read as the other, and the mean of both."""
        ends = [
            _mean([_rate(one, qubit, bit) for qubit in range(self.num_qubits)])
            for one, bit in zip(taken, "01", strict=True)
        ]
        zeros, ones = ends
        both = math.hypot(zeros[1], ones[1]) / 2
        return {
            "preparation_error": combined((zeros[0] + ones[0]) / 2, both),
            "zeros_error": combined(*zeros),
            "ones_error": combined(*ones),
        }


def _prepared(name: str, bits: str) -> QuantumCircuit:
    n = len(bits)
    circuit = QuantumCircuit(n, n, name=name)
    for qubit, bit in enumerate(reversed(bits)):
        if bit == "1":
            circuit.x(qubit)
    circuit.barrier()
    circuit.measure(range(n), range(n))
    return circuit


def _read_otherwise(taken: Taken, qubit: int, bit: str) -> float:
    """The probability that a qubit is read as what it was not prepared in."""
    return math.fsum(
        p for bits, p in taken.probabilities.items() if bits[-1 - qubit] != bit
    )


def _rate(taken: Taken, qubit: int, bit: str) -> tuple[float, float]:
    p = _read_otherwise(taken, qubit, bit)
    return p, math.sqrt(p * (1 - p) / taken.shots)


def _mean(rates: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The mean of independent rates, and its standard error."""
    count = len(rates)
    return sum(p for p, _ in rates) / count, math.hypot(*(s for _, s in rates)) / count
