"""A new ledger of all that is left of a damaged one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from qexp.errors import LedgerError
from qexp.ledger import health
from qexp.ledger.database import Damaged, Database, Row
from qexp.ledger.holding import GLANCE, LOCK, owner
from qexp.ledger.looking import look
from qexp.ledger.rebuild import Rebuilt, about, rebuild
from qexp.ledger.salvage import COLUMNS, Salvaged, salvage
from qexp.ledger.workspace import GATE, LEDGER, of_sweep

BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file."""


@dataclass
class Recovered:
    """What became of a ledger.

    Attributes:
        wrong: What was wrong with it; None where nothing was, and nothing was done.
        kept: Rows that could be read, by table.
        lost: Rows that could not, by table; None where their number is not known.
        sweeps: The sweeps of the new ledger.
        nameless: Sweeps of which only rows without a name are left; they are not kept.
        aside: Where the damaged one is now; None where there was none.
    """

    wrong: str | None
    kept: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int | None] = field(default_factory=dict)
    sweeps: list[Rebuilt] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    aside: Path | None = None


def recover(folder: Path) -> Recovered:
    """Make a new ledger of a damaged one; one that is sound is left as it is.

    Args:
        folder: The workspace.

    Raises:
        LedgerError: A process runs one of its sweeps, or it cannot be written.
    """
    with _alone(folder):
        wrong = _wrong(folder)
        if wrong is None:
            return Recovered(None)
        try:
            return _recover(folder, wrong)
        except OSError as error:
            raise LedgerError(
                f"{folder}: cannot be written ({error.strerror}). The ledger is as it was."
            ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have no other process begin or run a sweep."""
    gate = FileLock(folder / GATE, timeout=0)
    try:
        gate.acquire()
    except Timeout:
        raise LedgerError(
            f"{folder}: another process is beginning a sweep, or recovers. Nothing was "
            "done."
        ) from None
    except OSError as error:
        raise LedgerError(f"{folder}: {error.strerror}.") from error
    with ExitStack() as taken:
        taken.callback(gate.release)
        for one in sorted((folder / "sweeps").glob("*")):
            taken.enter_context(_taken(one))
        yield


@contextmanager
def _taken(folder: Path) -> Iterator[None]:
    """Hold a sweep, and not only see that nobody does: it might be taken meanwhile."""
    lock = FileLock(folder / LOCK, timeout=GLANCE, poll_interval=0.01)
    try:
        lock.acquire()
    except Timeout:
        raise LedgerError(
            f"sweep {folder.name} is being run by {owner(folder)}. Nothing was done: "
            "recover works alone. End that process first."
        ) from None
    except OSError as error:
        raise LedgerError(f"{folder}: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def _wrong(folder: Path) -> str | None:
    try:
        health.require_there(folder)
        if (folder / LEDGER).exists():
            look(folder / LEDGER, health.require)
    except Damaged as error:
        return error.what
    return None


def _recover(folder: Path, wrong: str) -> Recovered:
    file = folder / LEDGER
    read = salvage(file)
    found = Recovered(wrong, lost=dict(read.lost))
    found.kept = {table: len(rows) for table, rows in read.rows.items()}
    found.sweeps, found.nameless = _sweeps(folder, read)
    new = folder / f"{LEDGER}.new"
    _remove(new)
    _write(new, found.sweeps)
    found.aside = _set_aside(file)
    for end in BESIDE:  # of the old one: it would be taken for the new one's
        file.with_name(file.name + end).unlink(missing_ok=True)
    new.replace(file)
    return found


def _sweeps(folder: Path, read: Salvaged) -> tuple[list[Rebuilt], list[str]]:
    by_sweep: dict[str, dict[str, list[Row]]] = {}
    for table, rows in read.rows.items():
        for row in rows if table != "sweep" else ():
            own = by_sweep.setdefault(row["sweep"], {})
            own.setdefault(table, []).append(row)
    known = {row["id"]: row for row in read.rows["sweep"]}
    for one in sorted((folder / "sweeps").glob("*")):
        told = about(one)
        if told is not None and told["id"] == one.name:
            there = known.get(one.name, told)
            known[one.name] = {**told, "state": there["state"], "asked": None}
    empty: dict[str, list[Row]] = {t: [] for t in COLUMNS if t != "sweep"}
    found = [
        rebuild(row, of_sweep(folder, id_), {**empty, **by_sweep.get(id_, {})})
        for id_, row in known.items()
    ]
    found.sort(key=lambda one: float(one.sweep["created"]))
    return found, sorted(by_sweep.keys() - known.keys())


def _write(file: Path, sweeps: list[Rebuilt]) -> None:
    database = Database(file, new=True)
    database.durable(True)
    try:
        with database.transaction():
            for one in sweeps:
                _insert(database, "sweep", [one.sweep])
                for table, rows in one.rows.items():
                    _insert(database, table, rows)
    finally:
        database.close()


def _insert(database: Database, table: str, rows: list[Row]) -> None:
    columns = list(COLUMNS[table])
    marks = ",".join("?" * len(columns))
    database.many(
        f"INSERT OR REPLACE INTO {table} ({','.join(columns)}) VALUES ({marks})",
        [tuple(row[column] for column in columns) for row in rows],
    )


def _set_aside(file: Path) -> Path | None:
    """Keep a damaged ledger under another name, with what SQLite has beside it."""
    if not file.exists():
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside, number = file.with_name(f"{file.name}.damaged-{stamp}"), 1
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.name}.damaged-{stamp}-{number}")
    shutil.copy2(file, aside)
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size:
        shutil.copy2(log, aside.with_name(f"{aside.name}-wal"))
    return aside


def _remove(file: Path) -> None:
    for end in ("", *BESIDE):
        file.with_name(file.name + end).unlink(missing_ok=True)
