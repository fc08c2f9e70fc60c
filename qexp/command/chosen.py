"""A sweep of the workspace that a verb is about, and how it is opened again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from qexp.command import books
from qexp.command.books import Old
from qexp.command.session import Session
from qexp.declare.config import (
    CircuitRunnerService,
    Experiment,
    LocalService,
)
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.model import OUTSIDE
from qexp.declare.read import with_values
from qexp.errors import ConfigError, LedgerError
from qexp.ledger.database import Row
from qexp.ledger.ledger import Ledger
from qexp.ledger.workspace import LEDGER, begun, home

MAY_DIFFER = ("on_unsure", "wait", "tracking.", "budget.")
"""Keys that a verb takes, and those of the service that say where and how it is asked."""


def workspace() -> Ledger:
    """The ledger of the workspace.

    Raises:
        ConfigError: There is none.
    """
    folder = home()
    if not (folder / LEDGER).exists() and not begun(folder):
        raise ConfigError(
            f"{folder}: no workspace, so there is no sweep to go on with. Run in the "
            "folder where the sweep was started, or set QEXP_HOME."
        )
    return Ledger(folder)


def split(
    arguments: Sequence[str],
    verb: str,
    flags: Sequence[str] = (),
    more: Sequence[str] = (),
) -> tuple[list[str], dict[str, str], set[str]]:
    """Names, values by key, and flags of a verb's arguments.

    Args:
        arguments: What stands after the verb.
        verb: The verb.
        flags: The flags that it takes.
        more: Keys that it takes beside those that any verb does.

    Raises:
        ConfigError: A key or a flag is not the verb's.
    """
    names = [one for one in arguments if "=" not in one and not one.startswith("-")]
    given = {one for one in arguments if one.startswith("-")}
    pairs = [one.partition("=")[::2] for one in arguments if "=" in one]
    values = {key.lstrip("+"): value for key, value in pairs if key[:1] != "-"}
    for flag in given - set(flags):
        known = ", ".join(flags) or "no flags"
        raise ConfigError(f"{flag}: no such flag. {verb} takes {known}.")
    for key in values:
        allowed = {*more, *_of_the_service()}
        if not key.startswith(MAY_DIFFER) and key not in allowed:
            raise ConfigError(
                f"{key}: cannot be changed, because the points of a sweep are fixed when "
                f"it is planned. {verb} takes on_unsure, wait, tracking.…, budget.…, "
                f"{', '.join(sorted(allowed))}. Start a new sweep for anything else."
            )
    return names, values, given


def _of_the_service() -> set[str]:
    sections = (LocalService, CircuitRunnerService, IbmQuantumService)
    outside = {
        name
        for section in sections
        for name, field in section.model_fields.items()
        if field.json_schema_extra == OUTSIDE
    }
    return {f"service.{name}" for name in outside - {"compile"}}


def choose(ledger: Ledger, name: str | None, *, unfinished: bool) -> Row:
    """The sweep that is meant: by its id or the beginning of it, or the only one.

    Args:
        ledger: The workspace.
        name: What the user typed, if anything.
        unfinished: Whether only an unfinished one will do where none is named.

    Raises:
        ConfigError: There is none, or several.
    """
    rows = [row for row in ledger.sweeps() if row["store"] or name is not None]
    if name is not None:
        exact = [row for row in rows if row["id"] == name]
        rows = exact or [row for row in rows if row["id"].startswith(name)]
    elif unfinished:
        rows = [row for row in rows if row["state"] == "open"]
    if len(rows) == 1:
        return _of_the_command_line(rows[0])
    what = f"sweep {name}" if name else "unfinished sweep"
    if not rows:
        raise ConfigError(
            f"no {what} in {ledger.folder}. `python -m qexp status` lists what is there."
        )
    listed = ", ".join(row["id"] for row in rows[:8])
    raise ConfigError(f"{len(rows)} sweeps may be meant: {listed}. Name one of them.")


def _of_the_command_line(row: Row) -> Row:
    if not row["store"]:
        raise ConfigError(
            f"sweep {row['id']}: a job of qexp.run_circuits, which is not in MLflow. "
            "qexp.retrieve_job(…) gives it back, in Python."
        )
    return row


def reopen(
    opened: Session, ledger: Ledger, row: Row, values: Mapping[str, str]
) -> tuple[list[Old], Experiment]:
    """Take a sweep for this command, with its plans and what it was declared by.

    Args:
        opened: The command.
        ledger: The workspace.
        row: The sweep.
        values: What is to be different, by key.

    Raises:
        LedgerError: Another process runs it, or its plan cannot be read.
        ConfigError: A value is not allowed.
        TrackingError: The MLflow store is none.
    """
    ledger.take(row["id"])
    opened.entered = books.Entered(ledger, ledger.book(row["id"]), before=True)
    opened.sweep = row["id"]
    plans = books.old_plans(opened.entered)
    if not plans:
        raise LedgerError(
            f"sweep {row['id']}: nothing of it was planned, or its plan cannot be read."
        )
    # who goes on with a sweep waits for it, whatever who sent it did
    experiment = with_values(plans[0].plan.first.experiment, {"wait": "true", **values})
    opened.prepare(store(experiment, row), must_be_there=False)
    return plans, experiment


def store(experiment: Experiment, row: Row) -> str | None:
    """The MLflow store that a sweep is logged to, where nothing else is said."""
    if experiment.tracking.uri or os.environ.get("MLFLOW_TRACKING_URI"):
        return experiment.tracking.uri
    # the database of the folder in which the sweep was begun
    known = str(row["store"])
    return known if known.startswith("sqlite:") else None
