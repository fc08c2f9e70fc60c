"""Where a workspace is, and what lies where in it."""

from __future__ import annotations

from pathlib import Path

from qexp.errors import LedgerError
from qexp.home import VARIABLE, home

__all__ = ["VARIABLE", "begun", "home", "make", "of_sweep"]

LEDGER = "ledger.db"

GATE = "enter.lock"
"""A file under which a sweep is begun."""

ABOUT = "sweep.json"
"""What a sweep's folder holds of its row, for a ledger that has to be made again."""


def make(folder: Path) -> Path:
    """The folder of a workspace, made where it is not there.

    Raises:
        LedgerError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignored = folder / ".gitignore"
        if not ignored.exists() and folder.name == ".qexp":
            # results of a folder that is under version control are no part of it
            ignored.write_text("*\n")
    except OSError as error:
        raise LedgerError(
            f"{folder}: the workspace cannot be made there ({error.strerror}). Run in a "
            f"folder that you may write to, or set {VARIABLE} to one."
        ) from error
    return folder


def of_sweep(folder: Path, sweep: str) -> Path:
    """The folder of a sweep: its plans, and its raw answers."""
    return folder / "sweeps" / sweep


def begun(folder: Path) -> list[str]:
    """The sweeps that have a folder which tells of them, by name."""
    found = (folder / "sweeps").glob(f"*/{ABOUT}")
    return sorted(file.parent.name for file in found)
