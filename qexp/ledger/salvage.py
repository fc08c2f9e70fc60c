"""What can be read of a ledger that is damaged, row by row."""

from __future__ import annotations

import sqlite3
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from qexp.ledger.database import Row
from qexp.ledger.health import FIELDS
from qexp.ledger.page import checksum

COLUMNS: dict[str, dict[str, tuple[type, ...]]] = {
    "sweep": {
        **dict.fromkeys(("id", "key", "name", "service"), (str,)),
        "seed": (int,),
        **dict.fromkeys(("nonce", "command", "store", "version"), (str,)),
        "created": (float, int),
        "swept": (int,),
        "state": (str,),
        "asked": (str, type(None)),
    },
    "batch": {
        "sweep": (str,),
        "number": (int,),
        "file": (str,),
        "digest": (str,),
        "source": (str, type(None)),
    },
    "submission": {
        **dict.fromkeys(("sweep", "id"), (str,)),
        **dict.fromkeys(("batch", "number"), (int,)),
        "device": (str,),
        "circuits": (int,),
        "seconds": (float, int, type(None)),
        "attempt": (int,),
        "state": (str,),
        **dict.fromkeys(("job", "seen"), (str, type(None))),
        "used": (float, int, type(None)),
    },
    "point": {
        **dict.fromkeys(("sweep", "id"), (str,)),
        "batch": (int,),
        **dict.fromkeys(("submission", "state"), (str,)),
        "error": (str, type(None)),
    },
    "answer": {
        **dict.fromkeys(
            ("sweep", "submission", "file", "digest", "job", "parts"), (str,)
        ),
        "at": (float, int),
        "calibrated": (str, type(None)),
    },
    "run": dict.fromkeys(("sweep", "point", "store", "id"), (str,)),
    "event": {
        "n": (int,),
        "at": (float, int),
        "sweep": (str,),
        "submission": (str, type(None)),
        "kind": (str,),
        "detail": (str,),
        "sum": (int,),
    },
}
"""Of each table its columns, and what a value may be: a damaged page may hold anything."""

STATES = {
    "sweep": ("open", "done", "cancelled"),
    "submission": ("planned", "sending", "sent", "got", "cancelled"),
    "point": ("planned", "done", "failed", "cancelled"),
}

UNKNOWN = -1
"""More than none of the rows."""

PATIENCE = 300_000
"""Reads of a table that may fail, a few seconds' worth, before the rest is given up."""

SMALLEST = 16
"""Bytes that a row takes at least, for a bound on their number."""


@dataclass
class Salvaged:
    """What was read.

    Attributes:
        rows: By table.
        lost: By table how many rows could not be read, at most; UNKNOWN where that is
            not known, None where a table could not be read at all.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    lost: dict[str, int | None] = field(default_factory=dict)


def salvage(file: Path) -> Salvaged:
    """Read what can be read of a ledger; it is not changed.

    Args:
        file: The ledger's file. Nobody writes it.
    """
    found = Salvaged({table: [] for table in COLUMNS}, dict.fromkeys(COLUMNS))
    try:
        size = file.stat().st_size
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    except (OSError, sqlite3.Error):
        return found
    connection.row_factory = sqlite3.Row
    try:
        for table in COLUMNS:
            _table(connection, table, size // SMALLEST, found)
    finally:
        connection.close()
    return found


def _table(
    connection: sqlite3.Connection, table: str, most: int, found: Salvaged
) -> None:
    """One table by ranges of row numbers: what raises is halved until it is one row."""
    try:
        connection.execute(f"SELECT 1 FROM {table} WHERE rowid=0")
    except sqlite3.Error as error:
        if "no such table" in str(error) or not _within(error):
            return
    end = _last(connection, table)
    last = most if end is None else end
    lost = failures = 0
    ranges = deque([(1, last)])
    while ranges:
        low, high = ranges.popleft()
        if low > high:
            continue
        try:
            rows = _read(connection, table, low, high)
        except sqlite3.Error:
            failures += 1
            if low == high:
                lost += 1
            elif failures > PATIENCE:
                end = None
            else:
                middle = (low + high) // 2
                ranges.extendleft([(middle + 1, high), (low, middle)])
            continue
        good = [row for row in rows if _plausible(table, row)]
        found.rows[table] += good
        lost += len(rows) - len(good)
    found.lost[table] = UNKNOWN if lost and end is None else lost


def _within(error: sqlite3.Error) -> bool:
    """Whether an error is about some pages of a table, and not the file as a whole."""
    text = str(error)
    return "not a database" not in text and "schema" not in text


def _last(connection: sqlite3.Connection, table: str) -> int | None:
    """The last row's number; None where the end cannot be read."""
    query = f"SELECT max(rowid) FROM {table}"
    try:
        return int(connection.execute(query).fetchone()[0] or 0)
    except sqlite3.Error:
        return None


def _read(connection: sqlite3.Connection, table: str, low: int, high: int) -> list[Row]:
    columns = ",".join(COLUMNS[table])
    rows = connection.execute(
        f"SELECT {columns} FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ? "
        "ORDER BY rowid",
        (low, high),
    )
    return [dict(row) for row in rows]


def _plausible(table: str, row: Row) -> bool:
    if not all(isinstance(row[name], kinds) for name, kinds in COLUMNS[table].items()):
        return False
    if table in STATES and row["state"] not in STATES[table]:
        return False
    if table == "event":
        return bool(checksum([row[name] for name in FIELDS]) == row["sum"])
    return True
