"""Scores of a point whose circuits are analysed together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qexp.circuits import Built
from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.declare.metric import METRICS
from qexp.errors import PointFailed
from qexp.results.result import Measured, Result
from qexp.results.score import MITIGATED, Scored, nearest, score


def scored(built: Built, result: Result, names: Sequence[str]) -> list[Scored]:
    """The scores of a point that did not fail, by its family or against what is ideal.

    Args:
        built: Its circuits.
        result: What was measured.
        names: Metrics asked for.

    Raises:
        PointFailed: The analysis itself failed; says how.
    """
    if built.family is None:
        return score(built, result, names)
    # a family may leave some to the metrics that compare counts with what is ideal
    usual = [name for name in names if name in METRICS]
    own = analysed(built.family, result, names)
    return own + (score(built, result, usual) if usual else [])


def analysed(family: Family, result: Result, names: Sequence[str]) -> list[Scored]:
    """The scores of a point that did not fail.

    Args:
        family: What analyses its circuits.
        result: What was measured.
        names: Metrics asked for; one that the analysis does not give is left out.

    Returns:
        For each metric its score, what the options asked for, then `raw_<name>`. A
        verdict has only the latter where something was mitigated.

    Raises:
        PointFailed: The analysis itself failed; says how.
    """
    if not names:
        return []
    raw = _estimates(family, [_raw(one) for one in result.measured])
    mitigated = any(one.quasi is not None for one in result.measured)
    asked = _estimates(family, taken(result)) if mitigated else raw
    scored = []
    for name in names:
        if name in asked and not (mitigated and name in family.verdicts):
            scored.append(_scored(name, asked[name], mitigated))
        if name in raw:
            scored.append(_scored(f"raw_{name}", raw[name], False))
    return scored


def curves(family: Family, result: Result) -> list[Curve]:
    """What the family would draw of a point that did not fail."""
    return list(family.curves(taken(result)))


def taken(result: Result) -> list[Taken]:
    """What each circuit gave, mitigated where the options asked for that."""
    return [
        _raw(one) if one.quasi is None else _mitigated(one) for one in result.measured
    ]


def _raw(measured: Measured) -> Taken:
    shots = measured.shots
    shares = {bits: count / shots for bits, count in measured.counts.items()}
    return Taken(measured.counts, shares)


def _mitigated(measured: Measured) -> Taken:
    return Taken(measured.counts, nearest(measured.quasi or {}))


def _estimates(family: Family, measured: Sequence[Taken]) -> Mapping[str, Estimate]:
    try:
        found = dict(family.analyse(measured))
    except Exception as error:  # a user's own code
        raise PointFailed(
            f"{type(family).__name__}.analyse raised {type(error).__name__}: {error}"
        ) from error
    unknown = sorted(set(found) - set(family.metrics))
    if unknown:
        raise PointFailed(
            f"{type(family).__name__}.analyse gave {', '.join(unknown)}, which its "
            f"metrics do not name: {', '.join(family.metrics)}"
        )
    return {name: one for name, one in found.items() if math.isfinite(one.value)}


def _scored(name: str, one: Estimate, mitigated: bool) -> Scored:
    if mitigated:
        notes = "; ".join(filter(None, [MITIGATED, one.note]))
        return Scored(name, one.value, None, None, None, None, notes)
    return Scored(name, one.value, one.low, one.high, None, None, one.note)
