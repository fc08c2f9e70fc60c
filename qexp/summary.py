"""What is printed when a run is over."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from qexp.report import ends
from qexp.run import Outcome
from qexp.screen import Screen
from qexp.track.target import DEFAULT_URI, Target

COMPILED = (
    "depth",
    "two_qubit_gates",
    "estimated_success_probability",
    "quantum_seconds",
)
"""Compile metrics that are worth a line on the screen."""


def show(outcome: Outcome, target: Target, experiment_id: str, screen: Screen) -> None:
    """Print the scores of a run, its name, and how to see it."""
    ran = outcome.ran
    if ran.result.error:
        screen.error(f"{ran.title}: {ran.result.error}")
    elif None in ran.built.ideal:
        screen.note(
            "nothing is scored: the ideal distribution is known only of circuits that "
            "measure at the end, without resets and conditions, on up to 20 qubits"
        )
    rows = [row for row in _rows(outcome) if row]
    if rows:
        screen.table(["metric", "value", "95 % interval", "ideal machine"], rows)
        screen.line()
    state = "FAILED" if ran.result.error else "FINISHED"
    screen.line(
        f"{state}  {ran.title}, point {ran.result.point.id}, seed {ran.seeds.sweep}"
    )
    screen.line(
        f"run       {outcome.run_id} in MLflow experiment {ran.experiment.name}"
    )
    screen.line(f"see it    {how_to_see(target, experiment_id, outcome.run_id)}")


def _rows(outcome: Outcome) -> list[list[str]]:
    ran = outcome.ran
    rows = [
        [
            one.name,
            f"{one.value:.4f}",
            ends(one) if one.low is not None else f"none: {one.note}",
            "" if one.ideal is None else f"{one.ideal:.4f}",
        ]
        for one in ran.told_apart
    ]
    figures = {name: ran.compile_metrics.get(name) for name in COMPILED}
    rows += [
        [name, f"{value:.4g}", "", ""]
        for name, value in figures.items()
        if value is not None
    ]
    return rows


def how_to_see(target: Target, experiment_id: str, run_id: str) -> str:
    """The one command, or the address, that shows a run."""
    if urlsplit(target.uri).scheme in ("http", "https"):
        base = target.shown.rstrip("/")
        return f"{base}/#/experiments/{experiment_id}/runs/{run_id}"
    if target.uri == DEFAULT_URI:
        return "mlflow ui"
    return f"mlflow ui --backend-store-uri {shlex.quote(target.shown)}"
