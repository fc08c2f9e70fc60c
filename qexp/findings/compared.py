"""Two sweeps of one grid beside each other: on which of them an option does more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from qexp.effects import Effect
from qexp.findings.analysed import Findings

LEVEL = 0.95


@dataclass(frozen=True)
class Compared:
    """An effect in several sweeps.

    Attributes:
        option: The option.
        level: Its level.
        reference: What that is compared with.
        effects: The effect in each sweep; None where it is not in it.
        difference: Of the last from the first, with its 95 % interval; None where one
            of the two has no interval.
    """

    option: str
    level: str
    reference: str
    effects: tuple[Effect | None, ...]
    difference: tuple[float, float, float] | None

    @property
    def cells(self) -> list[str]:
        """It as a row of a table."""
        own = [_estimate(one) for one in self.effects]
        gap = "" if self.difference is None else _ends(*self.difference)
        return [self.option, f"{self.level} against {self.reference}", *own, gap]


def compared(found: Sequence[Findings]) -> list[Compared]:
    """The effects on the first metric that all sweeps have.

    The difference is between sweeps that share nothing, so its variance is the sum of
    theirs, with Welch's degrees of freedom; it is one interval a row, without regard to
    how many rows there are.
    """
    shared = [set(one.analyses) for one in found]
    metrics = [m for m in found[0].analyses if all(m in names for names in shared)]
    if len(found) < 2 or not metrics:
        return []
    tables = [
        {
            (row.option, row.level, row.reference): row
            for row in one.analyses[metrics[0]].effects
        }
        for one in found
    ]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    return [
        Compared(*key, effects=rows, difference=_difference(rows[0], rows[-1]))
        for key in keys
        for rows in [tuple(table.get(key) for table in tables)]
    ]


def _difference(
    first: Effect | None, last: Effect | None
) -> tuple[float, float, float] | None:
    if first is None or last is None:
        return None
    one, other = first.estimate, last.estimate
    total = one.error**2 + other.error**2
    if not math.isfinite(total) or total <= 0:
        return None
    parts = [(one.error, one.freedom), (other.error, other.freedom)]
    spent = sum(error**4 / freedom for error, freedom in parts if error > 0)
    freedom = total**2 / spent if spent > 0 else math.inf
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(total)
    value = last.effect - first.effect
    return value, value - reach, value + reach


def _estimate(one: Effect | None) -> str:
    if one is None:
        return ""
    return _ends(one.effect, one.low, one.high)


def _ends(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "none"
    text = f"{value:+.4f}"
    if not math.isnan(low):
        text += f" ({low:+.4f} to {high:+.4f})"
    return text.replace("-", "\N{MINUS SIGN}")
