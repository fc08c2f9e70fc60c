"""The verb `recover`: a new ledger of all that is left of a damaged one."""

from __future__ import annotations

from collections.abc import Sequence

from qexp.errors import ConfigError, QexpError
from qexp.ledger.recover import Recovered, recover
from qexp.ledger.salvage import UNKNOWN
from qexp.ledger.workspace import LEDGER, home
from qexp.shown.screen import Screen

NAMES = {
    "sweep": "sweeps",
    "batch": "plans",
    "submission": "jobs",
    "point": "points",
    "answer": "answers",
    "run": "runs in MLflow",
    "event": "events",
}
"""What the rows of each table are, for who reads of them."""


def main(arguments: Sequence[str]) -> int:
    """Run the verb.

    Args:
        arguments: What follows it.

    Returns:
        The exit status.
    """
    screen = Screen()
    try:
        if arguments:
            raise ConfigError(f"recover takes no arguments, not {' '.join(arguments)}.")
        folder = home()
        if not folder.is_dir():
            raise ConfigError(
                f"{folder}: no workspace, so there is no ledger to recover. Run in the "
                "folder where the sweep was started, or set QEXP_HOME."
            )
        tell(recover(folder), screen)
    except QexpError as error:
        screen.error(str(error))
        return error.exit_status
    return 0


def tell(found: Recovered, screen: Screen) -> None:
    """Say what was kept, what was lost, and how to go on."""
    if found.wrong is None:
        screen.line(
            f"{home() / LEDGER}: nothing is wrong with it, and nothing was done."
        )
        return
    screen.line(f"the ledger was damaged: {found.wrong}")
    if found.aside is not None:
        screen.line(f"it is kept as {found.aside}")
    screen.line()
    made: dict[str, int] = {}
    for sweep in found.sweeps:
        for table, number in sweep.made.items():
            made[table] = made.get(table, 0) + number
    screen.table(
        ("", "read", "not readable", "made from files"),
        [
            (
                name,
                str(found.kept[table]),
                _number(found.lost[table]),
                str(made.get(table, 0) or ""),
            )
            for table, name in NAMES.items()
        ],
    )
    screen.line()
    for sweep in found.sweeps:
        _sweep(sweep.sweep, sweep.unreadable, sweep.unsure, screen)
    if found.nameless:
        screen.note(
            f"of {', '.join(found.nameless)} too little is left to go on; they are left "
            "out. Their answers, if any, stay in the workspace."
        )


def _number(lost: int | None) -> str:
    if lost == UNKNOWN:
        return "some"
    return "all" if lost is None else str(lost or "")


def _sweep(
    row: dict[str, str], unreadable: list[str], unsure: list[str], screen: Screen
) -> None:
    if row["state"] == "open":
        screen.line(
            f"sweep {row['id']} ({row['name']}) goes on with `python -m qexp resume "
            f"{row['id']}`"
        )
    if unreadable:
        screen.note(
            f"sweep {row['id']}: {len(unreadable)} of its files are not what was written "
            f"({', '.join(unreadable[:3])}); what they held is fetched or measured again"
        )
    if unsure:
        screen.note(
            f"sweep {row['id']}: whether the service has {', '.join(unsure[:5])} is not "
            "known here; it will be asked before anything is sent"
        )
