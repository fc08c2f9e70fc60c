"""The last step of a sweep that confirms: its best setting on fresh repeats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qexp.command import conclude, going
from qexp.command.session import Session
from qexp.planning.confirming import cells_of
from qexp.planning.plan import Plan, plan
from qexp.planning.wording import count

if TYPE_CHECKING:  # pandas takes its time
    from qexp.findings.analysed import Findings


def confirm(opened: Session) -> None:
    """Run the best setting of a sweep that is over on fresh repeats, if that is asked for.

    They are a plan of their own in the sweep's ledger: once that is written down, a later
    process goes on with it, and never chooses again.

    Args:
        opened: The command.

    Raises:
        QexpError: They cannot be run, or not be logged.
    """
    if not _due(opened):
        return
    together = conclude.joined(opened.finished)
    wanted = together.plan.first.experiment.confirm
    found = conclude.found_by(together, opened.screen)
    made = None if found is None else _planned(opened, together.plan, found)
    if made is None:
        opened.screen.note(
            f"confirm = {wanted}: no two settings were measured with every circuit, so "
            "there is no best one to confirm."
        )
        return
    going.start(opened, made)


def _due(opened: Session) -> bool:
    """Whether all is over but the confirmation, which nobody has begun."""
    if not opened.finished or opened.entered is None or opened.watch is None:
        return False
    plans = [one.plan for one in opened.finished]
    if not plans[0].swept or not plans[0].first.experiment.confirm:
        return False
    states = opened.entered.book.points().values()
    over = all(state in ("done", "failed") for state in states)
    return over and not opened.halted and not any(one.confirms for one in plans)


def _planned(opened: Session, whole: Plan, found: Findings) -> Plan | None:
    """The plan of the fresh repeats; None where no setting is the best."""
    from qexp.findings.best import in_words
    from qexp.findings.means import matching

    assert opened.entered is not None
    if found.main is None or found.main.best is None:
        return None
    winner = found.main.best.winner.options
    rows = matching(found.done, winner)
    made = plan(
        cells_of(whole, list(rows["point"])),
        swept=True,
        seed=whole.seed,
        part=True,
        start=len(opened.entered.book.submissions()),
        confirms=found.main.metric,
    )
    opened.screen.note(
        f"the best by {found.main.metric} is {in_words(winner)}; "
        f"{count(len(made.places), 'point')} on fresh repeats confirm it"
    )
    return replace(made, name=whole.name)
