"""Points that were measured before, in whatever sweep, and are not run again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qexp.command import books, going
from qexp.declare.running import Resume
from qexp.planning.plan import Plan
from qexp.planning.wording import count

if TYPE_CHECKING:
    from qexp.command.session import Session


def reuse(opened: Session, planned: Plan) -> Plan:
    """Log again what was measured before, as `resume=always` asks.

    Args:
        opened: The command, with its sweep entered and its service open.
        planned: What the command declares.

    Returns:
        The plan of what is left.
    """
    if not planned.places:  # all of it is there, and was no part of another sweep
        return planned
    rules = planned.first.experiment.resume
    if rules.mode != "always":
        return planned
    entered = opened.entered
    assert entered is not None
    found = {
        point: row
        for point, row in entered.ledger.settled(list(planned.places)).items()
        if row["sweep"] != entered.book.id and _fits(opened, planned, point, row, rules)
    }
    if not found:
        return planned
    groups: dict[tuple[str, int], list[str]] = {}
    for point, row in found.items():
        groups.setdefault((row["sweep"], row["batch"]), []).append(point)
    for (sweep, batch), points in groups.items():
        entered.book.reuse(entered.ledger.book(sweep), batch, points)
    opened.screen.note(
        f"{count(len(found), 'point')} of {len(planned.places)} were measured before "
        f"and are used again"
    )
    for old in books.old_plans(entered):
        if old.source is not None and old.plan.places.keys() & found.keys():
            going.carry_on(opened, old.plan, before=False, source=old.source)
    return opened.plan_of(planned, only=planned.places.keys() - found.keys())


def _fits(
    opened: Session, planned: Plan, point: str, row: dict[str, Any], rules: Resume
) -> bool:
    """Whether a measurement still says what one of today would."""
    if not planned.paid:
        return True  # the device and the program are part of the point's identity
    if rules.max_age is not None:
        return 0 <= time.time() - float(row["at"]) <= rules.max_age
    assert opened.runner is not None
    now = opened.runner.calibrated(planned.places[point].cell.device_name)
    return now is not None and row["calibrated"] == now
