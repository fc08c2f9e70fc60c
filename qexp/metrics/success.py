"""Probability of an answer that counts as right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qexp.metrics.score import (
    Score,
    checked_probabilities,
    clip,
    common_width,
    total_shots,
    wilson,
)


def success_probability(
    counts: Mapping[str, int],
    answers: Collection[str],
    ideal: Mapping[str, float] | None = None,
) -> Score:
    """Probability of an outcome in a set of answers, in [0, 1].

    The share of the shots is unbiased, so that ``value`` equals ``plugin``; the
    interval is Wilson's.

    Args:
        counts: Counts by bitstring.
        answers: Bitstrings that count as success.
        ideal: Ideal probabilities by bitstring. Without them, ``Score.ideal`` is 1:
            a device without errors is taken to give an answer in every shot.

    Returns:
        The score.

    Raises:
        ValueError: If ``answers`` is empty or not of bitstrings as wide as the counts,
            if a count is negative or not whole, if all are zero, or if ``ideal`` is not
            a distribution.
    """
    common_width(_named(answers) | set(counts) | set(ideal or ()))
    shots = total_shots(counts)
    hits = sum(counts.get(answer, 0) for answer in set(answers))
    share = hits / shots
    expected = 1.0 if ideal is None else success_probability_of(ideal, answers)
    return Score(share, *wilson(hits, shots), plugin=share, ideal=expected)


def success_probability_of(
    probabilities: Mapping[str, float], answers: Collection[str]
) -> float:
    """Probability of an outcome in a set of answers, in a known distribution.

    Args:
        probabilities: Probabilities by bitstring, for example after mitigation.
        answers: Bitstrings that count as success.

    Returns:
        The summed probability, in [0, 1].

    Raises:
        ValueError: If ``answers`` is empty, if widths differ, or if the probabilities
            are not a distribution.
    """
    wanted = _named(answers)
    common_width(wanted | set(probabilities))
    weights = checked_probabilities(probabilities)
    pairs = zip(probabilities, weights, strict=True)
    return clip(float(sum(weight for key, weight in pairs if key in wanted)))


def _named(answers: Collection[str]) -> set[str]:
    if isinstance(answers, str):
        raise ValueError(f"answers is the text {answers!r}, not a set of bitstrings")
    if not answers:
        raise ValueError("answers is empty")
    return set(answers)
