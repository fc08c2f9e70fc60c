"""Promises broken on purpose, each of which a test of this folder has to notice.

`python -m tests.reliability.kills --broken NAME` runs the chain of boundaries so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def install(name: str) -> None:
    """Break a promise in this process."""
    BROKEN[name]()


def _late() -> None:
    """The intent is written after the request."""
    from qexp.command.watch import Watch

    kept: dict[str, Any] = {}
    sent, sending = Watch.sent, Watch.sending

    def later(self: Any, submission: Any, aside: Any) -> None:
        kept[submission.id] = aside

    def both(self: Any, submission: Any, job: Any) -> None:
        if submission.id in kept:
            sending(self, submission, kept.pop(submission.id))
        sent(self, submission, job)

    Watch.sending, Watch.sent = later, both  # type: ignore[method-assign]


def _blind() -> None:
    """A submission of which nobody knows is sent without a look."""
    from qexp.command import dispatch

    def found(unsure: Any, *_: Any) -> list[Any]:
        return list(unsure)

    dispatch._found = found


def _hasty() -> None:
    """MLflow is not asked whether it has a run already."""
    from qexp.track.client import Tracker

    log = Tracker.log

    def fresh(self: Any, records: Any) -> Any:
        return log(self, [(record, False) for record, _ in records])

    Tracker.log = fresh  # type: ignore[method-assign]


def _forgetful() -> None:
    """An answer is looked into before it is on the disk, and not written at all."""
    from qexp.ledger.book import Book

    def got(self: Any, submission: str, job: str, *_: Any, **named: Any) -> None:
        self._move(submission, "got", job=job)

    Book.got = got  # type: ignore[method-assign]


def _again() -> None:
    """What the ledger knows to be sent is sent again."""
    from qexp.command import dispatch

    dispatch._adopt = lambda one, job, runner, watch: runner.submit(one)


BROKEN: dict[str, Callable[[], None]] = {
    "intent after the request": _late,
    "no look-up": _blind,
    "no look into MLflow": _hasty,
    "answer not kept": _forgetful,
    "sent again": _again,
}
