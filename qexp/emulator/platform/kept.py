"""Sessions and charges, in the emulator's database."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from qexp.emulator.states import CANCELLED, OPEN, QUEUED
from qexp.emulator.store import Store, now

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    backend TEXT NOT NULL,
    mode TEXT NOT NULL,
    max_ttl INTEGER NOT NULL,
    started TEXT NOT NULL,
    began REAL NOT NULL,
    shut TEXT
)
"""

PERIOD = 28 * 86_400
"""Seconds for which usage is counted: IBM's plans renew every 28 days."""


@dataclass(frozen=True)
class Session:
    """A session or a batch.

    Attributes:
        id: Its id.
        owner: Digest of the API key that it belongs to.
        backend: The backend's name.
        mode: `dedicated` or `batch`.
        max_ttl: Seconds for which it takes jobs.
        started: When it was opened (ISO 8601, UTC).
        began: The same, in seconds of the epoch.
        shut: When it was told to take no more jobs.
        unfinished: How many of its jobs have not ended.
        first: When the first of its jobs began to run.
        last: When the last of its jobs to begin did so.
        ended: When the last of its jobs to end did so.
    """

    id: str
    owner: str
    backend: str
    mode: str
    max_ttl: int
    started: str
    began: float
    shut: str | None
    unfinished: int
    first: str | None
    last: str | None
    ended: str | None

    @property
    def accepting(self) -> bool:
        """Whether it takes jobs."""
        return self.shut is None and time.time() < self.began + self.max_ttl

    @property
    def state(self) -> str:
        """`open` before its first job, then `active` or `inactive`, `closed` at the end."""
        if self.unfinished:
            return "active"
        if not self.accepting:
            return "closed"
        return "open" if self.first is None else "inactive"


class Sessions:
    """The sessions of all keys."""

    def __init__(self, store: Store) -> None:
        """Make the table, if there is none."""
        self._store = store
        store.write(_SCHEMA)

    def open(self, owner: str, backend: str, mode: str, max_ttl: int) -> str:
        """Open one; gives its id."""
        session = str(uuid.uuid4())
        values = (session, owner, backend, mode, max_ttl, now(), time.time(), None)
        self._store.write(
            f"INSERT INTO sessions VALUES ({', '.join('?' * 8)})", *values
        )
        return session

    def find(self, owner: str, session: str) -> Session | None:
        """A key's session; None where there is none, or it is another's."""
        rows: list[Any] = self._store.read(
            "SELECT s.*, COUNT(CASE WHEN j.status IN (?, ?) THEN 1 END), MIN(j.running), "
            "MAX(j.running), MAX(j.finished) FROM sessions s "
            "LEFT JOIN jobs j ON j.session = s.id AND j.owner = s.owner "
            "WHERE s.id = ? AND s.owner = ? GROUP BY s.id",
            *(*OPEN, session, owner),
        )
        return Session(*rows[0]) if rows else None

    def shut(self, session: str) -> None:
        """Let it take no more jobs."""
        self._store.write(
            "UPDATE sessions SET shut = ? WHERE id = ? AND shut IS NULL", now(), session
        )

    def drop(self, session: str) -> None:
        """Cancel its jobs that wait."""
        self._store.write(
            "UPDATE jobs SET status = ?, finished = ? WHERE session = ? AND status = ?",
            *(CANCELLED, now(), session, QUEUED),
        )


def consumed(store: Store, owner: str, program: str) -> float:
    """QPU seconds that the jobs of a program have cost a key in the period."""
    rows = store.read(
        "SELECT TOTAL(seconds) FROM charges WHERE owner = ? AND program = ? AND time > ?",
        *(owner, program, time.time() - PERIOD),
    )
    return float(rows[0][0])
