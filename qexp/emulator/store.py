"""Jobs in SQLite: what is accepted survives whatever happens next."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from qexp.emulator.job import Ended, Job
from qexp.emulator.states import CANCELLED, OPEN, QUEUED, RUNNING
from qexp.emulator.wanted import Wanted

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    backend TEXT NOT NULL,
    program TEXT NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    created TEXT NOT NULL,
    running TEXT,
    finished TEXT,
    starts REAL NOT NULL,
    result BLOB,
    quantum_seconds REAL,
    logs TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    session TEXT,
    reason TEXT,
    code INTEGER
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, number);
CREATE INDEX IF NOT EXISTS jobs_by_owner ON jobs (owner, number);
CREATE TABLE IF NOT EXISTS charges (
    owner TEXT NOT NULL, program TEXT NOT NULL, time REAL NOT NULL, seconds REAL NOT NULL
);
"""
_COLUMNS = (
    "id, owner, backend, program, request, status, created, running, finished, starts, "
    "quantum_seconds, tags, session, reason, code"
)

_NEW = {
    "quantum_seconds": "REAL",
    "tags": "TEXT NOT NULL DEFAULT '[]'",
    "session": "TEXT",
    "reason": "TEXT",
    "code": "INTEGER",
}
"""Columns that the databases of earlier emulators do not have."""


def now() -> str:
    """The time, as the service writes it."""
    stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


