"""The run of a sweep, where it starts before or beside the plan of its points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qexp
from qexp.command.interrupt import from_here_on
from qexp.track.logbook import Logbook
from qexp.track.record import Record
from qexp.track.sweep import parent

if TYPE_CHECKING:
    from qexp.planning.plan import Plan


def begin(
    logbook: Logbook, whole: Plan | None, *, name: str, sweep: str, seed: int
) -> None:
    """Start the run of a sweep, unless it is there.

    Args:
        logbook: MLflow.
        whole: The plan of the whole sweep; None where its points are chosen meanwhile.
        name: The MLflow experiment.
        sweep: Id of the sweep.
        seed: The sweep's seed.
    """
    from_here_on()
    logbook.open(name)
    logbook.start(parent(whole) if whole is not None else _open(name, sweep, seed))


def _open(name: str, sweep: str, seed: int) -> Record:
    """The run of a sweep of which nothing else is known."""
    return Record(
        name=f"{name}: a sweep",
        params={"experiment": name, "seed": str(seed)},
        metrics={},
        tags={"qexp.sweep": sweep, "qexp.version": qexp.__version__},
    )
