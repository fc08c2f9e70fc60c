"""Sweeps of the ledger and of MLflow, read back to be analysed; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import yaml

from qexp.command import books, conclude
from qexp.command.answered import counted, results
from qexp.command.books import Entered, Old
from qexp.command.chosen import choose, workspace
from qexp.command.run import note_drift
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.findings.analysed import Findings, nothing
from qexp.findings.gathered import Gathered, columns, of_finished, parted
from qexp.findings.outcomes import of_json
from qexp.findings.story import OUTCOMES
from qexp.ledger.book import Book
from qexp.ledger.workspace import LEDGER, home
from qexp.planning.plan import Plan
from qexp.planning.submission import Job
from qexp.promise import Promise
from qexp.results.outcome import Outcome
from qexp.results.ran import ran
from qexp.services import Reading
from qexp.services.connect import offline
from qexp.track.finished import Finished
from qexp.track.reader import LoggedRun, Reader
from qexp.track.record import refusal
from qexp.track.sweep import Table, row_of_run
from qexp.track.watched import Watched, of_csv


def findings(name: str | None, uri: str | None = None) -> Findings:
    """A sweep: of this workspace, or else of MLflow.

    Args:
        name: Its id or the beginning of it; None is the newest of the workspace.
        uri: The MLflow store to look into; None is the default, and not looked into
            where the workspace has the sweep.

    Raises:
        ConfigError: There is no such sweep, or there are several.
        LedgerError: What is kept of it cannot be read.
        TrackingError: MLflow cannot be read.
    """
    if uri is None and (name is None or _here(name)):
        return _of_the_ledger(name)
    if name is None:
        raise ConfigError("report: name the sweep that is to be read from MLflow.")
    return _of_mlflow(name, uri)


def _here(name: str) -> bool:
    """Whether this workspace knows a sweep."""
    if not (home() / LEDGER).exists():
        return False
    ledger = workspace()
    try:
        return any(row["id"].startswith(name) for row in ledger.sweeps())
    finally:
        ledger.close()


def _of_the_ledger(name: str | None) -> Findings:
    ledger = workspace()
    try:
        if name is None:
            newest = [row["id"] for row in ledger.sweeps() if row["store"]][:1]
            name = next(iter(newest), None)
        row = choose(ledger, name, unfinished=False)
        book = ledger.book(row["id"])
        plans = books.old_plans(Entered(ledger, book, before=True, own=False))
        if not plans:
            raise ConfigError(f"sweep {row['id']}: nothing of it was planned.")
        return read_back(plans, book)[1]
    finally:
        ledger.close()


def read_back(plans: Sequence[Old], book: Book) -> tuple[Finished, Findings]:
    """What a sweep has come to, from the answers that are safe, and what it found.

    Args:
        plans: Its plans, at least one.
        book: It in the ledger.
    """
    reader = offline(plans[0].plan.first.experiment.service)
    try:
        read = [_finished(one.plan, book, reader) for one in plans]
        together = conclude.joined(read)
        recall = partial(counted, together.plan, book, reader)
        found = Findings(of_finished(together), recall)
        _ = found.outcomes  # the ledger is open now
        return together, found
    finally:
        reader.close()


def _finished(planned: Plan, book: Book, reader: Reading) -> Finished:
    """What a plan has come to, from the answers that are safe."""
    found = Finished(planned, Table())
    sent = {one.id for one in planned.submissions}
    for one, submission, answer in results(planned, book, reader, sent):
        if one.name in planned.places:
            job = Job(submission.service.kind, answer.job, submission.id)
            made = ran(planned.places[one.name], planned.id, job, one)
            scores = found.table.add(made)
            found.outcomes[one.name] = Outcome(one.name, one.error, scores, Promise())
        elif submission.id in planned.sentinels:
            note_drift(one, submission, found, answer)
    for cell in planned.invalid:
        refused = refusal(cell, planned.id, {}, None)
        found.table.refuse(refused.params, refused.error or "")
    return found


def _of_mlflow(sweep: str, uri: str | None) -> Findings:
    reader = Reader(uri)
    parent, points = reader.sweep(sweep)
    parent = parent or points[0]
    content = reader.artifact(parent.run_id, "config.yaml")
    declared = yaml.safe_load(content) if content else {}
    rows, fresh = parted(row_of_run(vars(one)) for one in points)
    outcomes = reader.artifact(parent.run_id, OUTCOMES)
    gathered = Gathered(
        name=parent.experiment,
        title=parent.name,
        sweep=sweep,
        seed=int(parent.params["seed"]) if "seed" in parent.params else None,
        axes=columns(json.loads(parent.params.get("swept", "[]"))),
        metrics=tuple(_cell(declared).get("metrics", ())),
        rows=rows,
        devices={one.name: one for one in _devices(reader, parent)},
        fresh=fresh,
        sentinel=parent.params.get("sentinel", "").removeprefix("none"),
        watched=tuple(_watched(reader, parent)),
        versions=declared.get("versions"),
        labels=tuple(declared.get("cells", ())),
    )
    return Findings(gathered, of_json(outcomes.decode()) if outcomes else nothing)


def _watched(reader: Reader, parent: LoggedRun) -> list[Watched]:
    content = reader.artifact(parent.run_id, "sentinel.csv")
    return of_csv(content.decode()) if content else []


def _cell(declared: dict[str, Any]) -> dict[str, Any]:
    """What a cell was declared by, of a sweep's file or a point's."""
    return declared.get("first cell") or declared.get("declared") or {}


def _devices(reader: Reader, parent: LoggedRun) -> list[Device]:
    content = reader.artifact(parent.run_id, "backend.json")
    described = json.loads(content) if content else []
    listed = described if isinstance(described, list) else [described]
    return [Device(**one) for one in listed]
