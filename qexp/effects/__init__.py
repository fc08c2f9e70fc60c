"""Which option mattered, and how sure that is: statistics on a plain table of points."""

from __future__ import annotations

from qexp.effects.analysis import Analysis, analyse
from qexp.effects.best import Best
from qexp.effects.effect import COLUMNS, Effect
from qexp.effects.factor import Factor, factor
from qexp.effects.ranking import Candidate

__all__ = [
    "COLUMNS",
    "Analysis",
    "Best",
    "Candidate",
    "Effect",
    "Factor",
    "analyse",
    "factor",
]