class Store:
    """The database. Every method is one transaction, and may be called by any thread."""

    def __init__(self, file: Path) -> None:
        """Open it, or make it; what was running when it was left is queued again."""
        self._lock = threading.Lock()
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # for its owner only
        self._database = sqlite3.connect(
            file, check_same_thread=False, isolation_level=None
        )
        self._database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA
        )
        there = {
            row[0] for row in self.read("SELECT name FROM pragma_table_info('jobs')")
        }
        for column, kind in _NEW.items():
            if column not in there:
                self.write(f"ALTER TABLE jobs ADD COLUMN {column} {kind}")
        self.write(
            "UPDATE jobs SET status = ?, running = NULL WHERE status = ?",
            QUEUED,
            RUNNING,
        )

    def write(self, sql: str, *values: Any) -> int:
        """Do a statement; gives how many rows it changed."""
        with self._lock:
            return self._database.execute(sql, values).rowcount

    def read(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a statement."""
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    def add(
        self, owner: str, backend: str, request: dict[str, Any], starts: float
    ) -> str:
        """Accept a job; gives its id."""
        job = secrets.token_hex(16)
        self.write(
            "INSERT INTO jobs (id, owner, backend, program, request, status, created, "
            "starts, tags, session) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(job, owner, backend, request["program_id"], json.dumps(request)),
            *(QUEUED, now(), starts),
            *(json.dumps(request.get("tags") or []), request.get("session_id")),
        )
        return job

    def find(self, owner: str, job: str) -> Job | None:
        """A token's job; None where there is none, or it is another's."""
        rows = self.read(
            f"SELECT {_COLUMNS} FROM jobs WHERE id = ? AND owner = ?", job, owner
        )
        return _job(rows[0]) if rows else None

    def listed(self, wanted: Wanted) -> tuple[list[Job], int]:
        """A page of a token's jobs, and how many there are in all."""
        where, values = wanted.where
        rows = self.read(
            f"SELECT {_COLUMNS} FROM jobs WHERE {where} "
            f"ORDER BY number {wanted.order} LIMIT ? OFFSET ?",
            *(*values, wanted.limit, wanted.offset),
        )
        total = self.read(f"SELECT COUNT(*) FROM jobs WHERE {where}", *values)
        return [_job(row) for row in rows], int(total[0][0])

    def unfinished(self, owner: str | None = None, backend: str | None = None) -> int:
        """How many jobs are queued or running, of a token and on a backend."""
        return self._count(OPEN, owner, backend)

    def queued(self, backend: str) -> int:
        """How many jobs wait for a backend."""
        return self._count((QUEUED,), None, backend)

    def _count(
        self, states: Sequence[str], owner: str | None, backend: str | None
    ) -> int:
        where = f"status IN ({', '.join('?' * len(states))})"
        values: list[str] = [*states]
        for column, value in {"owner": owner, "backend": backend}.items():
            if value is not None:
                where += f" AND {column} = ?"
                values.append(value)
        rows = self.read(f"SELECT COUNT(*) FROM jobs WHERE {where}", *values)
        return int(rows[0][0])

    def waiting(self, time: float, without: Sequence[str] = ()) -> list[str]:
        """Whose jobs could run, in the order of their oldest ones.

        Args:
            time: Now; a job that starts later is left.
            without: Backends that are busy.
        """
        rows = self.read(
            f"SELECT owner FROM jobs WHERE {_ready(without)} GROUP BY owner "
            "ORDER BY MIN(number)",
            *(QUEUED, time, *without),
        )
        return [str(row[0]) for row in rows]

    def take(self, owner: str, time: float, without: Sequence[str] = ()) -> Job | None:
        """The job of a token that has waited longest becomes a running one.

        Args:
            owner: Whose.
            time: As for `waiting`, and so on.
            without: Backends that are busy.
        """
        rows = self.read(
            "UPDATE jobs SET status = ?, running = ? WHERE number = (SELECT number FROM "
            f"jobs WHERE {_ready(without)} AND owner = ? ORDER BY number LIMIT 1) "
            f"RETURNING {_COLUMNS}",
            *(RUNNING, now(), QUEUED, time, *without, owner),
        )
        return _job(rows[0]) if rows else None

    def runs(self, job: str) -> bool:
        """Whether a job is still running: not cancelled, not deleted."""
        sql = "SELECT 1 FROM jobs WHERE id = ? AND status = ?"
        return bool(self.read(sql, job, RUNNING))

    def note(self, job: str, line: str) -> None:
        """Add a line to a job's logs."""
        self.write("UPDATE jobs SET logs = logs || ? WHERE id = ?", f"{line}\n", job)

    def use(self, job: str, seconds: float | None) -> None:
        """Keep how many QPU seconds a job took, and charge its owner."""
        self.write("UPDATE jobs SET quantum_seconds = ? WHERE id = ?", seconds, job)
        if seconds is not None:  # the charge outlives the job
            self.write(
                "INSERT INTO charges SELECT owner, program, ?, ? FROM jobs WHERE id = ?",
                *(time.time(), seconds, job),
            )

    def finish(self, job: str, end: Ended) -> bool:
        """End a running job; False where it is not running any more."""
        return bool(
            self.write(
                "UPDATE jobs SET status = ?, finished = ?, result = ?, reason = ?, "
                "code = ? WHERE id = ? AND status = ?",
                *(end.status, now(), end.result, end.reason, end.code, job, RUNNING),
            )
        )

    def cancel(self, job: str) -> bool:
        """Cancel a job; False where it has ended."""
        return bool(
            self.write(
                "UPDATE jobs SET status = ?, finished = ? WHERE id = ? AND status IN "
                "(?, ?)",
                *(CANCELLED, now(), job, *OPEN),
            )
        )

    def tag(self, job: str, tags: list[str]) -> None:
        """Give a job other tags."""
        self.write("UPDATE jobs SET tags = ? WHERE id = ?", json.dumps(tags), job)

    def delete(self, job: str) -> None:
        """Forget a job."""
        self.write("DELETE FROM jobs WHERE id = ?", job)

    def result(self, job: str) -> bytes:
        """What a job ended with."""
        rows = self.read("SELECT result FROM jobs WHERE id = ?", job)
        return bytes(rows[0][0] or b"") if rows else b""

    def logs(self, job: str) -> str:
        """What was noted of a job."""
        rows = self.read("SELECT logs FROM jobs WHERE id = ?", job)
        return str(rows[0][0]) if rows else ""

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()


def _ready(without: Sequence[str]) -> str:
    """The condition for jobs that could run now."""
    return "status = ? AND starts <= ?" + " AND backend != ?" * len(without)


def _job(row: Sequence[Any]) -> Job:
    values = list(row)
    values[4] = json.loads(values[4])
    values[11] = json.loads(values[11])
    return Job(*values)
