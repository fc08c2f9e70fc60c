"""A sweep, analysed: effects, interactions, best settings, and that in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from qexp.effects import words
from qexp.effects.best import Best, best
from qexp.effects.effect import COLUMNS, MOST_LEVELS, Effect, comparisons, effects
from qexp.effects.factor import Factor
from qexp.effects.layout import layout
from qexp.effects.scatter import Strata
from qexp.effects.table import Cells, cells


@dataclass(frozen=True)
class Analysis:
    """What a sweep says about one metric.

    Attributes:
        metric: The metric.
        effects: One for each level of each factor but the reference.
        interactions: One for each two levels of two factors.
        best: The settings, ranked; None where there are not two.
        repeats: How many blocks there are.
        notes: What a person should know about the sweep as a whole.
    """

    metric: str
    effects: tuple[Effect, ...]
    interactions: tuple[Effect, ...]
    best: Best | None
    repeats: int
    notes: tuple[str, ...]

    @cached_property
    def sentences(self) -> str:
        """Two sentences: what made a difference, and what did not."""
        return words.sentences(self.metric, self.effects, self.repeats)

    @cached_property
    def choice(self) -> str:
        """One sentence about the best setting; nothing where there is none."""
        return words.choice(self.best) if self.best else ""

    @property
    def table(self) -> pd.DataFrame:
        """The effects by the columns of effects.csv."""
        return pd.DataFrame([one.row() for one in self.effects], columns=COLUMNS)

    @property
    def interactions_table(self) -> pd.DataFrame:
        """The interactions by the same columns, the largest p-values last."""
        rows = [one.row() for one in self.interactions_by_p]
        return pd.DataFrame(rows, columns=COLUMNS)

    @property
    def interactions_by_p(self) -> list[Effect]:
        """The interactions, the largest p-values last."""
        return sorted(
            self.interactions, key=lambda one: (not one.p_holm <= 1, one.p_holm)
        )


def analyse(
    frame: pd.DataFrame,
    factors: Sequence[Factor],
    metric: str,
    *,
    larger: bool = True,
    interactions: bool = True,
    confirmation: pd.DataFrame | None = None,
) -> Analysis:
    """Say what each factor of a sweep does to a metric, and how sure that is.

    Args:
        frame: A row for each point, in any order. Columns: `circuit` (with its
            arguments), `block`, one for each factor, and the metric. These if known:
            `job`, as a number in the order of time or as a name; `status` (`finished`,
            or anything else, which leaves the row out and is told as the reason);
            `<metric>_low` and `<metric>_high` (95 % by shot noise) or
            `<metric>_variance`; `shots`; `seed_transpiler`; `compiled`, equal where
            compiled circuits are.
        factors: What varies, from `factor`.
        metric: Column of the metric.
        larger: Whether more of it is better.
        interactions: Whether to estimate two-way interactions.
        confirmation: Fresh repeats of the winner, likewise; it may hold other cells too.

    Raises:
        ValueError: The table has no such columns, no value, two rows for a cell in a
            block, or a value that is no level of its factor.
    """
    found = layout(_required(cells(frame, factors, metric), metric))
    compared = comparisons(found.cells, interactions=interactions)
    single, double = effects(found, Strata(found), metric, compared)
    fresh = None
    if confirmation is not None:
        fresh = layout(_required(cells(confirmation, factors, metric), metric))
    return Analysis(
        metric=metric,
        effects=single,
        interactions=double,
        best=best(found, metric, larger=larger, fresh=fresh),
        repeats=found.cells.repeats,
        notes=(*_notes(found.cells), *_left(compared.left)),
    )


def _required(found: Cells, metric: str) -> Cells:
    if not found.repeats:
        raise ValueError(f"{metric}: no finished point has a value")
    return found


def _left(factors: Sequence[Factor]) -> list[str]:
    return [
        f"{one.name} has {len(one.levels):,} values, so its interactions are left out "
        f"(at most {MOST_LEVELS})"
        for one in factors
    ]


def _notes(found: Cells) -> tuple[str, ...]:
    told = []
    reasons: dict[str, int] = {}
    for why in found.why.values():
        reasons[why] = reasons.get(why, 0) + 1
    if reasons:
        list_ = ", ".join(f"{why} {count}" for why, count in sorted(reasons.items()))
        told.append(f"{len(found.why)} of {found.number} cells lack a value: {list_}")
    if found.repeats == 1:
        told.append("one repeat: intervals are shot noise only; repeats=3 or more tell")
    return tuple(told)
