"""The end of a command: the sweep's own run, what is shown, what is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from qexp.command.run import DRAWN
from qexp.planning.plan import Plan
from qexp.results.ran import Ran
from qexp.shown.left import show_left
from qexp.shown.screen import Screen
from qexp.shown.summary import show_point, show_sweep
from qexp.shown.table import description
from qexp.streamed import Text
from qexp.track import sweep
from qexp.track.columns import Rows
from qexp.track.finished import Finished, by_cell
from qexp.track.logbook import Logbook
from qexp.track.sweep import Table
from qexp.track.target import Target
from qexp.track.watched import steps

if TYPE_CHECKING:
    from qexp.findings.analysed import Findings
    from qexp.findings.outcomes import Counted

T = TypeVar("T")

Measured = Callable[[Plan, Collection[str]], "Mapping[str, Counted]"]
"""What was measured of some points of a plan, by their ids."""

NOTE = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run, in Markdown."""


def conclude(
    finished: Sequence[Finished],
    logbook: Logbook,
    target: Target,
    screen: Screen,
    *,
    status: str = "FINISHED",
    written: Mapping[str, str],
    measured: Measured | None = None,
) -> None:
    """End the run of a sweep, show the results, draw the pictures.

    Args:
        finished: The plans of the command, at least one; several where Hydra handed in
            its jobs in batches.
        logbook: MLflow.
        target: Where that is.
        screen: Where results go.
        status: MLflow's word for how the sweep ended.
        written: More artifacts, by name.
        measured: What was measured of some points, where that can be read again.

    Raises:
        TrackingError: MLflow refused something.
    """
    together = joined(finished)
    if not together.plan.swept:
        for outcome in together.outcomes.values():
            show_point(outcome, logbook.experiment_id, target, screen)
    else:
        found = found_by(together, screen, measured)
        if not together.detached and logbook.away is None:
            finish(together, logbook, status, written, found)
        show_sweep(together, logbook, target, screen, found.told if found else "")
        if not together.detached and logbook.away is None and found:
            report(found, logbook, screen, which=_which(together))
    show_left(together, logbook.away, screen)
    if logbook.away is None:
        _draw(together, logbook, screen, few=len(together.plan.places) <= DRAWN)


def found_by(
    together: Finished, screen: Screen, measured: Measured | None = None
) -> Findings | None:
    """What a sweep found; None where nothing was measured, or it cannot be analysed.

    Args:
        together: What it came to.
        screen: Where it is told that it cannot: what was measured is safe all the same.
        measured: What was measured of some points, where that can be read again.
    """
    from qexp.findings.analysed import Findings, nothing  # pandas takes its time
    from qexp.findings.gathered import of_finished

    if not together.outcomes:
        return None
    try:
        recall = nothing if measured is None else partial(measured, together.plan)
        found = Findings(of_finished(together), recall)
        _ = found.analyses, found.outcomes
    except Exception as error:
        screen.note(f"its effects cannot be told: {type(error).__name__}: {error}")
        return None
    return found


def report(found: Findings, logbook: Logbook, screen: Screen, *, which: str) -> None:
    """Add the page of a sweep, and its pictures, to its run.

    Args:
        found: What the sweep found.
        logbook: MLflow.
        screen: Where progress goes.
        which: `tracking.pictures`.

    Raises:
        TrackingError: MLflow refused something.
    """
    from qexp.findings import story

    if logbook.parent is None:
        return
    try:
        with screen.step("drawing the report"):
            made = story.plain_page if which == "none" else story.drawn
            files = made(found)
    except Exception as error:  # a picture is not worth a sweep that looks failed
        screen.note(f"the report cannot be drawn: {type(error).__name__}: {error}")
        return
    logbook.add(logbook.parent, files)


def _which(together: Finished) -> str:
    return together.plan.first.experiment.tracking.pictures


def finish(
    together: Finished,
    logbook: Logbook,
    status: str,
    written: Mapping[str, str],
    found: Findings | None,
) -> None:
    """End the run of a sweep.

    Args:
        together: What it came to.
        logbook: MLflow.
        status: MLflow's word for how it ended.
        written: More artifacts, by name.
        found: What it found, if that is known.

    Raises:
        TrackingError: MLflow refused something.
    """
    status, metrics, files = _ending(together, status)
    if found is not None:
        from qexp.findings import story

        files |= story.tables(found)
    logbook.settle()  # a link leads to the runs, so they have to be there
    tags = {NOTE: note(together, found, logbook, together.runs)}
    logbook.finish(status, metrics, {**files, **written}, tags)


