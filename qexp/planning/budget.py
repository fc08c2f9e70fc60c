"""What a sweep may cost: refused before the first job, and watched from then on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qexp.declare.running import Budget
from qexp.errors import ConfigError
from qexp.planning.confirming import Fresh, fresh
from qexp.planning.plan import Plan
from qexp.planning.price import price
from qexp.planning.wording import count


def require(planned: Plan, budget: Budget) -> None:
    """Refuse a plan that would cost more than its budget.

    Raises:
        ConfigError: Says what it costs, and what is allowed.
    """
    more = fresh(planned)
    jobs = len(planned.submissions) + (more.jobs if more else 0)
    told = f", with up to {more.jobs} to confirm the best" if more else ""
    if budget.jobs is not None and jobs > budget.jobs:
        raise ConfigError(
            f"budget.jobs = {budget.jobs}: the plan has {count(jobs, 'job')}{told}. "
            "Nothing was sent. Sweep over less, raise the budget, or see "
            "`python -m qexp plan`."
        )
    if budget.quantum_seconds is None:
        return
    seconds = _together(price(planned).total, more)
    if seconds is None:
        raise ConfigError(
            f"budget.quantum_seconds = {budget.quantum_seconds:g}: what the plan costs is "
            "not known, because a device's calibration does not tell how long its gates "
            "take. Nothing was sent. Set budget.jobs instead."
        )
    if seconds > budget.quantum_seconds:
        raise ConfigError(
            f"budget.quantum_seconds = {budget.quantum_seconds:g}: the plan takes up to "
            f"{seconds:.1f} s of QPU time in {count(jobs, 'job')}{told}. Nothing was sent. "
            "Take fewer shots, a shorter rep_delay or a smaller grid, or raise the budget; "
            "`python -m qexp plan --compile` gives the exact figure."
        )


def _together(seconds: float | None, more: Fresh | None) -> float | None:
    if seconds is None or more is None:
        return seconds
    return None if more.seconds is None else seconds + more.seconds


class Purse:
    """What a sweep has spent, and whether another job is within its budget."""

    def __init__(self, budget: Budget) -> None:
        """Spend nothing yet."""
        self._budget = budget
        self._spent: dict[str, float] = {}
        self.refused: set[str] = set()
        """Submissions that were not sent, because they might exceed the budget."""

    def spend(self, submission: str, seconds: float | None) -> None:
        """Take note of a job: of what it may cost, then of what it did cost.

        Args:
            submission: The submission.
            seconds: QPU seconds; None where they are not known.
        """
        before = self._spent.get(submission, 0.0)
        self._spent[submission] = before if seconds is None else seconds

    def give_back(self, submission: str) -> None:
        """Take note that a job was not run."""
        self._spent.pop(submission, None)

    @property
    def seconds(self) -> float:
        """QPU seconds of all jobs that were sent, as far as they are known."""
        return math.fsum(self._spent.values())

    @property
    def spent(self) -> Mapping[str, float]:
        """QPU seconds of each job that was sent."""
        return self._spent

    def allows(self, submission: str, seconds: float | None) -> bool:
        """Whether a job that takes up to some QPU seconds may be sent."""
        if submission in self._spent:
            return True
        jobs, limit = self._budget.jobs, self._budget.quantum_seconds
        fits = jobs is None or len(self._spent) < jobs
        if limit is not None and self.seconds + (seconds or 0.0) > limit:
            fits = False
        (self.refused.discard if fits else self.refused.add)(submission)
        return fits

    @property
    def told(self) -> str:
        """Why the sweep pauses, in words."""
        parts = []
        if self._budget.quantum_seconds is not None:
            parts.append(
                f"budget.quantum_seconds = {self._budget.quantum_seconds:g}: "
                f"{self.seconds:.1f} s are spent"
            )
        if self._budget.jobs is not None:
            parts.append(
                f"budget.jobs = {self._budget.jobs}: "
                f"{count(len(self._spent), 'job')} were sent"
            )
        return (
            f"{'; '.join(parts)}. The next of {count(len(self.refused), 'job')} that "
            "wait might exceed it"
        )
