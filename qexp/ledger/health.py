"""Whether a ledger is what was written."""

from __future__ import annotations

from pathlib import Path

from qexp.ledger.database import Damaged, Database
from qexp.ledger.page import checksum
from qexp.ledger.workspace import LEDGER, begun

FIELDS = ("at", "sweep", "submission", "kind", "detail")
"""Of an event, those that its checksum is of."""


def wrong(database: Database) -> str | None:
    """What is wrong with the ledger as a whole, None where nothing is.

    SQLite looks at the form of its pages (about 2 ms for each MB); an event's checksum
    tells of a page that has the form and not the content.
    """
    found = database.sound()
    if found is not None or database.empty:
        return found
    for row in database.rows("SELECT * FROM event"):
        if checksum([row[field] for field in FIELDS]) != row["sum"]:
            return f"event {row['n']} is not what was written"
    return None


def require(database: Database) -> None:
    """Refuse to work on a ledger that is damaged.

    Raises:
        Damaged: It is; says how, and what to do.
    """
    found = wrong(database)
    if found is not None:
        raise Damaged(database.file, found)


def require_there(folder: Path) -> None:
    """Refuse to make a new ledger where one is gone: its jobs would be sent again.

    Args:
        folder: The workspace.

    Raises:
        Damaged: There are sweeps, and no ledger of them.
    """
    # in this order: who begins the first sweep makes the ledger before it
    sweeps, file = begun(folder), folder / LEDGER
    if not sweeps:
        return
    if not file.exists():
        raise Damaged(file, "it is gone")
    if file.stat().st_size == 0:
        raise Damaged(file, "it is empty")
