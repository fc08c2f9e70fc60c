"""Scores of a point: every metric it allows, raw and mitigated, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from qiskit.result import QuasiDistribution

from qexp.circuits import Built
from qexp.declare.metric import MetricName
from qexp.metrics import (
    Score,
    hellinger_fidelity,
    hellinger_fidelity_of,
    normalised_hellinger,
    normalised_hellinger_of,
    success_probability,
    success_probability_of,
    total_variation_distance,
    total_variation_distance_of,
)
from qexp.results.result import Measured, Result

Distribution = Mapping[str, float]

MITIGATED = "mitigated"
"""Why a mitigated score has no interval: the calibration's error is in none yet."""


@dataclass(frozen=True)
class Scored:
    """One metric of one point, averaged over its circuits.

    Attributes:
        name: The metric; `raw_<name>` is the same without mitigation.
        value: Estimate of the score at infinitely many shots.
        low: Lower end of the 95 % interval, None where no honest one exists.
        high: Upper end, likewise.
        plugin: The textbook formula on the frequencies, where nothing is mitigated.
        ideal: What the textbook formula gives an ideal machine at these shots. Both stand
            with the metric itself, not with `raw_<name>`.
        note: Why there is no interval.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    plugin: float | None
    ideal: float | None
    note: str | None


def answers(ideal: Distribution) -> list[str] | None:
    """The outcomes that count as success: what an ideal machine can measure.

    Returns:
        None where that is more than half of all bit strings, so that success would say
        nothing.
    """
    width = len(next(iter(ideal)))
    support = [outcome for outcome, probability in ideal.items() if probability > 0]
    return support if 2 * len(support) <= 2**width else None


def _success(counts: Mapping[str, int], ideal: Distribution) -> Score | None:
    accepted = answers(ideal)
    return None if accepted is None else success_probability(counts, accepted)


def _success_of(probabilities: Distribution, ideal: Distribution) -> float | None:
    accepted = answers(ideal)
    return None if accepted is None else success_probability_of(probabilities, accepted)


ESTIMATORS: Mapping[
    MetricName, Callable[[Mapping[str, int], Distribution], Score | None]
] = {
    "hellinger_fidelity": hellinger_fidelity,
    "normalised_hellinger_fidelity": normalised_hellinger,
    "success_probability": _success,
    "total_variation_distance": total_variation_distance,
}

FORMULAS: Mapping[MetricName, Callable[[Distribution, Distribution], float | None]] = {
    "hellinger_fidelity": hellinger_fidelity_of,
    "normalised_hellinger_fidelity": normalised_hellinger_of,
    "success_probability": _success_of,
    "total_variation_distance": total_variation_distance_of,
}


def score(built: Built, result: Result, names: Sequence[str]) -> list[Scored]:
    """The scores of a point that did not fail.

    Args:
        built: The point's circuits, with their ideal distributions.
        result: What was measured.
        names: Metrics asked for; one that the circuits do not allow is left out.

    Returns:
        For each metric its score, what the options asked for, then `raw_<name>`.
    """
    pairs = list(zip(result.measured, built.ideal, strict=True))
    if any(ideal is None for _, ideal in pairs):
        return []
    known = [(measured, ideal) for measured, ideal in pairs if ideal is not None]
    scored: list[Scored] = []
    for name in names:
        scored += _metric(cast(MetricName, name), known)
    return scored


def _metric(
    name: MetricName, pairs: list[tuple[Measured, Distribution]]
) -> list[Scored]:
    raw = [ESTIMATORS[name](measured.counts, ideal) for measured, ideal in pairs]
    if any(one is None for one in raw):
        return []
    mean = mean_score(f"raw_{name}", [one for one in raw if one is not None])
    asked = replace(mean, name=name)
    if any(measured.quasi is not None for measured, _ in pairs):
        asked = _mitigated(name, pairs, mean)
    return [asked, replace(mean, plugin=None, ideal=None)]


def _mitigated(
    name: MetricName, pairs: list[tuple[Measured, Distribution]], raw: Scored
) -> Scored:
    values = [
        FORMULAS[name](nearest(measured.quasi or {}), ideal)
        for measured, ideal in pairs
    ]
    value = math.fsum(one for one in values if one is not None) / len(values)
    return Scored(name, value, None, None, None, raw.ideal, MITIGATED)


def nearest(quasi: Distribution) -> dict[str, float]:
    """The probability distribution nearest to quasi-probabilities, by bit string."""
    width = len(next(iter(quasi)))
    numbers = QuasiDistribution({int(bits, 2): value for bits, value in quasi.items()})
    projected = numbers.nearest_probability_distribution()
    return {f"{number:0{width}b}": float(p) for number, p in projected.items()}


def mean_score(name: str, scores: Sequence[Score]) -> Scored:
    """The mean over circuits, which are measured independently.

    Its interval combines those of the circuits by the distances of their ends from
    their estimates, in quadrature (Zou and Donner 2008, Statistics in Medicine
    27:1693). A circuit without an interval leaves the mean without one.
    """
    count = len(scores)
    value = math.fsum(one.value for one in scores) / count
    notes = sorted({one.note for one in scores if one.note})
    return Scored(
        name=name,
        value=value,
        low=_end(value, [(one.value, one.low) for one in scores], -1),
        high=_end(value, [(one.value, one.high) for one in scores], +1),
        plugin=math.fsum(one.plugin for one in scores) / count,
        ideal=math.fsum(one.ideal for one in scores) / count,
        note="; ".join(notes) or None,
    )


def _end(
    value: float, ends: list[tuple[float, float | None]], sign: int
) -> float | None:
    distances = [abs(one - end) for one, end in ends if end is not None]
    if len(distances) < len(ends):
        return None
    return value + sign * math.hypot(*distances) / len(ends)
