"""What the points of a sweep came to, and what Hydra is told of its jobs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qexp.errors import ConfigError, PointFailed, QexpError
from qexp.planning.admitted import is_dropped
from qexp.planning.cell import Cell
from qexp.planning.plan import Plan
from qexp.planning.point import Point
from qexp.planning.wording import described
from qexp.promise import Promise
from qexp.results.ran import Ran
from qexp.results.told import JobOutcome


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a point came to.

    Attributes:
        point: Its id.
        error: Why it failed, or None.
        metrics: Its metrics; empty where it failed.
        run_id: Its MLflow run, once that is written.
        ran: Everything that is known of it, where that was kept.
    """

    point: str
    error: str | None
    metrics: Mapping[str, float]
    run_id: Promise[str]
    ran: Ran | None = None


def job_outcomes(
    plan: Plan, outcomes: Mapping[str, Outcome], jobs: int
) -> list[JobOutcome]:
    """What each of Hydra's jobs came to, in their order.

    Args:
        plan: The plan.
        outcomes: What was run, by point id.
        jobs: Number of the jobs.
    """
    return [_job(plan.asked.get(number, ()), outcomes) for number in range(jobs)]


def _job(asked: Sequence[Cell], outcomes: Mapping[str, Outcome]) -> JobOutcome:
    cells = [one for one in asked if not (one.problems and is_dropped(one))]
    if not cells:
        return JobOutcome(excluded=True)
    points = [
        outcomes.get(point)
        for cell in cells
        if cell.point is not None and not cell.problems
        for point in _repeats(cell.point, cell.experiment.repeats)
    ]
    wanted = cells[0].experiment.optimize
    error = _error(cells, points)
    if error is None and wanted is not None:
        return _value(cells, [one for one in points if one is not None], wanted)
    if error is not None and wanted and cells[0].experiment.optimize_failed == "nan":
        return JobOutcome(value=math.nan)
    return JobOutcome(error=error)


def _repeats(point: Point, count: int) -> list[str]:
    return [replace(point, repeat=repeat).id for repeat in range(count)]


def _error(cells: Sequence[Cell], points: Sequence[Outcome | None]) -> QexpError | None:
    refused = [cell for cell in cells if cell.problems]
    if refused:
        text = "\n".join(refused[0].problems)
        return ConfigError(f"{described(refused[0])}: {text}")
    if any(one is None for one in points):
        return PointFailed("it was not run: the sweep was interrupted")
    failed = [one for one in points if one is not None and one.error is not None]
    return PointFailed(str(failed[0].error)) if failed else None


def _value(cells: Sequence[Cell], points: Sequence[Outcome], wanted: str) -> JobOutcome:
    values = [one.metrics[wanted] for one in points if wanted in one.metrics]
    if len(values) < len(points):
        known = sorted({name for one in points for name in one.metrics})
        return JobOutcome(
            error=PointFailed(
                f"optimize = {wanted}: {described(cells[0])} has no such metric. It has: "
                f"{', '.join(known)}."
            )
        )
    return JobOutcome(value=math.fsum(values) / len(values))
