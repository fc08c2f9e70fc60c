"""Counts of the best setting and of the reference, against what is ideal."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from qexp.effects import Factor
from qexp.findings.means import matching

MOST = 4096
"""Most outcomes of an ideal distribution that is kept."""


@dataclass(frozen=True)
class Counted:
    """What the first circuit of a point gave.

    Attributes:
        circuit: What it is called.
        counts: Number of shots by outcome.
        ideal: Probabilities without noise, where they are known and not too many.
        quasi: Mitigated quasi-probabilities, where there are some.
    """

    circuit: str
    counts: Mapping[str, int]
    ideal: Mapping[str, float] | None
    quasi: Mapping[str, float] | None


Recall = Callable[[Collection[str]], Mapping[str, Counted]]
"""What was measured of some points, by their ids; of some of them it may not be known."""


@dataclass(frozen=True)
class Shown:
    """What one setting gave, its repeats together.

    Attributes:
        role: `best` or `reference`.
        options: The setting.
        counted: The counts of all repeats; quasi-probabilities are their mean.
        repeats: How many.
    """

    role: str
    options: Mapping[str, Hashable]
    counted: Counted
    repeats: int


Chosen = Mapping[str, tuple[Mapping[str, Hashable], Sequence[str]]]
"""Settings by role: their options, and the points of one circuit."""


def chosen(
    best: Mapping[str, Hashable], factors: Sequence[Factor], done: pd.DataFrame
) -> Chosen:
    """Settings that are worth a look.

    Args:
        best: The best setting, by the metric that counts.
        factors: What varies. The setting of all their references is looked at where it is
            another and was measured.
        done: The points that have been measured.
    """
    reference = {one.name: one.reference for one in factors if one.name in best}
    roles = {"best": best, "reference": reference}
    if dict(best) == reference:
        del roles["reference"]
    circuit = {one.name: one.levels[0] for one in factors if one.kind == "circuit"}
    taken = {}
    for role, options in roles.items():
        rows = matching(done, {**options, **circuit})
        if len(rows):
            taken[role] = (options, list(rows.sort_values("block")["point"]))
    return taken


def shown(wanted: Chosen, recall: Recall) -> tuple[Shown, ...]:
    """What the settings gave that are worth a look."""
    points = [point for _, own in wanted.values() for point in own]
    known = recall(points) if points else {}
    made = []
    for role, (options, own) in wanted.items():
        counted = [known[point] for point in own if point in known]
        if counted:
            made.append(Shown(role, options, _together(counted), len(counted)))
    return tuple(made)


def _together(counted: Sequence[Counted]) -> Counted:
    counts: dict[str, int] = {}
    for one in counted:
        for outcome, count in one.counts.items():
            counts[outcome] = counts.get(outcome, 0) + count
    quasi: dict[str, float] = {}
    for one in counted:
        for outcome, share in (one.quasi or {}).items():
            quasi[outcome] = quasi.get(outcome, 0.0) + share / len(counted)
    whole = all(one.quasi is not None for one in counted)
    first = counted[0]
    return Counted(first.circuit, counts, first.ideal, quasi if whole else None)


def as_json(wanted: Chosen, recall: Recall) -> str:
    """What was measured of the points that are shown, to be read by `of_json`."""
    points = [point for _, own in wanted.values() for point in own]
    return json.dumps({k: asdict(one) for k, one in recall(points).items()})


def of_json(text: str) -> Recall:
    """What was measured, as `as_json` wrote it."""
    known = {point: Counted(**one) for point, one in json.loads(text).items()}
    return lambda points: {k: one for k, one in known.items() if k in points}
