"""What there is to say of the sweeps of a workspace, as plain values."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qexp.errors import ConfigError
from qexp.ledger import health
from qexp.ledger.database import Database, Row
from qexp.ledger.holding import held, signed
from qexp.ledger.looking import look
from qexp.ledger.records import SETTLED
from qexp.ledger.workspace import LEDGER, of_sweep

LATEST = 10
"""Sweeps that are listed where not all are asked for."""

POINTS = ("planned", *SETTLED)
JOBS = ("planned", "sending", "unsure", "queued", "running", "got", "cancelled")


def overview(folder: Path, name: str | None = None, *, all_: bool = False) -> list[Row]:
    """The sweeps of a workspace, the newest first.

    Args:
        folder: The workspace.
        name: A sweep's id, or the beginning of it; its jobs are listed, too.
        all_: Whether to list all, and not the latest only.

    Returns:
        Of each sweep `id`, `name`, `service`, `state` (running, unfinished, done or
        cancelled), `process` and `host` of who runs it, `created` (seconds since 1970),
        `age_seconds`, `points` and `jobs` by state, `said` (by what the service last said
        of a job), `quantum_seconds` (`reported` by the service, and `planned` ones of
        what was sent and not reported; None where nothing is paid for), `unlogged`
        (results that the sweep's MLflow store has not got), and `next`, the command that
        goes on with it. With ``name`` also `submissions`.

    Raises:
        ConfigError: No sweep, or several, begin with the name.
        LedgerError: The ledger is damaged, or of another version.
    """
    health.require_there(folder)
    file = folder / LEDGER
    if not file.exists() or file.stat().st_size == 0:
        if name is not None:
            raise ConfigError(_none(name, folder))
        return []

    def at(database: Database) -> list[Row]:
        health.require(database)
        every = "SELECT * FROM sweep ORDER BY rowid DESC"
        rows = [] if database.empty else database.rows(every)
        if name is not None:
            row = _chosen(rows, name, folder)
            return [_sweep(database, folder, row, listed=True)]
        return [
            _sweep(database, folder, row) for row in rows[: None if all_ else LATEST]
        ]

    return look(file, at)


def _chosen(rows: Sequence[Row], name: str, folder: Path) -> Row:
    exact = [row for row in rows if row["id"] == name]
    found = exact or [row for row in rows if row["id"].startswith(name)]
    if not found:
        raise ConfigError(_none(name, folder))
    if len(found) > 1:
        listed = ", ".join(row["id"] for row in found[:8])
        raise ConfigError(f"{len(found)} sweeps may be meant: {listed}. Name one.")
    return found[0]


def _none(name: str, folder: Path) -> str:
    return f"no sweep {name} in {folder}. `python -m qexp status --all` lists them."


def _sweep(
    database: Database, folder: Path, row: Row, *, listed: bool = False
) -> dict[str, Any]:
    own = of_sweep(folder, row["id"])
    run_by = signed(own) if held(own) else None
    state = row["state"]
    if run_by is not None:
        state = "running"
    elif state == "open":
        state = "unfinished"
    points = _counts(database, row["id"])
    jobs = _jobs(database, row, running=run_by is not None)
    unlogged = _unlogged(database, row)
    found = {
        "id": row["id"],
        "name": row["name"],
        "service": row["service"],
        "state": state,
        "process": (run_by or {}).get("pid"),
        "host": (run_by or {}).get("host"),
        "created": row["created"],
        "age_seconds": _since(row["created"]),
        "points": points,
        "jobs": _tally([job["state"] for job in jobs], JOBS),
        "said": _tally([job["said"] for job in jobs if job["said"]]),
        "quantum_seconds": None if row["service"] == "local" else _seconds(jobs),
        "unlogged": unlogged,
        "next": _next(row, state, points, unlogged),
    }
    if listed:
        found["submissions"] = jobs
    return found


def _since(moment: float) -> float:
    # the clock may have been set back since
    return max(0.0, time.time() - moment)


def _counts(database: Database, sweep: str) -> dict[str, int]:
    rows = database.rows(
        "SELECT state, count(*) AS n FROM point WHERE sweep=? GROUP BY state", (sweep,)
    )
    return dict.fromkeys(POINTS, 0) | {row["state"]: row["n"] for row in rows}


def _tally(states: Sequence[str], known: Sequence[str] = ()) -> dict[str, int]:
    found = dict.fromkeys(known, 0)
    for state in states:
        found[state] = found.get(state, 0) + 1
    return found


def _jobs(database: Database, sweep: Row, *, running: bool) -> list[Row]:
    rows = database.rows(
        "SELECT * FROM submission WHERE sweep=? ORDER BY number, rowid", (sweep["id"],)
    )
    # in one pass: looking for the events of each would take the square of the time
    sent = database.rows(
        "SELECT submission, max(at) AS at FROM event WHERE sweep=? AND kind IN "
        "('sending', 'sent') GROUP BY submission",
        (sweep["id"],),
    )
    at = {row["submission"]: row["at"] for row in sent}
    return [
        _job({**row, "at": at.get(row["id"])}, sweep["service"], running=running)
        for row in rows
    ]


def _job(row: Row, service: str, *, running: bool) -> Row:
    said = json.loads(row["seen"]) if row["seen"] else {}
    local = service == "local"
    return {
        "id": row["id"],
        "number": row["number"],
        "state": _state(row["state"], said, local=local, running=running),
        "said": said.pop("state", None) if row["state"] == "sent" else None,
        "details": said,
        "job": row["job"],
        "device": row["device"],
        "circuits": row["circuits"],
        "sent": row["state"] in ("sending", "sent", "got"),
        "age_seconds": None if row["at"] is None else _since(row["at"]),
        "planned_seconds": row["seconds"],
        "used_seconds": row["used"],
    }


def _state(state: str, said: Row, *, local: bool, running: bool) -> str:
    if state == "sending":
        return "sending" if running else "unsure"
    if state != "sent":
        return state
    if local:  # it runs in a process of qexp's, and ends with it
        return "running" if running else "planned"
    return "running" if said.get("state") == "running" else "queued"


def _seconds(jobs: Sequence[Row]) -> dict[str, float]:
    sent = [job for job in jobs if job["sent"]]
    return {
        "reported": sum(job["used_seconds"] or 0.0 for job in sent),
        "planned": sum(
            job["planned_seconds"] or 0.0 for job in sent if job["used_seconds"] is None
        ),
    }


def _unlogged(database: Database, sweep: Row) -> int:
    found = database.rows(
        "SELECT count(*) AS n FROM point WHERE sweep=? AND state IN ('done', 'failed') "
        "AND NOT EXISTS (SELECT 1 FROM run WHERE run.sweep=point.sweep AND "
        "run.point=point.id AND run.store=?)",
        (sweep["id"], sweep["store"]),
    )
    return int(found[0]["n"])


def _next(row: Row, state: str, points: dict[str, int], unlogged: int) -> str | None:
    """The command that goes on with a sweep; None where nothing is left to do."""
    sweep = row["id"]
    if state == "unfinished" and not any(points.values()):
        # it ended before it was planned: only what declared it can go on
        return f"python -m qexp {shlex.join(json.loads(row['command']))}"
    if state == "running":
        return f"python -m qexp status {sweep}"
    if points["planned"] and state == "unfinished":
        return f"python -m qexp resume {sweep}"
    if unlogged:
        return f"python -m qexp sync {sweep}"
    if state == "unfinished":
        return f"python -m qexp resume {sweep}"
    if points["failed"]:
        return f"python -m qexp resume {sweep} --failed"
    return None
