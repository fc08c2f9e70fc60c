"""Points that another's launcher runs: a line for each, and the end of their sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import qexp
from qexp.command.conclude import NOTE
from qexp.errors import QexpError
from qexp.planning.plan import Plan
from qexp.planning.wording import described
from qexp.shown.screen import Screen
from qexp.shown.summary import how_to_see
from qexp.streamed import Streamed, Text
from qexp.track.columns import Rows
from qexp.track.finished import Finished
from qexp.track.logbook import Logbook
from qexp.track.record import Record
from qexp.track.sweep import Table, files, row_of_run
from qexp.track.target import Target

if TYPE_CHECKING:  # pandas takes its time
    from qexp.findings.analysed import Findings

Child = Mapping[str, Any]
"""A run of MLflow's: run_id, name, status, params, metrics and tags."""


def lines(finished: Finished) -> list[str]:
    """What the points of one job came to, a line each."""
    plan = finished.plan
    refused: list[Any] = [(cell, cell.problems[0], {}) for cell in plan.invalid]
    ran: list[Any] = [
        (plan.places[one.point].cell, one.error, one.metrics)
        for one in finished.outcomes.values()
    ]
    return [
        f"{described(cell)}: {_came_to(error, metrics, cell.experiment.scored_by)}"
        for cell, error, metrics in [*ran, *refused]
    ]


def _came_to(
    error: str | None, metrics: Mapping[str, float], wanted: Sequence[str]
) -> str:
    if error is not None:
        return f"FAILED: {error.splitlines()[0]}"
    first = next((one for one in wanted if one in metrics), None)
    return "finished" if first is None else f"{first} {metrics[first]:.4f}"


def refusal(labels: Mapping[str, str], error: QexpError, sweep: str) -> Record:
    """The run of a job that declares no point: FAILED, with the reason."""
    name = ", ".join(f"{key}={value}" for key, value in labels.items())
    tags = {
        "qexp.sweep": sweep,
        "qexp.version": qexp.__version__,
        "qexp.error": str(error),
    }
    return Record(name or "job", dict(labels), {}, tags, error=str(error))


def files_of(found: Findings | None) -> dict[str, Text]:
    """The tables of a sweep that can be analysed."""
    if found is None:
        return {}
    from qexp.findings import story

    return story.tables(found)


def conclude(
    logbook: Logbook,
    target: Target,
    screen: Screen,
    *,
    launcher: str,
    whole: Plan | None,
    status: str,
    written: Mapping[str, Text],
    note: Callable[[Mapping[str, str]], str] | None = None,
    lead: str = "",
) -> int:
    """End the run of a sweep that processes of a launcher have filled, and show it.

    Args:
        logbook: MLflow.
        target: Where that is.
        screen: Where results go.
        launcher: Who ran the points.
        whole: The plan of the sweep, where it was known.
        status: MLflow's word for how the sweep ended.
        written: More artifacts, by name.
        note: Says what MLflow is to say of the sweep, in Markdown, from the runs of its
            points that were measured.
        lead: What the sweep found, in a few sentences.

    Returns:
        How many points failed.

    Raises:
        TrackingError: MLflow refused something.
    """
    children = logbook.children()
    failed = [one for one in children if one["status"] != "FINISHED"]
    table = Table(Rows(map(row_of_run, children)))
    found = {} if whole is None else files(whole, table)
    found.pop("plan.json", None)  # its jobs are not those that were run
    counts = {
        "points_finished": len(children) - len(failed),
        "points_failed": len(failed),
    }
    logbook.finish(
        status,
        [(name, float(count), 0) for name, count in counts.items()],
        {**found, "summary.csv": Streamed(table.csv), **written},
        {} if note is None else {NOTE: note(_measured(children))},
    )
    if lead:
        screen.line(lead)
        screen.line()
    count = f"{len(children)} point{'' if len(children) == 1 else 's'}"
    state = f"{counts['points_finished']} finished, {len(failed)} failed"
    screen.line(f"{status}  {count} by {launcher}: {state}")
    run_id = logbook.parent or ""
    screen.line(f"run       {run_id} in MLflow")
    screen.line(f"see it    {how_to_see(target, logbook.experiment_id, run_id)}")
    return len(failed)


def _measured(children: Sequence[Child]) -> dict[str, str]:
    """The runs of the points that were measured, by point."""
    return {
        one["tags"]["qexp.point"]: one["run_id"]
        for one in children
        if one["status"] == "FINISHED" and "qexp.point" in one["tags"]
    }
