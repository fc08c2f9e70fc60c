"""The ledger of a workspace: its sweeps, and who runs them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from qexp.errors import LedgerError
from qexp.ledger import health
from qexp.ledger.book import Book
from qexp.ledger.database import Database, Row
from qexp.ledger.holding import GLANCE, LOCK, OWNER, owner
from qexp.ledger.workspace import GATE, LEDGER, make, of_sweep


class Ledger:
    """The sweeps of a workspace. Several processes may have it open."""

    def __init__(self, folder: Path) -> None:
        """Open the ledger of a workspace, made where there is none.

        Raises:
            LedgerError: It cannot be made, or be read.
        """
        self.folder = make(folder)
        health.require_there(self.folder)
        self._database = Database(self.folder / LEDGER)
        self._locks: dict[str, FileLock] = {}

    def enter(
        self, key: str, *, fixed: int | None, fresh: bool, **about: Any
    ) -> tuple[Book, bool]:
        """Go on with the unfinished sweep of a key, or begin one.

        Args:
            key: The key.
            fixed: The seed that the sweep must have; None is any.
            fresh: Whether to begin a new one whatever is there.
            **about: What `begin` writes down of a new one.

        Returns:
            The sweep, taken, and whether it was there before.

        Raises:
            Taken: Another process runs it.
        """
        gate = FileLock(make(self.folder) / GATE)
        with gate:  # two processes that start one sweep at once
            for row in [] if fresh else self.sweeps(key=key, state="open"):
                if fixed in (None, row["seed"]):
                    self.take(row["id"])
                    return self.book(row["id"]), True
            return self.begin(key, **about), False

    def begin(
        self,
        key: str,
        *,
        name: str,
        service: str,
        seed: int,
        command: Sequence[str],
        store: str,
        version: str,
        swept: bool,
    ) -> Book:
        """Write down a new sweep, and take it.

        Args:
            key: What a sweep of the same points, services and name has in common with it.
            name: The MLflow experiment.
            service: The kind of the service.
            seed: The sweep's seed.
            command: The command line.
            store: The MLflow store, without credentials.
            version: qexp's.
            swept: Whether it is a sweep, and not a single point.
        """
        with self._database.transaction():
            nonce = secrets.token_hex(16)
            id_ = unique(key, nonce)
            self._database.run(
                "INSERT INTO sweep VALUES (?,?,?,?,?,?,?,?,?,?,?,'open',NULL)",
                (
                    id_,
                    key,
                    name,
                    service,
                    seed,
                    nonce,
                    json.dumps(list(command)),
                    store,
                    version,
                    time.time(),
                    int(swept),
                ),
            )
        self.take(id_)
        book = self.book(id_)
        book.describe("open")
        return book

    def book(self, sweep: str) -> Book:
        """A sweep's book.

        Raises:
            LedgerError: There is no such sweep.
        """
        rows = self._database.rows("SELECT * FROM sweep WHERE id=?", (sweep,))
        if not rows:
            raise LedgerError(
                f"{sweep}: no such sweep in {self.folder}. `python -m qexp status` lists "
                "them."
            )
        book = Book(self._database, self.folder, rows[0])
        self._database.durable(book.durable)
        return book

    def join(self, sweep: str) -> Book:
        """The book of a sweep that another process has taken, and works on with this one.

        Raises:
            LedgerError: There is no such sweep.
        """
        return self.book(sweep)

    def forget(self, sweep: str) -> None:
        """Take a sweep off the books of which nothing was sent."""
        with self._database.transaction():
            for table in ("batch", "submission", "point", "answer", "run", "event"):
                self._database.run(f"DELETE FROM {table} WHERE sweep=?", (sweep,))
            self._database.run("DELETE FROM sweep WHERE id=?", (sweep,))
        lock = self._locks.pop(sweep, None)
        shutil.rmtree(of_sweep(self.folder, sweep), ignore_errors=True)
        if lock is not None:
            lock.release()

    def sweeps(self, **wanted: Any) -> list[Row]:
        """Rows of sweeps, the newest first.

        Args:
            **wanted: Values of columns.
        """
        where = " AND ".join(f"{column}=?" for column in wanted) or "1"
        query = f"SELECT * FROM sweep WHERE {where} ORDER BY rowid DESC"
        return self._database.rows(query, tuple(wanted.values()))

    def with_failures(self) -> list[str]:
        """The sweeps of which points have failed, the newest first."""
        rows = self._database.rows(
            "SELECT id FROM sweep WHERE id IN (SELECT sweep FROM point WHERE "
            "state='failed') ORDER BY rowid DESC"
        )
        return [row["id"] for row in rows]

    def runs(self, sweep: str, store: str) -> dict[str, str]:
        """The runs that a store has of a sweep, by point; empty where it is unknown."""
        rows = self._database.rows(
            "SELECT point, id FROM run WHERE sweep=? AND store=?", (sweep, store)
        )
        return {row["point"]: row["id"] for row in rows}

    def of_job(self, id_: str) -> list[Row]:
        """Rows of sweeps that have a job, the newest first.

        Args:
            id_: The service's id of it, or that of its submission.
        """
        return self._database.rows(
            "SELECT sweep.* FROM sweep JOIN submission ON submission.sweep=sweep.id "
            "WHERE submission.id=? OR submission.job=? ORDER BY sweep.rowid DESC",
            (id_, id_),
        )

    def settled(self, points: Sequence[str]) -> dict[str, Row]:
        """Of each point the newest sweep in which it was measured.

        Returns:
            By point id: `sweep`, `batch`, `at` (seconds since 1970) and `calibrated`.
        """
        found: dict[str, Row] = {}
        for start in range(0, len(points), 500):
            part = points[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = self._database.rows(
                "SELECT point.id AS id, point.sweep AS sweep, point.batch AS batch, "
                "max(answer.at) AS at, answer.calibrated AS calibrated "
                "FROM point JOIN answer ON answer.sweep=point.sweep AND "
                "answer.submission=point.submission "
                f"WHERE point.state='done' AND point.id IN ({marks}) "
                "GROUP BY point.id, point.sweep ORDER BY at",
                tuple(part),
            )
            found |= {row["id"]: row for row in rows}
        return found

    # -- who runs a sweep

    def take(self, sweep: str) -> None:
        """Make a sweep this process's own, until it ends, however it ends.

        Raises:
            LedgerError: Another process runs it; says which. Or the ledger is damaged.
        """
        if sweep in self._locks:
            return
        health.require(self._database)
        folder = of_sweep(self.folder, sweep)
        lock = FileLock(
            folder / LOCK,
            timeout=GLANCE,
            poll_interval=0.01,
            thread_local=False,  # whichever thread has it may give it back
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise Taken(sweep, owner(folder)) from None
        except OSError as error:
            raise LedgerError(f"{folder}: {error.strerror}.") from error
        if self._database.replaced:  # what is written here would be lost
            lock.release()
            raise LedgerError(
                f"{self._database.file}: was recovered, or removed, while this command "
                "began. Nothing was started; run it again."
            )
        self._locks[sweep] = lock
        _sign(folder)

    def close(self) -> None:
        """Give back what this process has taken."""
        for lock in self._locks.values():
            lock.release()
        self._locks.clear()
        self._database.close()


def unique(key: str, nonce: str) -> str:
    """An id that no sweep has, in no workspace that logs to the same MLflow.

    It begins as those of other sweeps of the same points do.
    """
    return f"{key[:6]}{nonce[:6]}"


class Taken(LedgerError):
    """Another process runs a sweep."""

    def __init__(self, sweep: str, who: str) -> None:
        """Say which."""
        super().__init__(
            f"sweep {sweep} is being run by {who}. Nothing was started. `python -m qexp "
            "status` shows how far it is."
        )


def _sign(folder: Path) -> None:
    signed = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
    try:
        (folder / OWNER).write_text(json.dumps(signed))
    except OSError as error:
        raise LedgerError(f"{folder}: cannot be written ({error.strerror}).") from error
