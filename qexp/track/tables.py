"""The tables of MLflow's SQLite database: what is asked of them and put into them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qexp.track import rows
from qexp.track.database import artifact_root

Json = dict[str, Any]

NAME = re.compile(r"\w[\w.\- ]{0,249}", re.ASCII)
"""Names that MLflow takes on every system, and that are no paths; of others it decides."""


class Unsure(Exception):
    """MLflow itself has to decide."""


def experiment(database: sqlite3.Connection, name: str) -> tuple[str, str]:
    """The id of an experiment, which is made if it is not there, and its place."""
    (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    if revision not in rows.SCHEMAS:
        raise Unsure
    found = database.execute(
        "SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments"
        " WHERE name = ? AND workspace = 'default'",
        (name,),
    ).fetchone()
    if found is None:
        return _created(database, name)
    number, place, stage = found
    if stage != "active" or place is None:
        raise Unsure
    return str(number), str(place)


def _created(database: sqlite3.Connection, name: str) -> tuple[str, str]:
    root = artifact_root()
    # MLflow reads the place as a URI
    if not NAME.fullmatch(name) or re.search(r"[?#%\\]", root):
        raise Unsure
    when = rows.now()
    made = database.execute(
        "INSERT INTO experiments (name, lifecycle_stage, creation_time,"
        " last_update_time, workspace) VALUES (?, 'active', ?, ?, 'default')",
        (name, when, when),
    )
    place = f"{root}/{made.lastrowid}"
    database.execute(
        "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
        (place, made.lastrowid),
    )
    return str(made.lastrowid), place


def local(place: str) -> Path:
    """The folder that a place of artifacts is."""
    if "://" in place or place.startswith("file:") or not place.startswith("/"):
        raise Unsure
    return Path(place)


def require_active(
    database: sqlite3.Connection, experiment: str, run_id: str | None = None
) -> None:
    """Leave to MLflow what has been deleted."""
    found = database.execute(
        "SELECT lifecycle_stage FROM experiments WHERE experiment_id = ?",
        (int(experiment),),
    ).fetchall()
    if run_id is not None:
        found += database.execute(
            "SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", (run_id,)
        ).fetchall()
    if found != [("active",)] * (1 if run_id is None else 2):
        raise Unsure


def put(
    database: sqlite3.Connection, table: str, some: Sequence[rows.Row], how: str = ""
) -> None:
    """Insert rows, which all have the columns of the first; `how`: what on a conflict."""
    if some:
        columns = list(some[0])
        marks = ", ".join(f":{column}" for column in columns)
        quoted = ", ".join(f'"{column}"' for column in columns)
        database.executemany(
            f"INSERT {how} INTO {table} ({quoted}) VALUES ({marks})", some
        )


def latest(database: sqlite3.Connection, one: rows.Row) -> None:
    """Have a metric be the latest of its name, if it is."""
    there = database.execute(
        "SELECT step, timestamp, value FROM latest_metrics WHERE run_uuid = :run_uuid"
        " AND key = :key",
        one,
    ).fetchone()
    if there is None or (one["step"], one["timestamp"], one["value"]) > there:
        put(database, "latest_metrics", [one], "OR REPLACE")


def tag(database: sqlite3.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    some = [{"run_uuid": run_id, "key": key, "value": v} for key, v in tags.items()]
    put(database, "tags", some, "OR REPLACE")


def fill(database: sqlite3.Connection, table: str, runs: dict[str, Json]) -> None:
    """Add to runs, by their ids, what a table has of them."""
    kind = "metrics" if table == "latest_metrics" else table
    for one in runs.values():
        one[kind] = {}
    nan = "is_nan" if kind == "metrics" else "0"
    for run_id, one in runs.items():
        found = database.execute(
            f"SELECT key, value, {nan} FROM {table} WHERE run_uuid = ?", (run_id,)
        )
        one[kind] = {key: float("nan") if bad else v for key, v, bad in found}
