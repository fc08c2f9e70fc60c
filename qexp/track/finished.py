"""What a plan came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from qexp.planning.plan import Plan
from qexp.results.outcome import Outcome
from qexp.track.sweep import Table


@dataclass
class Finished:
    """What a plan came to.

    Attributes:
        plan: The plan.
        table: A row for each point that is over.
        outcomes: What each point came to, by its id.
        interrupted: Whether Ctrl-C ended it before all points were run.
    """

    plan: Plan
    table: Table
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def failed(self) -> int:
        """Number of points and cells that failed."""
        errors = [one for one in self.outcomes.values() if one.error]
        return len(errors) + len(self.plan.invalid)