def note(
    together: Finished,
    found: Findings | None,
    logbook: Logbook,
    runs: Mapping[str, str],
) -> str:
    """What the page of a sweep's run says in MLflow, in Markdown.

    Args:
        together: What the sweep came to.
        found: What it found, if that is known.
        logbook: MLflow, where the run is.
        runs: The runs of its points that were measured, by point.
    """
    parts = [description(together)]
    if found is not None:
        from qexp.findings import story

        drawn = _which(together) != "none"
        pictures = story.shown_in_mlflow(found, logbook.parent or "") if drawn else ""
        listed = by_cell(together.plan, runs)
        link = story.compared_in_mlflow(logbook.experiment_id, listed)
        parts = [found.told, link, pictures, *parts]
    return "\n\n".join(part for part in parts if part)


def draw_all(
    finished: Sequence[Finished], logbook: Logbook, screen: Screen, *, few: bool
) -> None:
    """Draw the points that a process has run for the sweep of another.

    Args:
        finished: What it has run.
        logbook: MLflow.
        screen: Where progress goes.
        few: Whether the sweep is small enough to draw all of it.

    Raises:
        TrackingError: MLflow refused something.
    """
    _draw(joined(finished), logbook, screen, few=few)


def joined(finished: Sequence[Finished]) -> Finished:
    """All batches of one sweep as one."""
    if len(finished) == 1:
        return finished[0]
    plans = [one.plan for one in finished]
    plan = replace(
        plans[0],
        cells=_all(one.cells for one in plans),
        invalid=_all(one.invalid for one in plans),
        dropped=_all(one.dropped for one in plans),
        duplicates=sum(one.duplicates for one in plans),
        places={k: v for one in plans for k, v in one.places.items()},
        submissions=_all(one.submissions for one in plans),
        sentinels={k: v for one in plans for k, v in one.sentinels.items()},
        notes=tuple(dict.fromkeys(_all(one.notes for one in plans))),
    )
    return Finished(
        plan,
        Table(
            Rows(_all(one.table.rows for one in finished)),
            list(_all(one.table.watched for one in finished)),
            {k: v for one in finished for k, v in one.table.devices.items()},
        ),
        {k: v for one in finished for k, v in one.outcomes.items()},
        any(one.interrupted for one in finished),
        next((one.paused for one in finished if one.paused), None),
        any(one.detached for one in finished),
        {k: v for one in finished for k, v in one.jobs.items()},
        {k: v for one in finished for k, v in one.unfetched.items()},
    )


def _all(parts: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(itertools.chain.from_iterable(parts))


def _ending(
    together: Finished, status: str
) -> tuple[str, list[tuple[str, float, int]], dict[str, Text]]:
    """Status, metrics and artifacts of the run of a sweep."""
    counts = [
        ("points_finished", float(_fine(together)), 0),
        ("points_failed", float(together.failed), 0),
    ]
    files = sweep.files(together.plan, together.table)
    status = "KILLED" if together.halted else status
    return status, [*counts, *steps(together.table.watched)], files


def _fine(together: Finished) -> int:
    return sum(one.error is None for one in together.outcomes.values())


def _draw(together: Finished, logbook: Logbook, screen: Screen, *, few: bool) -> None:
    """Draw what was asked for, and add it to runs that are finished."""
    which = together.plan.first.experiment.tracking.pictures
    kept = [one for one in together.outcomes.values() if one.ran is not None]
    if together.plan.swept and not (which == "all" or (which == "auto" and few)):
        return
    for number, one in enumerate(kept, start=1):
        assert one.ran is not None
        with screen.step(f"drawing {number} of {len(kept)}"):
            files = (
                _of_point(one.ran)
                if together.plan.swept
                else _of_single(one.ran, which)
            )
            if files:
                logbook.add(one.run_id.result(), files)


def _of_point(ran: Ran) -> dict[str, bytes]:
    # matplotlib is imported when the result is out
    from qexp.shown.pictures import pictures

    return pictures(ran)


def _of_single(ran: Ran, which: str) -> dict[str, bytes]:
    from qexp.shown.pictures import pictures, summary_pictures
    from qexp.shown.report import page

    drawn = {} if which == "none" else summary_pictures(ran)
    drawn |= pictures(ran) if which in ("all", "auto") else {}
    return drawn | {"report.html": page(ran, drawn).encode()}
