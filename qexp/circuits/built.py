"""The circuits of one point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from qiskit import QuantumCircuit

from qexp.circuits.facts import Facts, facts
from qexp.circuits.family import Family
from qexp.circuits.ideal import ideal_distribution

Distributions = tuple[Mapping[str, float] | None, ...]


@dataclass(frozen=True, eq=False)
class Built:
    """The circuits of one point, in order; equal only to itself.

    Attributes:
        circuits: At least one circuit.
        content: Digest of what the circuits do, SHA-256 in hexadecimal.
        labels: For each circuit what a person calls it.
        known: `ideal`, where it is known without simulating the circuits.
        family: What makes something of all that they give together, or None.
    """

    circuits: tuple[QuantumCircuit, ...]
    content: str
    labels: tuple[str, ...]
    known: Distributions | None = None
    family: Family | None = None

    @cached_property
    def ideal(self) -> Distributions:
        """For each circuit the distribution of an ideal machine.

        By bit string (clbit 0 rightmost); None where it cannot be had. Simulated when
        it is asked for first: a plan needs no state vectors.
        """
        if self.known is not None:
            return self.known
        return tuple(ideal_distribution(circuit) for circuit in self.circuits)

    @cached_property
    def facts(self) -> tuple[Facts, ...]:
        """For each circuit what checks ask of it."""
        return tuple(facts(circuit) for circuit in self.circuits)
