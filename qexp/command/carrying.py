"""What a command does with what was declared: it shows a plan, or carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qexp.command.session import Session
from qexp.declare.expand import Expanded
from qexp.garbage import resting
from qexp.results.told import JobOutcome
from qexp.track.logbook import Logbook

if TYPE_CHECKING:  # it imports terra, which MLflow's process is started before
    from qexp.planning.plan import Plan


def handle(
    opened: Session, expanded: Expanded, jobs: int = 1, *, part: bool = False
) -> Sequence[JobOutcome]:
    """Run what was declared, or show its plan.

    Args:
        opened: The command.
        expanded: The cells.
        jobs: Number of Hydra's jobs that they belong to.
        part: Whether it is some cells of a sweep only.

    Raises:
        QexpError: It cannot be run, or not be logged.
    """
    if opened.request is None:
        return carry_out(opened, expanded, jobs, part=part)
    from qexp.planning import budget
    from qexp.shown.planview import show

    planned = opened.plan(expanded)
    opened.invalid_planned += len(planned.invalid)
    show(planned, opened.request, opened.screen)
    budget.require(planned, planned.first.experiment.budget)
    return [JobOutcome()] * jobs


def carry_out(
    opened: Session, expanded: Expanded, jobs: int = 1, *, part: bool = False
) -> Sequence[JobOutcome]:
    """Run and log what was declared, or what is left of it.

    Args:
        opened: The command.
        expanded: The cells.
        jobs: Number of Hydra's jobs that they belong to.
        part: Whether it is some cells of a sweep only.

    Raises:
        QexpError: It cannot be run, or not be logged.
    """
    if not expanded.cells:
        return [JobOutcome(excluded=True)] * jobs
    uri = expanded.cells[0].experiment.tracking.uri
    logbook = opened.prepare(uri, must_be_there=False)
    # terra takes as long to import as MLflow does in the tracker's process
    with resting(imports=True):
        from qexp.command import going
        from qexp.command.reusing import reuse
        from qexp.results.outcome import job_outcomes

    planned = opened.plan(expanded, opened.outcomes, part=part)
    if opened.whole is None and opened.errand is None:
        opened.remark(planned)
    if opened.entered is None:
        going.enter(opened, planned)
    if part and opened.errand is None:
        _begin(opened, planned, logbook)
    if opened.watch is None and (planned.places or planned.invalid):
        going.begin(opened, planned, planned.first.experiment)
        if opened.finished:
            planned = opened.plan(expanded, opened.outcomes, part=part)
    expanded.cells = ()  # the plan has its own, and may be of ten thousand
    if opened.watch is not None and not opened.halted:
        planned = reuse(opened, planned)
    planned = going.of_the_sweep(opened, planned)
    if (planned.places or planned.invalid) and not opened.halted:
        going.start(opened, planned)
    return job_outcomes(planned, opened.outcomes, jobs)


def _begin(opened: Session, planned: Plan, logbook: Logbook) -> None:
    """Start the run of the sweep, where a plan of some points cannot tell of it."""
    from qexp.command.begin import begin

    assert opened.entered is not None
    assert opened.target is not None
    begin(
        logbook,
        opened.whole,
        opened.entered,
        name=(opened.whole or planned).name,
        seed=planned.seed,
        store=opened.target.name,
    )
