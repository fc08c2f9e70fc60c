"""Where a workspace is, and what lies where in it."""

from __future__ import annotations

import os
from pathlib import Path

from qexp.errors import LedgerError

VARIABLE = "QEXP_HOME"
"""Environment variable with the folder of the workspace; unset it is `./.qexp`."""

LEDGER = "ledger.db"

GATE = "enter.lock"
"""A file under which a sweep is begun."""

ABOUT = "sweep.json"
"""What a sweep's folder holds of its row, for a ledger that has to be made again."""


def home() -> Path:
    """The folder of the workspace, whether it is there or not."""
    return Path(os.environ.get(VARIABLE) or ".qexp").absolute()


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
