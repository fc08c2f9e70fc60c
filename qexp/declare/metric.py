"""What circuits are scored by: the names, and of which of them less is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from qexp.declare.model import Suggested

MetricName = Literal[
    "hellinger_fidelity",
    "normalised_hellinger_fidelity",
    "success_probability",
    "total_variation_distance",
]
METRICS: tuple[MetricName, ...] = (
    "hellinger_fidelity",
    "normalised_hellinger_fidelity",
    "success_probability",
    "total_variation_distance",
)

COMPILE_METRICS = (
    "depth",
    "two_qubit_gates",
    "duration",
    "estimated_success_probability",
    "transpile_seconds",
    "quantum_seconds",
)
"""What is known of every point that was compiled here, beside its scores."""

LOWER_IS_BETTER = ("distance", "error", "_gates", "depth", "duration", "seconds")
"""How metrics end of which less is better."""

Metric = Annotated[str, Suggested(METRICS)]
Optimized = Annotated[str, Suggested((*METRICS, *COMPILE_METRICS))]


def is_larger(metric: str) -> bool:
    """Whether more of a metric is better."""
    return not metric.endswith(LOWER_IS_BETTER)


def unknown_metric(
    metrics: Sequence[str], optimize: str | None, own: Sequence[str]
) -> str | None:
    """What is wrong with the metrics that are asked for; None where nothing is.

    Args:
        metrics: Scores to log.
        optimize: What an optimizer is told.
        own: What the circuits can be scored by.
    """
    allowed = [*own, *(f"raw_{one}" for one in own), *COMPILE_METRICS]
    for number, name in enumerate(metrics):
        if name not in own:
            return f"metrics.{number} = {name}: must be one of {', '.join(own)}."
    if optimize is not None and optimize not in allowed:
        return f"optimize = {optimize}: must be one of {', '.join(allowed)}."
    return None
