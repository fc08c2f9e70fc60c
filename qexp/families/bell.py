"""Bell inequalities: CHSH for two qubits, Mermin's for more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, ClassVar

from pydantic import Field
from qiskit import QuantumCircuit

from qexp.circuits.family import Estimate, Family, Taken
from qexp.families.estimates import combined, parity_variance


class Chsh(Family):
    """CHSH (Clauser et al. 1969, PRL 23:880): S of a Bell pair.

    S = E(a,b) + E(a,b') + E(a',b) - E(a',b') with E the mean of the two outcomes' product.
    S is at most 2 where measurements only reveal what was settled before, at most
    2 sqrt(2) in quantum mechanics.

    Caveats: neither locality nor detection is closed as a loophole here; the qubits share
    a chip. It is a test of the device, not of nature.
    """

    metrics: ClassVar[tuple[str, ...]] = ("chsh", "chsh_violated")
    verdicts: ClassVar[tuple[str, ...]] = ("chsh_violated",)

    def circuits(self) -> list[QuantumCircuit]:
        """Settings (a, b), (a, b'), (a', b), (a', b')."""
        return [self._setting(a, b) for a, b in self._settings()]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """S = E(a,b) + E(a,b') + E(a',b) - E(a',b'), and whether S > 2 with 95 %."""
        signs = (1, 1, 1, -1)
        value = sum(sign * one.parity() for sign, one in zip(signs, taken, strict=True))
        found = combined(value, math.sqrt(sum(map(parity_variance, taken))))
        assert found.low is not None
        return {"chsh": found, "chsh_violated": Estimate(float(found.low > 2))}

    @staticmethod
    def _settings() -> list[tuple[float, float]]:
        # Z and X against the two bisectors
        return list(product((0.0, math.pi / 2), (math.pi / 4, -math.pi / 4)))

    @staticmethod
    def _setting(a: float, b: float) -> QuantumCircuit:
        degrees = f"{math.degrees(a):g}-{math.degrees(b):g}"
        circuit = QuantumCircuit(2, 2, name=f"chsh-{degrees}")
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.barrier()
        # measure cos(angle) Z + sin(angle) X
        circuit.ry(-a, 0)
        circuit.ry(-b, 1)
        circuit.barrier()
        circuit.measure([0, 1], [0, 1])
        return circuit


class Mermin(Family):
    """Mermin's inequality (1990, PRL 65:1838) with a GHZ state of n qubits.

    M sums the 2^(n-1) products of X and Y with an even number of Y, with sign
    (-1)^(number of Y / 2). An ideal machine has M = 2^(n-1); what is settled before
    measuring reaches 2^(n/2) for even n and 2^((n-1)/2) for odd n.

    Caveats: 2^(n-1) circuits; readout error shrinks each product by the n-th power.
    """

    metrics: ClassVar[tuple[str, ...]] = ("mermin_ratio", "mermin", "mermin_violated")
    verdicts: ClassVar[tuple[str, ...]] = ("mermin_violated",)

    num_qubits: Annotated[int, Field(ge=3, le=9)] = 3
    """Qubits of the state; 2^(n-1) circuits."""

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit for each product."""
        return [self._product(one) for one in self._products()]

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """M, its ratio to the bound, and whether it is above it with 95 %."""
        signs = [(-1) ** (one.count("Y") // 2) for one in self._products()]
        value = sum(sign * one.parity() for sign, one in zip(signs, taken, strict=True))
        sigma = math.sqrt(sum(map(parity_variance, taken)))
        ratio = combined(value / self.bound, sigma / self.bound)
        assert ratio.low is not None
        return {
            "mermin_ratio": ratio,
            "mermin": combined(value, sigma),
            "mermin_violated": Estimate(float(ratio.low > 1)),
        }

    @property
    def bound(self) -> float:
        """The most that what is settled before measuring can reach."""
        return float(2 ** (self.num_qubits // 2))

    def _products(self) -> list[str]:
        every = product("XY", repeat=self.num_qubits)
        return ["".join(one) for one in every if one.count("Y") % 2 == 0]

    def _product(self, wanted: str) -> QuantumCircuit:
        n = self.num_qubits
        circuit = QuantumCircuit(n, n, name=f"mermin-{wanted.lower()}")
        circuit.h(0)
        for target in range(1, n):
            circuit.cx(target - 1, target)
        circuit.barrier()
        for qubit, axis in enumerate(wanted):
            if axis == "Y":
                circuit.sdg(qubit)
            circuit.h(qubit)
        circuit.barrier()
        circuit.measure(range(n), range(n))
        return circuit
