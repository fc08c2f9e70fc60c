"""Families whose ideal outcomes are known, scored against them circuit by circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from qexp.circuits.family import Estimate, Family, Taken


class Answers(Family):
    """Circuits with a known ideal distribution each; qexp's own metrics score them."""

    metrics: ClassVar[tuple[str, ...]] = (
        "success_probability",
        "hellinger_fidelity",
        "normalised_hellinger_fidelity",
        "total_variation_distance",
    )

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """Nothing: the metrics compare counts with `ideal()`."""
        return {}
