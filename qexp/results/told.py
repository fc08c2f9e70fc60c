"""What Hydra is told of one of its jobs."""

from __future__ import annotations

from dataclasses import dataclass

from qexp.errors import QexpError


class Failed(float):
    """NaN for Optuna's sweeper, which stumbles over a plain one.

    Version 1.3.0 asks `float` for the value and takes a ValueError for a failed trial.
    With a number it tells Optuna of a completed trial; Optuna refuses that of NaN, and the
    sweeper then tells of a failed trial with a value, which Optuna refuses as well.
    """

    def __float__(self) -> float:
        raise ValueError("the point failed")


@dataclass(frozen=True)
class JobOutcome:
    """What one job of Hydra's came to.

    Attributes:
        value: The metric that `optimize` names; None where none was asked for.
        error: Why it failed, or None.
        excluded: Whether `exclude` leaves out all of it.
    """

    value: float | None = None
    error: QexpError | None = None
    excluded: bool = False
