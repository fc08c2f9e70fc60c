"""The run of a sweep, where it starts before or beside the plan of its points."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import qexp
from qexp.command.books import Entered
from qexp.command.interrupt import from_here_on
from qexp.track.logbook import Logbook
from qexp.track.record import Record
from qexp.track.sweep import parent

if TYPE_CHECKING:
    from qexp.planning.plan import Plan


def begin(
    logbook: Logbook,
    whole: Plan | None,
    entered: Entered,
    *,
    name: str,
    seed: int,
    store: str,
) -> None:
    """Start the run of a sweep, unless it is there.

    Args:
        logbook: MLflow.
        whole: The plan of the whole sweep; None where its points are chosen meanwhile.
        entered: The sweep in the ledger.
        name: The MLflow experiment.
        seed: The sweep's seed.
        store: The MLflow store, as the ledger names it.
    """
    from_here_on()
    book = entered.book
    logbook.open(name, book.writer_lock if entered.own else None)
    made = _open(name, book.id, seed) if whole is None else parent(whole)
    made.tags["qexp.sweep"] = book.id
    logbook.start(made, partial(book.logged, "", store), again=entered.before)


def _open(name: str, sweep: str, seed: int) -> Record:
    """The run of a sweep of which nothing else is known."""
    return Record(
        name=f"{name}: a sweep",
        params={"experiment": name, "seed": str(seed)},
        metrics={},
        tags={"qexp.sweep": sweep, "qexp.version": qexp.__version__},
    )
