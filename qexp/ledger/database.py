"""The ledger's SQLite file: opened, brought up to date, and spoken to in transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qexp.errors import LedgerError
from qexp.ledger.schema import MIGRATIONS, VERSION
from qexp.ledger.workspace import begun

BUSY_SECONDS = 60.0
"""How long another process may keep the file to itself."""

NEVER = 10_000
"""A version that no ledger has."""

Row = dict[str, Any]


class Database:
    """One connection, which threads share.

    Attributes:
        file: The file.
        empty: Whether it is only read and nothing is in it yet, not even a table: it is
            being made, or there was no room to make it.
    """

    def __init__(
        self,
        file: Path,
        *,
        readonly: bool = False,
        immutable: bool = False,
        new: bool = False,
    ) -> None:
        """Open the file, and make it or bring it up to date unless only to read.

        Args:
            file: The file.
            readonly: Whether nothing will be written.
            immutable: Whether nobody else writes it either, and no file is needed beside
                it.
            new: Whether it is made although there are sweeps.

        Raises:
            LedgerError: It is damaged, of a later qexp, or not accessible.
        """
        self.file = file
        self._lock = threading.RLock()
        mode = "ro&immutable=1" if immutable else "ro" if readonly else "rwc"
        uri = f"{file.as_uri()}?mode={mode}"
        with self._explained():
            self._connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            self._opened = _which(file)
            if not readonly:
                self._to_wal()
            self.durable(False)
            self._update(readonly=readonly, new=new)

    def _to_wal(self) -> None:
        """Keep a log beside the file; SQLite does not wait for others by itself here."""
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.01)

    def durable(self, wanted: bool) -> None:
        """Whether each transaction outlives a power cut, and not only this process."""
        with self._lock:
            level = "FULL" if wanted else "NORMAL"
            self._connection.execute(f"PRAGMA synchronous={level}")

    def _update(self, *, readonly: bool, new: bool) -> None:
        found = self._version()
        if not 0 <= found < NEVER:
            raise Damaged(self.file, f"its version is {found}")
        # whose sweeps are there has its tables, unless they are lost
        if found == 0 and not new and begun(self.file.parent) and self._version() == 0:
            raise Damaged(self.file, "it is empty")
        if found > VERSION:
            raise LedgerError(
                f"{self.file}: written by a later qexp (its version {found}, this one "
                f"knows {VERSION}). Use that one, or another workspace: set QEXP_HOME."
            )
        self.empty = found == 0 and readonly
        if found == VERSION or self.empty:
            return
        if readonly:
            raise LedgerError(
                f"{self.file}: of an older qexp (its version {found}, this one's "
                f"{VERSION}). Any run brings it up to date."
            )
        with self.transaction():
            # another process may have been faster
            for number in range(self._version(), VERSION):
                for statement in MIGRATIONS[number].split(";\n"):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={VERSION}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is there afterwards, or nothing of it.

        Raises:
            LedgerError: It cannot be written; says why.
        """
        with self._lock, self._explained():
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def moment(self) -> Iterator[None]:
        """All that is read inside was so at one moment, whatever others write."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # a full disk ends it by itself
            self._connection.execute("ROLLBACK")

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; how many rows it changed."""
        with self._lock, self._explained():
            return self._connection.execute(statement, values).rowcount

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each of some rows."""
        with self._lock, self._explained():
            self._connection.executemany(statement, rows)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """What a query finds."""
        with self._lock, self._explained():
            return [dict(row) for row in self._connection.execute(query, values)]

    def pairs(self, query: str, values: Sequence[Any] = ()) -> dict[Any, Any]:
        """What a query of two columns finds, the second by the first."""
        with self._lock, self._explained():
            return {row[0]: row[1] for row in self._connection.execute(query, values)}

    def sound(self) -> str | None:
        """What is wrong with the file as a whole, None where nothing is."""
        with self._lock:
            try:
                found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                return str(error)
        return None if found == "ok" else str(found)

    @property
    def replaced(self) -> bool:
        """Whether another file is in the place of the one that is open."""
        return self._opened != _which(self.file)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _means_damage(error):
                raise Damaged(self.file, str(error)) from error
            raise LedgerError(f"{self.file}: {explained(error)}") from error


class Damaged(LedgerError):
    """The ledger is not what was written.

    Attributes:
        what: What is wrong with it.
    """

    def __init__(self, file: Path, what: str) -> None:
        """Say what is wrong, and what to do about it."""
        self.what = what
        super().__init__(
            f"{file}: the ledger is damaged ({what}). `python -m qexp recover` makes a new "
            "one of all that can be read; answers are files of their own, and are not "
            "touched."
        )


def explained(error: sqlite3.Error) -> str:
    """What SQLite says, and what to do about it."""
    text = str(error)
    name = getattr(error, "sqlite_errorname", "") or text
    if name.startswith("SQLITE_FULL") or "disk is full" in text:
        return (
            "the disk is full. Nothing that was written before is lost. Make room, then "
            "`python -m qexp resume` goes on."
        )
    if "locked" in text:
        return (
            f"another process has kept the ledger to itself for {BUSY_SECONDS:g} seconds. "
            "See `python -m qexp status`, and run the command again."
        )
    if name.startswith("SQLITE_IOERR") or "disk I/O error" in text:
        return (
            f"the ledger cannot be read or written ({text}): the disk is full, or fails. "
            "Nothing that was written before is lost. Make room, then the same command "
            "goes on."
        )
    if "readonly" in text or "unable to open" in text:
        return (
            f"the ledger cannot be written there ({text}). Run in a folder that you may "
            "write to, or set QEXP_HOME to one."
        )
    return f"the ledger cannot be used ({text})."


def _means_damage(error: sqlite3.Error) -> bool:
    text, name = str(error), getattr(error, "sqlite_errorname", "")
    words = ("malformed", "not a database", "Could not decode", "no such table")
    codes = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
    return name.startswith(codes) or any(word in text for word in words)


def _which(file: Path) -> tuple[int, int] | None:
    try:
        known = file.stat()
    except OSError:
        return None
    return known.st_dev, known.st_ino
