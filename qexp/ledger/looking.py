"""A ledger opened only to look: while others write it, and where nothing can be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from qexp.errors import LedgerError
from qexp.ledger.database import Database

Found = TypeVar("Found")


def look(file: Path, at: Callable[[Database], Found]) -> Found:
    """What a ledger says, which is left as it is, down to the files beside it.

    Args:
        file: The ledger's file; it is there.
        at: Reads it.

    Raises:
        LedgerError: It is damaged, or of another version.
    """
    log = file.with_name(f"{file.name}-wal")
    if not log.exists():  # nobody has it open
        before = _stamp(file)
        try:
            found = _look(file, at, immutable=True)
        except LedgerError:
            if (_stamp(file), log.exists()) == (before, False):
                raise
        else:
            if (_stamp(file), log.exists()) == (before, False):
                return found
        # somebody has begun to write meanwhile
    if os.access(file.parent, os.W_OK):  # SQLite needs a file of its own beside the log
        return _look(file, at)
    with tempfile.TemporaryDirectory() as folder:
        for one in (file, log):
            if one.exists():
                shutil.copy(one, folder)
        return _look(Path(folder) / file.name, at)


def _look(file: Path, at: Callable[[Database], Found], **how: bool) -> Found:
    database = Database(file, readonly=True, **how)
    try:
        with database.moment():
            return at(database)
    finally:
        database.close()


def _stamp(file: Path) -> tuple[int, int]:
    known = file.stat()
    return known.st_mtime_ns, known.st_size
