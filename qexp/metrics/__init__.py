"""Scores of a measured distribution against the ideal one, with 95 % intervals."""

from __future__ import annotations

from qexp.metrics.distance import (
    total_variation_distance,
    total_variation_distance_of,
)
from qexp.metrics.hellinger import (
    hellinger_fidelity,
    hellinger_fidelity_of,
    normalised_hellinger,
    normalised_hellinger_of,
)
from qexp.metrics.score import Score
from qexp.metrics.success import success_probability, success_probability_of

__all__ = [
    "Score",
    "hellinger_fidelity",
    "hellinger_fidelity_of",
    "normalised_hellinger",
    "normalised_hellinger_of",
    "success_probability",
    "success_probability_of",
    "total_variation_distance",
    "total_variation_distance_of",
]
