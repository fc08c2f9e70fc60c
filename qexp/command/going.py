"""A command at work on its sweep: entered, gone on with, run plan by plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qexp.command import books
from qexp.command.dispatch import arrivals
from qexp.command.run import parts, run
from qexp.command.watch import Watch
from qexp.declare.config import Experiment
from qexp.errors import ConfigError
from qexp.ledger.ledger import Ledger
from qexp.ledger.workspace import LEDGER, home
from qexp.planning import budget
from qexp.planning.plan import Plan
from qexp.planning.wording import count
from qexp.services.connect import connect

if TYPE_CHECKING:
    from qexp.command.session import Session

OPERATIONAL = {
    "tracking",
    "resume",
    "budget",
    "wait",
    "on_unsure",
    "service",
    "seed",
    "max_points",
}
"""Keys that may differ from those that a sweep was planned with."""


def enter(opened: Session, planned: Plan) -> None:
    """Open the ledger, and the sweep in it.

    Args:
        opened: The command.
        planned: The plan of its sweep, or of the first batch of it.

    Raises:
        LedgerError: Another process runs it, or the ledger cannot be used.
        TrackingError: MLflow is away, and the sweep would be a new one.
    """
    assert opened.target is not None
    experiment = planned.first.experiment
    if opened.errand is not None:
        ledger = Ledger(home())
        book = ledger.join(opened.errand.sweep)
        opened.entered = books.Entered(ledger, book, before=False, own=False)
        return
    if opened.unreachable is not None and not (home() / LEDGER).exists():
        raise opened.unreachable
    opened.entered = books.enter(
        opened.sweep or planned.id,
        name=planned.name,
        service=experiment.service.kind,
        seed=planned.seed,
        fixed_seed=experiment.seed,
        swept=planned.swept,
        resume=experiment.resume,
        command=opened.command,
        target=opened.target,
    )
    opened.sweep = opened.entered.book.id
    if opened.unreachable is not None:
        if not opened.entered.before:
            raise opened.unreachable
        opened.screen.note(f"{opened.unreachable}\nResults are kept in the ledger.")


def begin(opened: Session, planned: Plan, experiment: Experiment) -> None:
    """Connect to the service, and run what earlier processes have left of the sweep.

    Args:
        opened: The command, with its sweep entered.
        planned: What will be run.
        experiment: Where its service is, and what it may spend.

    Raises:
        ConfigError: It would exceed the budget, or there is nothing to come back to.
        ServiceError: The service is not there.
        LedgerError: The ledger cannot be used.
    """
    entered = opened.entered
    assert entered is not None
    if not entered.before:
        budget.require(opened.whole or planned, experiment.budget)
    opened.watch = Watch(
        experiment.budget,
        experiment.on_unsure,
        wait=experiment.wait,
        screen=opened.screen,
    )
    opened.watch.open(entered.book)
    expected = parts(opened.whole or planned)
    opened.runner = connect(experiment.service, expected=expected, witness=opened.watch)
    if dashboard := getattr(opened.runner, "dashboard", None):
        opened.screen.note(f"the workers can be watched at {dashboard}")
    if not experiment.wait and not opened.runner.remembers:
        raise ConfigError(
            f"wait = false: service {experiment.service.kind} runs in this process, so "
            "nothing would be left to come back to. Leave it out."
        )
    if entered.before:
        go_on(opened, experiment)


def go_on(opened: Session, experiment: Experiment) -> None:
    """Run what earlier processes have left of the sweep.

    Args:
        opened: The command.
        experiment: What the command declares.
    """
    entered = opened.entered
    assert entered is not None
    opened.seed = entered.book.row["seed"]
    old = books.old_plans(entered)
    changed = list(dict.fromkeys(key for one in old for key in one.changed))
    if old:
        changed += _differences(old[0].plan.first.experiment, experiment)
    _tell(opened, changed)
    for one in old:
        opened.refused(one.plan)
        if one.plan.places or one.plan.invalid:
            carry_on(opened, one.plan, before=True, source=one.source)
        if opened.halted:
            break


def _differences(then: Experiment, now: Experiment) -> list[str]:
    return [
        name
        for name in type(then).model_fields
        if name not in OPERATIONAL and getattr(then, name) != getattr(now, name)
    ]


def _tell(opened: Session, changed: Sequence[str]) -> None:
    entered = opened.entered
    assert entered is not None
    states = books.state_of(entered)
    settled = sum(n for state, n in states.items() if state != "planned")
    total = sum(states.values())
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(entered.book.row["created"]))
    opened.screen.note(
        f"goes on with sweep {entered.book.id} of {begun}: {settled} of "
        f"{count(total, 'point')} are there"
    )
    if changed:
        opened.screen.note(
            f"changed since: {', '.join(changed)}. The sweep goes on as it was planned; "
            "resume=never starts another with what is declared now."
        )


def carry_on(
    opened: Session, planned: Plan, *, before: bool, source: str | None = None
) -> None:
    """Run a plan that is in the ledger.

    Args:
        opened: The command.
        planned: The plan.
        before: Whether an earlier process may have run some of it.
        source: The sweep that has measured it, where that is another.
    """
    assert opened.entered is not None
    assert opened.runner is not None
    assert opened.watch is not None
    assert opened.logbook is not None
    assert opened.target is not None
    lost = len(opened.entered.book.damaged)
    opened.finished.append(
        run(
            planned,
            opened.runner,
            opened.logbook,
            opened.screen,
            opened.watch,
            arrivals(planned, opened.runner, opened.watch),
            store=opened.target.name,
            before=before,
            reused=reused(opened, planned, source),
        )
    )
    damaged = opened.entered.book.damaged[lost:]
    if damaged:
        opened.screen.note(
            f"{count(len(damaged), 'answer')} on the disk were not what was written "
            f"({', '.join(damaged[:3])}); they were fetched or measured again"
        )


def reused(opened: Session, planned: Plan, source: str | None) -> dict[str, str]:
    """For points of another sweep their runs there, or that sweep where it has none."""
    if source is None:
        return {}
    assert opened.entered is not None
    assert opened.target is not None
    runs = opened.entered.ledger.runs(source, opened.target.name)
    return {point: runs.get(point, source) for point in planned.places}


def start(opened: Session, planned: Plan) -> None:
    """Write a plan down and run it."""
    assert opened.entered is not None
    assert opened.watch is not None
    registered = books.register(opened.entered, planned)
    opened.watch.look_up()
    carry_on(opened, registered, before=False)


def of_the_sweep(opened: Session, planned: Plan) -> Plan:
    """A batch under the id of its sweep, without what was refused before."""
    assert opened.sweep is not None
    return replace(planned, id=opened.sweep, invalid=tuple(opened.refused(planned)))
