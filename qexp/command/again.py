"""The verbs that go on with a sweep: `resume` and `sync`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qexp.command import books, conclude, ending, going
from qexp.command import session as sessions
from qexp.command.answered import counted
from qexp.command.books import Old
from qexp.command.chosen import choose, reopen, split, workspace
from qexp.command.dispatch import kept
from qexp.command.run import run
from qexp.command.session import Session
from qexp.command.watch import Watch
from qexp.errors import ConfigError
from qexp.ledger.database import Row
from qexp.ledger.ledger import Taken
from qexp.planning.plan import Plan, plan
from qexp.planning.wording import count
from qexp.services import Reading
from qexp.services.connect import offline
from qexp.shown.screen import Screen


def resume(arguments: list[str], screen: Screen) -> int:
    """Go on with an unfinished sweep; with `--failed` run again what failed.

    Returns:
        The exit status.

    Raises:
        QexpError: There is no such sweep, or it cannot go on.
    """
    names, values, flags = split(arguments, "resume", ("--failed",))
    if len(names) > 1:
        raise ConfigError(
            f"resume goes on with one sweep, not with {', '.join(names)}."
        )
    retry = "--failed" in flags
    with sessions.session(screen) as opened:
        ledger = workspace()
        if retry and not names:
            names = ledger.with_failures()[:1]
        row = choose(ledger, next(iter(names), None), unfinished=not retry)
        plans, experiment = reopen(opened, ledger, row, values)
        if retry:
            _plan_failed(opened, [one.plan for one in plans])
        going.begin(opened, plans[0].plan, experiment)
        if opened.finished:
            ending.conclude(opened)
            if opened.finished[-1].plan.reproduces is not None:
                from qexp.command.reproduce import judge  # it imports MLflow

                return judge(opened)
        return opened.status


def _plan_failed(opened: Session, plans: list[Plan]) -> None:
    """Write a plan down in which the points that failed are run again.

    Raises:
        ConfigError: None has failed.
    """
    assert opened.entered is not None
    book = opened.entered.book
    failed = {point for point, state in book.points().items() if state == "failed"}
    if not failed:
        raise ConfigError(f"sweep {book.id}: no point of it has failed.")
    for metric in dict.fromkeys(one.confirms for one in plans):  # repeats, fresh ones
        cells = [
            cell
            for one in plans
            for cell in one.cells
            if one.confirms == metric
            and any(p.cell is cell for k, p in one.places.items() if k in failed)
        ]
        if cells:
            made = plan(
                cells,
                swept=plans[0].swept,
                seed=book.row["seed"],
                part=True,
                start=len(book.submissions()),
                only=failed,
                confirms=metric,
            )
            books.register(opened.entered, replace(made, name=plans[0].name))
    book.close("open")
    opened.screen.note(f"{count(len(failed), 'point')} that failed will be run again")


def sync(arguments: list[str], screen: Screen) -> int:
    """Log what is in the ledger and not in MLflow.

    Returns:
        The exit status: 1 where something could not be logged.

    Raises:
        QexpError: There is no such sweep, or MLflow is not there.
    """
    names, values, _ = split(arguments, "sync")
    ledger = workspace()
    rows = [choose(ledger, name, unfinished=False) for name in names]
    rows = rows or [row for row in reversed(ledger.sweeps()) if row["store"]]
    ledger.close()
    status = 0
    for row in rows:
        status = max(status, _sync(row, values, screen, named=bool(names)))
    return status


def _sync(row: Row, values: Mapping[str, str], screen: Screen, *, named: bool) -> int:
    with sessions.session(screen) as opened:
        try:
            plans, experiment = reopen(opened, workspace(), row, values)
        except Taken as taken:
            if named:
                raise
            screen.note(str(taken))
            opened.entered = None
            return 0
        if opened.unreachable is not None:
            raise opened.unreachable
        opened.watch = Watch(experiment.budget)
        assert opened.entered is not None
        opened.watch.open(opened.entered.book)
        reader = offline(experiment.service)
        try:
            _log(opened, plans, reader)
        finally:
            reader.close()
        _tell(opened)
        return opened.status


def _tell(opened: Session) -> None:
    assert opened.entered is not None
    assert opened.logbook is not None
    together = conclude.joined(opened.finished)
    there = len(together.outcomes) - together.unlogged
    screen, id_ = opened.screen, opened.entered.book.id
    if opened.logbook.away is not None:
        screen.error(str(opened.logbook.away))
    screen.line(
        f"sweep {id_}: {count(opened.logbook.written, 'run')} logged, "
        f"{there - opened.logbook.written} were there"
    )


def _log(opened: Session, plans: list[Old], reader: Reading) -> None:
    assert opened.watch is not None
    assert opened.watch.book is not None
    assert opened.logbook is not None
    assert opened.target is not None
    for one in plans:
        opened.finished.append(
            run(
                one.plan,
                reader,
                opened.logbook,
                opened.screen,
                opened.watch,
                kept(one.plan, reader, opened.watch),
                store=opened.target.name,
                before=True,
                reused=going.reused(opened, one.plan, one.source),
            )
        )
    together = conclude.joined(opened.finished)
    over = books.over(opened.watch.book)
    if together.plan.swept and over and opened.logbook.away is None:
        complete = len(together.outcomes) == len(together.plan.places)
        status = "FINISHED" if complete else "KILLED"  # some were cancelled
        book = opened.watch.book
        found = conclude.found_by(
            together,
            opened.screen,
            lambda planned, points: counted(planned, book, reader, points),
        )
        conclude.finish(together, opened.logbook, status, {}, found)
        if found is not None:
            which = together.plan.first.experiment.tracking.pictures
            conclude.report(found, opened.logbook, opened.screen, which=which)
