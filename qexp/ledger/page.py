"""What every step of a sweep in the ledger needs: its rows, its folder, its events."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qexp.ledger import files
from qexp.ledger.database import Database, Row
from qexp.ledger.records import ASIDE
from qexp.ledger.workspace import of_sweep


class Page:
    """The rows and the folder of one sweep."""

    def __init__(self, database: Database, folder: Path, row: Row) -> None:
        """Open a sweep that is there.

        Args:
            database: The ledger.
            folder: The workspace.
            row: Its row.
        """
        self._database = database
        self.folder = of_sweep(folder, row["id"])
        self.id: str = row["id"]
        self.row = row
        self.durable = row["service"] != "local"
        """Whether it must outlive a power cut: shots that were paid for."""
        self.damaged: list[str] = []
        """Answers that were safe once, and cannot be read any more."""

    def _rows(self, query: str, *more: Any) -> list[Row]:
        return self._database.rows(query, (self.id, *more))

    def _insert(self, table: str, row: Row) -> None:
        marks = ",".join("?" * len(row))
        self._database.run(
            f"INSERT OR REPLACE INTO {table} ({','.join(row)}) VALUES ({marks})",
            tuple(row.values()),
        )

    def _move(self, submission: str, state: str, **known: Any) -> None:
        """Set a submission's state, and the event that says when."""
        fields = {name: value for name, value in known.items() if value is not None}
        setting = "".join(f", {name}=?" for name in fields)
        with self._database.transaction():
            self._database.run(
                f"UPDATE submission SET state=?{setting} WHERE sweep=? AND id=?",
                (state, *fields.values(), self.id, submission),
            )
            self._event(submission, state, fields)

    def _event(self, submission: str | None, kind: str, detail: Row) -> None:
        text, now = json.dumps(detail, sort_keys=True), time.time()
        values = (now, self.id, submission, kind, text)
        self._database.run(
            "INSERT INTO event (at, sweep, submission, kind, detail, sum) "
            "VALUES (?,?,?,?,?,?)",
            (*values, checksum(values)),
        )

    def aside(self, submission: str) -> bytes | None:
        """What was known here when a submission was sent."""
        return files.get(self.folder / f"{submission}{ASIDE}")


def checksum(values: Sequence[Any]) -> int:
    """CRC-32 of an event's fields, which a damaged page would change."""
    return zlib.crc32(json.dumps(list(values)).encode())
