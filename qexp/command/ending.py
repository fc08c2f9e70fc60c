"""The end of a command, or of a job that it runs for the sweep of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qexp.command import conclude as ours
from qexp.command import elsewhere
from qexp.command.answered import counted
from qexp.command.confirming import confirm
from qexp.command.session import Session
from qexp.errors import QexpError
from qexp.track.finished import Finished

if TYPE_CHECKING:
    from qexp.findings.analysed import Findings


def conclude(opened: Session, status: str = "FINISHED") -> None:
    """Confirm the best setting, end the run of a sweep, show the results, draw them.

    Args:
        opened: The command.
        status: MLflow's word for how the sweep ended.

    Raises:
        QexpError: The best setting could not be run again.
        TrackingError: MLflow refused something.
    """
    if opened.logbook is None or opened.target is None or not opened.begun:
        return
    if status == "FINISHED":
        confirm(opened)
    shown = (opened.logbook, opened.target, opened.screen)
    written = _written(opened)
    if opened.finished:
        measured = _measured(opened)
        ours.conclude(
            opened.finished, *shown, status=status, written=written, measured=measured
        )
        return
    together, found = _found_elsewhere(opened)
    note = None
    if together is not None and found is not None:
        note = partial(ours.note, together, found, opened.logbook)
    failed = elsewhere.conclude(
        *shown,
        launcher=opened.elsewhere or "",
        whole=opened.whole,
        status=status,
        written={**written, **elsewhere.files_of(found)},
        note=note,
        lead="" if found is None else found.told,
    )
    if together is not None and found is not None:
        which = together.plan.first.experiment.tracking.pictures
        ours.report(found, opened.logbook, opened.screen, which=which)
    opened.failed_elsewhere = max(opened.failed_elsewhere, failed)


def _found_elsewhere(opened: Session) -> tuple[Finished | None, Findings | None]:
    """What the processes of a launcher have left in the ledger, and what that says."""
    from qexp.command import books, loaded  # pandas takes its time

    assert opened.entered is not None
    try:
        plans = books.old_plans(opened.entered)
        return loaded.read_back(plans, opened.entered.book) if plans else (None, None)
    except Exception as error:  # what was measured is in MLflow all the same
        why = f"{type(error).__name__}: {error}"
        opened.screen.note(f"its effects cannot be told: {why}")
        return None, None


def _measured(opened: Session) -> ours.Measured | None:
    """Reads again what was measured."""
    if opened.entered is None or opened.runner is None:
        return None
    book, runner = opened.entered.book, opened.runner
    return lambda planned, points: counted(planned, book, runner, points)


def _written(opened: Session) -> dict[str, str]:
    """What Hydra's plugins wrote into the folder that they were lent, by name."""
    if opened.scratch is None:
        return {}
    files = [path for path in opened.scratch.iterdir() if path.suffix == ".yaml"]
    return {path.name: path.read_text() for path in files}


def report(opened: Session, before: int) -> None:
    """Print a line for each point of a job.

    Args:
        opened: The session of the job's process.
        before: How many plans were finished before the job.
    """
    for one in opened.finished[before:]:
        for line in elsewhere.lines(one):
            opened.screen.line(line)


def refuse(opened: Session, labels: Mapping[str, str], error: QexpError) -> None:
    """Log a job that declares no point.

    Args:
        opened: The session of the job's process.
        labels: What tells the job from others.
        error: Why it declares none.
    """
    opened.failed_elsewhere += 1
    made = elsewhere.refusal(labels, error, opened.sweep or "")
    opened.screen.line(f"{made.name}: FAILED: {str(error).splitlines()[0]}")
    if opened.logbook is not None:
        opened.logbook.log(lambda parent: replace(made, parent=parent)).result()


def draw(opened: Session) -> None:
    """Draw the points that this process has run for the sweep of another."""
    if opened.finished and opened.logbook is not None and opened.errand is not None:
        few = opened.errand.few
        ours.draw_all(opened.finished, opened.logbook, opened.screen, few=few)
