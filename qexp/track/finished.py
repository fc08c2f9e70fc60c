"""What a plan came to."""

from __future__ import annotations

from collections.abc import Mapping
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
        paused: Why it did not go on, where that was the budget.
        detached: Whether it was not waited for.
        jobs: Where it was not: the service's job of each submission, None where that
            could not be sent yet.
        unfetched: Why there is no answer yet to a submission that the service has, by
            its id.
    """

    plan: Plan
    table: Table
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    interrupted: bool = False
    paused: str | None = None
    detached: bool = False
    jobs: Mapping[str, str | None] = field(default_factory=dict)
    unfetched: Mapping[str, str] = field(default_factory=dict)

    @property
    def unlogged(self) -> int:
        """Number of points that MLflow did not take."""
        done = [one.run_id for one in self.outcomes.values() if one.run_id.done()]
        return sum(one.exception() is not None for one in done)

    @property
    def runs(self) -> dict[str, str]:
        """MLflow's run of each point that was measured and is written, by its id."""
        return {
            point: outcome.run_id.result()
            for point, outcome in self.outcomes.items()
            if outcome.error is None and _written(outcome)
        }

    @property
    def halted(self) -> bool:
        """Whether points are left that are not to be run now."""
        ended = self.interrupted or self.paused or self.detached
        return bool(ended or self.unfetched)

    @property
    def failed(self) -> int:
        """Number of points and cells that failed."""
        errors = [one for one in self.outcomes.values() if one.error]
        return len(errors) + len(self.plan.invalid)


def by_cell(plan: Plan, runs: Mapping[str, str]) -> list[tuple[int, str]]:
    """Block and run of points, cell by cell as declared, the repeats of each together.

    Args:
        plan: The plan.
        runs: MLflow's runs, by point.
    """
    order = {cell.ready[2].id: number for number, cell in enumerate(plan.cells)}
    places = [plan.places[point] for point in runs if point in plan.places]
    places.sort(key=lambda one: (order[one.cell.ready[2].id], one.block))
    return [(one.block, runs[one.point.id]) for one in places]


def _written(outcome: Outcome) -> bool:
    return outcome.run_id.done() and outcome.run_id.exception() is None
