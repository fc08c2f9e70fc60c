"""What is printed when a run or a sweep is over."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from qexp.planning.wording import cannot, count, described
from qexp.results.outcome import Outcome
from qexp.shown.report import score_rows
from qexp.shown.screen import Screen
from qexp.shown.table import cell_scores, columns, metric_shown, rows_of
from qexp.track.finished import Finished
from qexp.track.logbook import Logbook
from qexp.track.sweep import title
from qexp.track.target import DEFAULT_URI, Target

COMPILED = (
    "depth",
    "two_qubit_gates",
    "estimated_success_probability",
    "quantum_seconds",
)
"""Compile metrics that are worth a line on the screen."""

SHOWN = 16
"""Most cells of a sweep that are listed on the screen."""

REASONS = 5
"""Most reasons for failures that are listed on the screen."""


def show_point(
    outcome: Outcome, experiment_id: str, target: Target, screen: Screen
) -> None:
    """Print the scores of a single point, its run, and how to see it."""
    ran = outcome.ran
    assert ran is not None
    if ran.result.error:
        screen.error(f"{ran.title}: {ran.result.error}")
    elif ran.built.family is not None:
        for remark in ran.remarks:
            screen.note(remark)
    elif None in ran.built.ideal:
        screen.note(NOTHING_SCORED)
    rows = _rows(outcome)
    if rows:
        screen.table(["metric", "value", "95 % interval", "ideal machine"], rows)
        screen.line()
    state = "FAILED" if ran.result.error else "FINISHED"
    screen.line(f"{state}  {ran.title}, point {ran.point.id}, seed {ran.seeds.sweep}")
    if outcome.run_id.exception() is None:
        run_id = outcome.run_id.result()
        screen.line(f"run       {run_id} in MLflow experiment {ran.experiment.name}")
        screen.line(f"see it    {how_to_see(target, experiment_id, run_id)}")


NOTHING_SCORED = (
    "nothing is scored: the ideal distribution is known only of circuits that measure at "
    "the end, without resets and conditions, on up to 20 qubits"
)


def _rows(outcome: Outcome) -> list[list[str]]:
    ran = outcome.ran
    assert ran is not None
    rows = score_rows(ran.told_apart)
    figures = {name: ran.compile_metrics.get(name) for name in COMPILED}
    rows += [
        [name, f"{value:.4g}", "", ""]
        for name, value in figures.items()
        if value is not None
    ]
    return rows


def show_sweep(
    finished: Finished, logbook: Logbook, target: Target, screen: Screen, lead: str = ""
) -> None:
    """Print the points of a sweep, what failed, its run, and how to see it.

    Args:
        finished: The sweep.
        logbook: MLflow.
        target: Where that is.
        screen: Where it is printed.
        lead: What the sweep found, in a few sentences.
    """
    plan = finished.plan
    _list(finished, screen)
    if lead:
        screen.line(lead)
        screen.line()
    _failures(finished, screen)
    fresh = sum(bool(one.confirms) for one in plan.places.values())
    counts = f"{_fine(finished)} finished, {finished.failed} failed"
    if fresh:
        counts += f" (with {count(fresh, 'point')} to confirm the best)"
    state = "SENT" if finished.detached else "FINISHED"
    state = "UNFINISHED" if finished.interrupted or finished.paused else state
    screen.line(f"{state}  {title(plan)}: {counts}, seed {plan.seed}")
    if logbook.away is not None:
        return
    run_id = logbook.parent or ""
    screen.line(f"run       {run_id} in MLflow experiment {plan.name}")
    screen.line(f"see it    {how_to_see(target, logbook.experiment_id, run_id)}")


def _fine(finished: Finished) -> int:
    return sum(one.error is None for one in finished.outcomes.values())


def _list(finished: Finished, screen: Screen) -> None:
    """The cells by their metric, the best of them where there are many."""
    metric = metric_shown(finished.plan, finished.table.rows)
    if metric is None:
        return
    scores, count = cell_scores(finished, metric, SHOWN)
    keys, more = columns(scores, metric)
    screen.table([*keys, *more], rows_of(scores, keys))
    if count > SHOWN:
        screen.line(
            f"These are the best {SHOWN} of {count} cells; the best of many owe some of "
            "their score to chance."
        )
    screen.line()


def _failures(finished: Finished, screen: Screen) -> None:
    """Why points failed; those of one reason together."""
    if finished.plan.invalid:
        screen.error(f"cannot be run:\n{cannot(finished.plan.invalid, REASONS)}")
    reasons: dict[str, list[str]] = {}
    for outcome in finished.outcomes.values():
        if outcome.error is not None:
            cell = finished.plan.places[outcome.point].cell
            reasons.setdefault(outcome.error, []).append(described(cell))
    for reason, names in list(reasons.items())[:REASONS]:
        count = f"{len(names)} point{'' if len(names) == 1 else 's'}"
        screen.error(f"{reason}\n    in {count}, such as {names[0]}")
    if len(reasons) > REASONS:
        screen.error(f"and {len(reasons) - REASONS} more reasons; see summary.csv")


def how_to_see(target: Target, experiment_id: str, run_id: str) -> str:
    """The one command, or the address, that shows a run."""
    if urlsplit(target.uri).scheme in ("http", "https"):
        base = target.shown.rstrip("/")
        return f"{base}/#/experiments/{experiment_id}/runs/{run_id}"
    if target.name == Target(DEFAULT_URI, target.key).name:
        return "mlflow ui"
    return f"mlflow ui --backend-store-uri {shlex.quote(target.shown)}"
