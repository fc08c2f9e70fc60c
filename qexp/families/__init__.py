"""Experiments of several circuits, and what one of your own is made from.

A family gives `circuits()` before the machine and `analyse(taken)` after it; see
docs/how-to/experiment.md.
"""

from qexp.circuits.family import Curve, Estimate, Family, Taken
from qexp.families.answers import Answers
from qexp.families.estimates import combined, mean, share

__all__ = [
    "Answers",
    "Curve",
    "Estimate",
    "Family",
    "Taken",
    "combined",
    "mean",
    "share",
]
