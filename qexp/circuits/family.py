"""What an experiment of several circuits is: circuits before the machine, analysis after.

A family never sees a device or a service. Its fields are the keys of its `circuit`
section, checked as those of every other section are.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from qiskit import QuantumCircuit

from qexp.declare.model import Model


@dataclass(frozen=True)
class Taken:
    """What one circuit of a family gave.

    Attributes:
        counts: Shots by bit string, clbit 0 rightmost.
        probabilities: What to estimate from, by bit string: frequencies, or where
            mitigation is on the mitigated probabilities, projected to the nearest
            distribution.
    """

    counts: Mapping[str, int]
    probabilities: Mapping[str, float]

    @property
    def shots(self) -> int:
        """Repetitions that were executed."""
        return sum(self.counts.values())

    def probability(self, bits: str) -> float:
        """The probability of one outcome, in [0, 1]."""
        return self.probabilities.get(bits, 0.0)

    def parity(self) -> float:
        """The mean of (-1)^(number of ones), in [-1, 1]."""
        return math.fsum(
            -p if bits.count("1") % 2 else p for bits, p in self.probabilities.items()
        )


@dataclass(frozen=True)
class Estimate:
    """One number that an analysis gives.

    Attributes:
        value: The estimate.
        low: Lower end of its 95 % interval; None where no honest one exists.
        high: Upper end, likewise.
        note: What a reader has to know of it, such as why there is no interval.
    """

    value: float
    low: float | None = None
    high: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class Curve:
    """Something measured over something set, with what was fitted to it.

    Attributes:
        title: What it shows.
        x_label: The horizontal axis, with its unit.
        y_label: The vertical axis.
        x: Where it was measured, shape (K,).
        y: What was measured, shape (K,).
        error: Standard errors of `y`, shape (K,); empty where they are not known.
        fit_x: Where the fit is drawn; empty for none.
        fit_y: The fit there.
    """

    title: str
    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float] = ()
    fit_x: Sequence[float] = ()
    fit_y: Sequence[float] = ()


class Family(Model):
    """An experiment of one or more circuits; subclasses declare its arguments as fields.

    Attributes:
        metrics: Names of what `analyse` gives, the one that counts first. Less is better
            of a name that ends in `error`, `distance` or `seconds`.
        verdicts: Those of them that say yes or no by an interval. They are left out of
            what is mitigated, because no interval holds the calibration's error.
    """

    metrics: ClassVar[tuple[str, ...]]
    verdicts: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def circuits(self) -> Sequence[QuantumCircuit]:
        """The circuits, the same ones at every call; random ones from a field `seed`."""

    @abstractmethod
    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """What the circuits' outcomes say.

        Args:
            taken: What was measured, one for each circuit, in order.

        Returns:
            Estimates by names out of `metrics`; what cannot be had is left out.
        """

    def ideal(self) -> Sequence[Mapping[str, float] | None]:
        """For each circuit the distribution of an ideal machine, None where unknown."""
        return [None for _ in self.circuits()]

    def curves(self, taken: Sequence[Taken]) -> Sequence[Curve]:
        """What is worth a picture; nothing where it is left as it is."""
        return ()
