"""The table of effects: what each option does, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from qexp.effects import needed, notes
from qexp.effects.contrast import Contrast, contrasts
from qexp.effects.estimate import Estimate, estimate
from qexp.effects.factor import Factor, Kind
from qexp.effects.family import RATE, holm, shares
from qexp.effects.layout import Layout
from qexp.effects.scatter import Strata
from qexp.effects.table import Cells

Decision = Literal["decided", "undecided", "alias", "none"]

MOST_LEVELS = 64
"""Levels of a factor whose interactions are looked at: they grow with the product."""

COLUMNS = (
    "metric option level reference effect low high p_holm n_pairs n_blocks unit alias note"
).split()
"""Columns of effects.csv."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a level does against its reference; or how two options act together.

    Attributes:
        metric: The metric.
        options: One option, or the two of an interaction.
        levels: The level of each.
        references: The reference of each.
        kinds: The kind of each: see `Factor`.
        estimate: The number, its error, and where that comes from.
        p_holm: The p-value over all comparisons of the metric; NaN where none is made.
        decision: `decided` (p_holm below 0.05), `undecided` (also where it is confounded:
            see `estimate.confounded`), `alias` (the same circuits), or `none` (nothing to
            compare).
        alias: Levels that compiled to the same circuits everywhere, as `1 = 2`.
        note: What a person should know about it.
        seeds: How many seeds of the compiler it is averaged over; 0 where they make no
            difference, or are not known.
        spread: Smallest and largest effect under one of those seeds, or None.
        tests: How many comparisons share the family's rate.
    """

    metric: str
    options: tuple[str, ...]
    levels: tuple[Hashable, ...]
    references: tuple[Hashable, ...]
    kinds: tuple[Kind, ...]
    estimate: Estimate
    p_holm: float = math.nan
    decision: Decision = "none"
    alias: str = ""
    note: str = ""
    seeds: int = 0
    spread: tuple[float, float] | None = None
    tests: int = 1

    @property
    def repeats(self) -> int | None:
        """Repeats in all that would decide a difference as large as this.

        None where that is decided, or where no number up to 10,000 would do.
        """
        open_ = self.decision == "undecided"
        return needed.repeats(self.estimate, self.tests) if open_ else None

    @property
    def shots(self) -> int | None:
        """By how much the shots of all points would have to be multiplied instead.

        None where that is decided, or other scatter than shot noise stands in the way.
        """
        open_ = self.decision == "undecided"
        return needed.shots(self.estimate, self.tests) if open_ else None

    @property
    def effect(self) -> float:
        """The difference from the reference; for an interaction, of the differences."""
        return self.estimate.value

    @property
    def low(self) -> float:
        """Lower end of its own 95 % interval; NaN where there is none."""
        return math.nan if self.decision == "alias" else self.estimate.interval[0]

    @property
    def high(self) -> float:
        """Upper end, likewise."""
        return math.nan if self.decision == "alias" else self.estimate.interval[1]

    @property
    def option(self) -> str:
        """The option, or both with a cross."""
        return " × ".join(self.options)

    @property
    def level(self) -> str:
        """The level, or both with a cross."""
        return " × ".join(map(str, self.levels))

    @property
    def reference(self) -> str:
        """The reference, or both with a cross."""
        return " × ".join(map(str, self.references))

    def row(self) -> dict[str, object]:
        """A row of effects.csv; what is not known is an empty text."""
        values = {
            "metric": self.metric,
            "option": self.option,
            "level": self.level,
            "reference": self.reference,
            "effect": self.effect,
            "low": self.low,
            "high": self.high,
            "p_holm": self.p_holm,
            "n_pairs": self.estimate.pairs,
            "n_blocks": self.estimate.blocks,
            "unit": self.estimate.unit,
            "alias": self.alias,
            "note": self.note,
        }
        return {k: "" if _is_nan(v) else v for k, v in values.items()}


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


@dataclass(frozen=True)
class Comparisons:
    """All contrasts of a sweep: effects, and interactions.

    Attributes:
        effects: Every level against its reference.
        interactions: Any two levels of two factors.
        left: Factors whose interactions are left out, since they have too many levels.
    """

    effects: tuple[Contrast, ...]
    interactions: tuple[Contrast, ...]
    left: tuple[Factor, ...]


def comparisons(cells: Cells, *, interactions: bool = True) -> Comparisons:
    """Every level against its reference, and any two levels of two factors."""
    factors = [one for one in cells.factors if one.kind != "seed"]
    few = [one for one in factors if len(one.levels) <= MOST_LEVELS]
    pairs = combinations(few, 2) if interactions else ()
    left = [one for one in factors if one not in few] if len(factors) > 1 else []
    return Comparisons(
        tuple(c for one in factors for c in contrasts(cells, one)),
        tuple(c for pair in pairs for c in contrasts(cells, *pair)),
        tuple(left) if interactions else (),
    )


def effects(
    layout: Layout, strata: Strata, metric: str, compared: Comparisons
) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
    """All effects, and all interactions, with one family of p-values.

    Args:
        layout: The sweep.
        strata: Its scatter.
        metric: Name of the metric.
        compared: What is compared.
    """
    single = [_effect(layout, strata, metric, one) for one in compared.effects]
    double = [_effect(layout, strata, metric, one) for one in compared.interactions]
    decided = _decided([*single, *double], len(single))
    return tuple(decided[: len(single)]), tuple(decided[len(single) :])


def _effect(layout: Layout, strata: Strata, metric: str, compared: Contrast) -> Effect:
    found = estimate(layout, strata, compared)
    by_seed = [] if found.steady else _by_seed(layout.cells, compared)
    factors, codes = compared.factors, compared.levels
    return Effect(
        metric=metric,
        options=tuple(one.name for one in factors),
        levels=tuple(f.levels[code] for f, code in zip(factors, codes, strict=True)),
        references=tuple(one.reference for one in factors),
        kinds=tuple(one.kind for one in factors),
        estimate=found,
        note=notes.effect(layout, compared, found, by_seed),
        seeds=len(by_seed),
        spread=(min(by_seed), max(by_seed)) if len(by_seed) > 1 else None,
    )


def _by_seed(cells: Cells, one: Contrast) -> list[float]:
    """The contrast under each seed of the compiler, where that is known."""
    difference = np.einsum("pkb,k->pb", cells.value[one.cells], one.signs)
    if not difference.size or not any(f.kind == "compile" for f in one.factors):
        return []
    seed = cells.seed[one.cells[:, 0]]
    weight = np.broadcast_to(one.weight[:, None], difference.shape)
    found = []
    for code in np.unique(seed[seed >= 0]):
        here = (seed == code) & ~np.isnan(difference)
        if here.any():
            found.append(float(np.average(difference[here], weights=weight[here])))
    return found


def _decided(rows: Sequence[Effect], single: int) -> list[Effect]:
    """Rows with their decisions; the same measurements are one comparison."""
    first: dict[tuple[tuple[str, ...], bytes], int] = {}
    p = []
    for number, row in enumerate(rows):
        same = first.setdefault((row.options, row.estimate.key), number)
        p.append(row.estimate.p if same == number else math.nan)
    adjusted = holm(p, shares(p[:single], p[single:]))
    tests = int(np.isfinite(p).sum())
    found = []
    for number, row in enumerate(rows):
        leader = first[row.options, row.estimate.key]
        value = float(adjusted[leader])
        like = rows[leader].level if leader != number else ""
        found.append(_with_decision(row, value, tests, like))
    return found


def _with_decision(row: Effect, p_holm: float, tests: int, like: str) -> Effect:
    if row.estimate.alias:
        alias = f"{row.reference} = {row.level}" if len(row.options) == 1 else "all"
        return replace(row, decision="alias", alias=alias)
    alias = f"{like} = {row.level}" if like and row.estimate.pairs else ""
    if row.estimate.pairs == 0:
        return row
    return replace(
        row,
        p_holm=p_holm,
        decision="decided" if p_holm < RATE else "undecided",
        alias=alias,
        tests=tests,
    )
