"""Records that wait to be written to MLflow, and go there many at once."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qexp.errors import TrackingError
from qexp.promise import Promise
from qexp.track.client import Tracker

if TYPE_CHECKING:  # it imports terra, which the tracker's process is made to run beside
    from qexp.track.record import Record

KEPT = 256
"""Most records that are kept while MLflow is away; of more there is the ledger alone."""

BATCH = 64
"""Most records that are written at once."""

BATCH_SIZE = 4_000_000
"""Characters of artifacts after which a batch is full."""

Make = Callable[["str | None"], "Record"]
Note = Callable[[str], None]


@dataclass(eq=False)  # one is not another with the same content
class Entry:
    """A record that is to be written.

    Attributes:
        make: Gives the record, from the run of the sweep.
        note: Is told the run's id.
        again: Whether the run may be there already.
        run_id: The run's id, once it is written.
    """

    make: Make
    note: Note
    again: bool
    run_id: Promise[str] = field(default_factory=Promise)


class Waiting:
    """What is to be written, in the order in which it came.

    `put` is for every thread; the others are for the one that writes.

    Attributes:
        written: How many have been written.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._come: deque[Entry] = deque()
        self._late: deque[Entry] = deque()
        self.written = 0

    def put(self, entry: Entry) -> None:
        """Add one."""
        self._come.append(entry)

    def gather(self) -> None:
        """Take over what has been put."""
        while self._come:
            self._late.append(self._come.popleft())

    def write(self, tracker: Tracker, parent: Callable[[], str | None]) -> None:
        """Write all, and what comes meanwhile.

        Args:
            tracker: Where to; it is open.
            parent: Gives the run that the records belong to.

        Raises:
            TrackingError: MLflow refused; what it has not taken goes on waiting.
            BaseException: A record could not be made, which waits no more, or its run
                could not be noted, which is written.
        """
        try:
            while self._late:
                self._write(self._batch(parent), tracker)
                self.gather()
        except BaseException:
            for entry in self._late:  # as a whole or in part
                entry.again = True
            raise

    def _batch(self, parent: Callable[[], str | None]) -> list[Record]:
        """Records of the first entries: what has come while others were written."""
        made: list[Record] = []
        size = 0
        for entry in itertools.islice(self._late, BATCH):
            try:
                made.append(entry.make(parent()))
            except Exception as error:
                if made:
                    break  # the ones before it first
                self._late.popleft().run_id.set_exception(error)
                raise
            size += sum(map(len, made[-1].files.values()))
            if size > BATCH_SIZE:
                break
        return made

    def _write(self, records: list[Record], tracker: Tracker) -> None:
        entries = list(itertools.islice(self._late, len(records)))
        pairs = [(r, entry.again) for r, entry in zip(records, entries, strict=True)]
        logged = tracker.log(pairs)
        wrong: list[BaseException] = []
        # all of them first: what is written must not wait to be written
        for entry, run_id in zip(entries, logged, strict=True):
            if isinstance(run_id, str):
                self._late.remove(entry)
                self.written += 1
                wrong += _noted(entry, run_id)
        for error in [*wrong, *logged]:
            if isinstance(error, BaseException):
                raise error

    def shorten(self, most: int, error: BaseException | None) -> None:
        """Give up the last ones where there are more than some.

        Args:
            most: How many may wait.
            error: Why they are not written; None: there are too many.
        """
        while len(self._late) > most:
            entry = self._late.pop()
            entry.run_id.set_exception(error or _too_many())


def _noted(entry: Entry, run_id: str) -> list[BaseException]:
    try:
        entry.note(run_id)
    except BaseException as error:
        entry.run_id.set_exception(error)
        return [error]
    entry.run_id.set_result(run_id)
    return []


def _too_many() -> TrackingError:
    return TrackingError(f"more than {KEPT} runs wait to be written")
