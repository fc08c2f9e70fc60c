"""The ledger of a command: the sweep that it goes on with, or begins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import qexp
from qexp.ledger.book import Book
from qexp.ledger.ledger import Ledger
from qexp.ledger.records import Planned
from qexp.ledger.workspace import home
from qexp.secrets import hide
from qexp.streamed import in_bytes
from qexp.track.target import Target

if TYPE_CHECKING:  # they import terra, which MLflow's process is started before
    from qexp.declare.running import Resume
    from qexp.planning.plan import Plan


@dataclass(frozen=True)
class Entered:
    """A sweep that this command works on.

    Attributes:
        ledger: The workspace.
        book: The sweep.
        before: Whether an earlier process began it.
        own: Whether this process answers for it, and not the one that sent it on an
            errand.
    """

    ledger: Ledger
    book: Book
    before: bool
    own: bool = True


def enter(
    key: str,
    *,
    name: str,
    service: str,
    seed: int,
    fixed_seed: int | None,
    swept: bool,
    resume: Resume,
    command: Sequence[str],
    target: Target,
) -> Entered:
    """Go on with the unfinished sweep of a key, or begin one.

    Args:
        key: The key.
        name: The MLflow experiment.
        service: The kind of the service.
        seed: The seed of a new sweep.
        fixed_seed: The seed that the user set, if any.
        swept: Whether it is a sweep, and not a single point.
        resume: What to do where there is one.
        command: The command line.
        target: The MLflow store.

    Raises:
        LedgerError: Another process runs it, or the ledger cannot be used.
    """
    ledger = Ledger(home())
    try:
        book, before = ledger.enter(
            key,
            fixed=fixed_seed,
            fresh=resume.mode == "never",
            name=name,
            service=service,
            seed=seed,
            command=[hide(one) for one in command],
            store=target.name,
            version=qexp.__version__,
            swept=swept,
        )
    except BaseException:
        ledger.close()
        raise
    return Entered(ledger, book, before)


def register(entered: Entered, planned: Plan) -> Plan:
    """Write a plan down before anything of it is sent; the plan as that of the sweep."""
    from qexp.planning.frozen import frozen, marked
    from qexp.planning.price import price

    book = entered.book
    listed = [
        Planned(
            id=one.id,
            number=one.number,
            device=one.device.name,
            circuits=one.size,
            points=tuple(p.name for p in one.parts if p.name in planned.places),
            seconds=seconds,
        )
        for one, seconds in zip(planned.submissions, price(planned).jobs, strict=True)
    ]
    book.add(in_bytes(frozen(planned)), listed)
    return marked(planned, _marks(book, planned), book.id)


def _marks(book: Book, planned: Plan) -> dict[str, str]:
    known = book.submissions()
    return {one.id: known[one.id].mark for one in planned.submissions}


@dataclass(frozen=True)
class Old:
    """A plan that an earlier process has made, or that was taken over.

    Attributes:
        plan: The plan, with the points that stand in it and in no later one.
        changed: What is not as it was when the plan was made.
        source: The sweep that has measured it, where that is another.
    """

    plan: Plan
    changed: tuple[str, ...]
    source: str | None


def old_plans(entered: Entered) -> list[Old]:
    """The plans of a sweep that are in the ledger."""
    from qexp.planning.frozen import thaw

    book = entered.book
    found, batches = [], book.batches()
    for number, content in book.plans().items():
        source, own = batches[number]
        thawed = thaw(content)
        found.append(Old(_own(book, thawed.plan, own), thawed.changed, source))
    return found


def _own(book: Book, plan: Plan, points: Collection[str]) -> Plan:
    """A plan of earlier as that of this sweep, with some of its points."""
    from qexp.planning.frozen import marked

    known = book.submissions()
    submissions = tuple(one for one in plan.submissions if one.id in known)
    places = {k: v for k, v in plan.places.items() if k in points}
    own = replace(plan, submissions=submissions, places=places)
    return marked(own, _marks(book, own), book.id)


def finished(entered: Entered, target: Target) -> bool:
    """Whether nothing of a sweep is left to do, in the ledger or in MLflow."""
    states = entered.book.points()
    logged = entered.book.runs(target.name)
    return all(
        state == "cancelled" or (state in ("done", "failed") and point in logged)
        for point, state in states.items()
    )


def over(book: Book) -> bool:
    """Whether no point of a sweep is left to be run."""
    return "planned" not in book.points().values()


def leave(entered: Entered, target: Target, *, ended: bool) -> None:
    """Write down how far a sweep is, and give it back.

    Args:
        entered: The sweep.
        target: The MLflow store.
        ended: Whether the command has ended as it should; if not, a sweep of which
            nothing was sent is forgotten, unless MLflow has a run of it.
    """
    book, ledger = entered.book, entered.ledger
    if entered.own:
        if ended and finished(entered, target):
            cancelled = "cancelled" in book.points().values()
            book.close("cancelled" if cancelled else "done")
        elif not entered.before and untouched(book) and not book.runs(target.name):
            # another sweep of this id would find the run of this one in MLflow
            ledger.forget(book.id)
    ledger.close()


def untouched(book: Book) -> bool:
    """Whether nothing of a sweep was ever sent."""
    submissions = book.submissions().values()
    return all(one.state == "planned" and one.job is None for one in submissions)


def state_of(entered: Entered) -> dict[str, Any]:
    """Points of a sweep by state."""
    counts: dict[str, int] = {}
    for state in entered.book.points().values():
        counts[state] = counts.get(state, 0) + 1
    return counts
