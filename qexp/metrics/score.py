"""The score type, and the checked arrays that every metric starts from."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BIASED = "biased at these shots"
NEGLIGIBLE = 1e-12
_NORMAL = 1.959963984540054
_SUM_TOLERANCE = 1e-6
_ROUNDING = 1e-9

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How a measured distribution compares with the ideal one.

    The quantity estimated is the score of the unknown distribution of the device,
    that is, the score that infinitely many shots would give.

    Attributes:
        value: Bias-corrected estimate, within the range of the metric. Equal to
            ``plugin`` where ``note`` says that no correction is possible.
        low: Lower end of the 95 % interval, or None where no honest one exists.
        high: Upper end of the 95 % interval, or None where no honest one exists.
        plugin: The textbook formula on the raw frequencies.
        ideal: Expected ``plugin`` of a device without errors at this number of shots.
        note: Why there is no interval, else None.
    """

    value: float
    low: float | None
    high: float | None
    plugin: float
    ideal: float
    note: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Counts beside ideal probabilities, over the outcomes the ideal one can give.

    Attributes:
        observed: Counts, shape (K,), of the outcomes with a probability above zero.
        ideal: Their probabilities, shape (K,), summing to exactly one.
        shots: Total of all counts, also of outcomes with ideal probability zero.
        outcomes: Number of outcomes that the width allows, 2 ** width.
    """

    observed: Array
    ideal: Array
    shots: int
    outcomes: int

    @property
    def support(self) -> int:
        """Number of outcomes whose ideal probability is more than rounding."""
        return int(np.count_nonzero(self.ideal > NEGLIGIBLE))


def compare(counts: Mapping[str, int], ideal: Mapping[str, float]) -> Comparison:
    """Check counts and ideal probabilities, and bring them into one order.

    Args:
        counts: Counts by bitstring.
        ideal: Probabilities by bitstring; outcomes with probability zero may be left
            out.

    Returns:
        Arrays over the outcomes that the ideal distribution can give.

    Raises:
        ValueError: If either mapping is empty or holds something that is not a
            bitstring, if widths differ, if a count is negative or not whole, if all
            are zero, or if the probabilities are not probabilities.
    """
    width = common_width([*counts, *ideal])
    shots = total_shots(counts)
    outcomes, weights = _support(ideal)
    observed = np.array([counts.get(key, 0) for key in outcomes], np.float64)
    return Comparison(observed, weights, shots, 2**width)


def _support(ideal: Mapping[str, float]) -> tuple[list[str], Array]:
    """The outcomes with a probability above zero, and those, normalised."""
    weights = checked_probabilities(ideal)
    present = weights > 0
    if present.all():
        return list(ideal), weights
    names = [key for key, kept in zip(ideal, present, strict=True) if kept]
    return names, weights[present]


def checked_probabilities(probabilities: Mapping[str, float]) -> Array:
    """Return the probabilities as an array that sums to exactly one.

    Args:
        probabilities: Probabilities by bitstring.

    Returns:
        Array, shape (len(probabilities),), in the order of the mapping.

    Raises:
        ValueError: If there are none, if one is negative or not finite, or if the sum
            is not one within 1e-6.
    """
    weights = np.fromiter(probabilities.values(), np.float64)
    if weights.size == 0:
        raise ValueError("the probabilities are empty")
    _refuse(probabilities, ~(weights >= -_ROUNDING), "is not a probability")
    total = float(weights.sum())
    if not abs(total - 1) <= _SUM_TOLERANCE:
        raise ValueError(f"the probabilities sum to {total!r}, not to 1")
    normalised: Array = np.maximum(weights, 0) / np.maximum(weights, 0).sum()
    return normalised


def paired(
    probabilities: Mapping[str, float], ideal: Mapping[str, float]
) -> tuple[Array, Array]:
    """Return two known distributions over the outcomes of the second.

    Args:
        probabilities: Probabilities by bitstring.
        ideal: Ideal probabilities by bitstring.

    Returns:
        Two arrays, shape (len(ideal),): the first distribution's probability of each
        ideal outcome, and the ideal one.

    Raises:
        ValueError: If widths differ or either is not a distribution.
    """
    common_width([*probabilities, *ideal])
    met = dict(zip(probabilities, checked_probabilities(probabilities), strict=True))
    weights = checked_probabilities(ideal)
    return np.fromiter((met.get(key, 0.0) for key in ideal), np.float64), weights


def total_shots(counts: Mapping[str, int]) -> int:
    """Return the total of the counts.

    Args:
        counts: Counts by bitstring.

    Returns:
        Number of shots, at least 1.

    Raises:
        ValueError: If a count is negative or not whole, or if the total is zero.
    """
    values = np.fromiter(counts.values(), np.float64)
    whole = (values >= 0) & (np.floor(values) == values) & np.isfinite(values)
    _refuse(counts, ~whole, "is not a count")
    total = int(values.sum())
    if total == 0:
        raise ValueError(f"there are no shots in the counts {dict(counts)!r}")
    return total


def _refuse(
    named: Mapping[str, float], wrong: NDArray[np.bool_], complaint: str
) -> None:
    if wrong.any():
        key = list(named)[int(np.argmax(wrong))]
        raise ValueError(f"{key!r}: {named[key]!r} {complaint}")


def common_width(bitstrings: Collection[str]) -> int:
    """Return the width that all bitstrings share.

    Args:
        bitstrings: Outcomes written with the characters 0 and 1.

    Returns:
        Number of bits, at least 1.

    Raises:
        ValueError: If there is no bitstring, if one holds another character or is
            empty, or if widths differ.
    """
    widths = set(map(len, bitstrings))
    if not widths:
        raise ValueError("there are no outcomes")
    if "".join(bitstrings).strip("01") or 0 in widths:
        _refuse_text(bitstrings)
    if len(widths) > 1:
        shortest, longest = min(bitstrings, key=len), max(bitstrings, key=len)
        raise ValueError(f"widths differ: {shortest!r} and {longest!r}")
    return widths.pop()


def _refuse_text(bitstrings: Iterable[str]) -> None:
    wrong = next(text for text in bitstrings if not text or set(text) - {"0", "1"})
    raise ValueError(f"{wrong!r} is not a bitstring")


def clip(value: float) -> float:
    """Return the value moved into [0, 1], the range of every metric here."""
    return min(max(value, 0.0), 1.0)


def wilson(hits: float, shots: float) -> tuple[float, float]:
    """The 95 % interval of a probability from a binomial count.

    With z = 1.96 and p = hits / shots, the ends solve
    ``|p - x| = z sqrt(x (1 - x) / shots)`` for x.

    Args:
        hits: Number of shots with the outcome, between 0 and ``shots``.
        shots: Number of shots, above 0.

    Returns:
        Lower and upper end, within [0, 1].

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22, 209 (1927).
    """
    square = _NORMAL**2
    share = hits / shots
    centre = (share + square / (2 * shots)) / (1 + square / shots)
    spread = share * (1 - share) / shots + square / (4 * shots**2)
    half = math.sqrt(square * spread) / (1 + square / shots)
    return clip(min(centre - half, share)), clip(max(centre + half, share))
