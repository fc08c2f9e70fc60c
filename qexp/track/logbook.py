"""MLflow beside the work: records are written while others are still being measured.

Where MLflow is away nothing waits for it: what is to be written is kept for a while, and
tried again. What is not written in the end is in the ledger.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qexp.errors import TrackingError
from qexp.track.client import Tracker

if TYPE_CHECKING:  # it imports terra, which the tracker's process is made to run beside
    from qexp.track.record import Record

WAITING = 64
"""Most records that wait to be written; whoever brings more waits."""

KEPT = 256
"""Most records that are kept while MLflow is away; of more there is the ledger alone."""

AGAIN_SECONDS = 10.0
"""How long MLflow is left alone when it was away."""

T = TypeVar("T")
Note = Callable[[str], None]


BATCH = 64
"""Most records that are written at once."""

BATCH_SIZE = 4_000_000
"""Characters of artifacts after which a batch is full."""


@dataclass
class _Entry:
    """A record that is to be written.

    Attributes:
        make: Gives the record, from the run of the sweep.
        note: Is told the run's id.
        again: Whether the run may be there already.
        run_id: The run's id, once it is written.
    """

    make: Callable[[str | None], Record]
    note: Note
    again: bool
    run_id: Future[str]


class Logbook:
    """One MLflow experiment, written in order by a thread of its own.

    Attributes:
        written: How many runs of points have been written.
        opened: Whether the experiment has been open once.
    """

    def __init__(self, tracker: Tracker) -> None:
        """Take over a tracker that is not open yet."""
        self._tracker = tracker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="qexp-logbook")
        self._room = threading.BoundedSemaphore(WAITING)
        self._error: BaseException | None = None
        self._come: deque[_Entry] = deque()
        self._late: deque[_Entry] = deque()  # touched by the thread alone
        self._next_try = 0.0
        self._experiment: str | None = None
        self._lock: Path | None = None
        self._ready: Future[None] | None = None
        self._is_open = self.opened = False
        self._start: tuple[Record, Note, bool] | None = None
        self._parent: Future[str] | None = None
        self._owns_parent = True
        self.written = 0

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment, once it is open."""
        return self._tracker.experiment_id

    @property
    def parent(self) -> str | None:
        """The run of the sweep, None where there is none; waits until it is started."""
        return None if self._parent is None else self._parent.result()

    @property
    def away(self) -> BaseException | None:
        """What keeps MLflow from being written to; None where nothing does."""
        return self._error

    def open(self, experiment: str, lock: Path | None = None) -> None:
        """Open an experiment, or create it; what goes wrong is told by `require`.

        Args:
            experiment: Its name.
            lock: See `Tracker.open`.
        """
        if self._ready is None:
            self._experiment, self._lock = experiment, lock
            self._tracker.open(experiment, lock)
            self._ready = self._submit(self._opened)

    def _opened(self) -> None:
        self._tracker.ready()
        self._is_open = self.opened = True

    def ready(self) -> None:
        """Wait until the experiment is open.

        Raises:
            TrackingError: The store cannot be opened.
        """
        assert self._ready is not None
        self._ready.result()

    def belong(self, parent: str) -> None:
        """Log under a run that another process has started."""
        self._parent = Future()
        self._parent.set_result(parent)
        self._owns_parent = False

    def start(
        self, record: Record, note: Note = lambda run_id: None, *, again: bool = False
    ) -> None:
        """Start the run of the sweep, unless there is one.

        Args:
            record: The run.
            note: Is told its id once it is written.
            again: Whether it may be there already.
        """
        if self._parent is None:
            self._start, self._parent = (record, note, again), Future()
            self._submit(self._started)

    def _started(self) -> None:
        assert self._parent is not None
        if self._start is not None and self._is_open:
            record, note, again = self._start
            run_id = self._tracker.start(record, again=again)
            self._start = None
            note(run_id)
            self._parent.set_result(run_id)

    def present(self, sweep: str) -> list[dict[str, Any]]:
        """The runs that MLflow has of a sweep.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        return self._submit(self._tracker.present, sweep).result()

    def log(
        self,
        make: Callable[[str | None], Record],
        note: Note = lambda run_id: None,
        *,
        again: bool = False,
    ) -> Future[str]:
        """Write a run, now or when MLflow is back.

        Args:
            make: Gives the record, from the run of the sweep that it belongs to.
            note: Is told the id of the run once it is written.
            again: Whether it may be there already, as a whole or in part.

        Returns:
            The id of the run, once it is written.
        """
        entry = _Entry(make, note, again, Future())
        self._room.acquire()
        try:
            self._come.append(entry)
            self._thread.submit(self._enter)
        except RuntimeError:  # the logbook is closed
            self._room.release()
            raise
        return entry.run_id

    def _enter(self) -> None:
        self._gather()
        try:
            if self._error is None or time.monotonic() >= self._next_try:
                self._catch_up()
            while len(self._late) > KEPT:
                self._late.pop().run_id.set_exception(self._error or _too_many())
        finally:
            self._room.release()

    def _gather(self) -> None:
        while self._come:
            self._late.append(self._come.popleft())

    def _catch_up(self) -> None:
        """Write what waits, as far as MLflow takes it."""
        try:
            self._reopen()
            while self._late:
                self._write(self._batch())
                self._gather()
            self._error = None
        except TrackingError as error:
            self._look_first()
            self._away(error)
        except BaseException as error:  # no fault of MLflow's, so of a record's
            self._look_first()
            self._error = self._error or error

    def _look_first(self) -> None:
        """What waits may have been written, as a whole or in part."""
        for entry in self._late:
            entry.again = True

    def _batch(self) -> list[Record]:
        """Records of the first entries: what has come while others were written."""
        made: list[Record] = []
        size = 0
        for entry in itertools.islice(self._late, BATCH):
            try:
                made.append(entry.make(self.parent))
            except Exception as error:
                if made:
                    break  # the ones before it first
                self._late.popleft().run_id.set_exception(error)
                raise
            size += sum(map(len, made[-1].files.values()))
            if size > BATCH_SIZE:
                break
        return made

    def _write(self, records: list[Record]) -> None:
        entries = list(itertools.islice(self._late, len(records)))
        pairs = [(r, entry.again) for r, entry in zip(records, entries, strict=True)]
        logged = self._tracker.log(pairs)
        wrong: list[BaseException] = []
        # all of them first: what is written must not wait to be written
        for entry, run_id in zip(entries, logged, strict=True):
            if isinstance(run_id, str):
                self._late.remove(entry)
                self.written += 1
                wrong += self._noted(entry, run_id)
        for error in [*wrong, *logged]:
            if isinstance(error, BaseException):
                raise error

    def _noted(self, entry: _Entry, run_id: str) -> list[BaseException]:
        try:
            entry.note(run_id)
        except BaseException as error:
            entry.run_id.set_exception(error)
            return [error]
        entry.run_id.set_result(run_id)
        return []

    def _reopen(self) -> None:
        if not self._is_open and self._experiment is not None:
            self._tracker = self._tracker.again()
            self._tracker.open(self._experiment, self._lock)
            self._opened()
        self._started_if_needed()

    def _started_if_needed(self) -> None:
        if self._start is not None:
            record, note, _ = self._start
            self._start = (record, note, True)  # it may have been written in part
            self._started()

    def _away(self, error: BaseException) -> None:
        self._error = error
        self._next_try = time.monotonic() + AGAIN_SECONDS
        if not self._tracker.alive:
            self._is_open = False

    def catch_up(self) -> BaseException | None:
        """Write all that waits; what keeps it from that, if anything."""
        self._thread.submit(self._catch_up).result()
        return self._error

    def give_up(self) -> None:
        """Write no more of what still waits: it is in the ledger."""
        self._thread.submit(self._drop).result()

    def _drop(self) -> None:
        while self._late:
            self._late.popleft().run_id.set_exception(self._error or _too_many())

    def finish(
        self,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        files: Mapping[str, str],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """End the run of the sweep; waits until all is written.

        Raises:
            TrackingError: MLflow refused something; says why.
        """
        self.require()
        if self._parent is not None and self._owns_parent:
            run_id, steps = self._parent.result(), list(metrics)
            self._submit(
                self._tracker.finish, run_id, status, steps, files, dict(tags or {})
            ).result()
        self._owns_parent = False  # it has ended, whatever comes
        self.require()

    def settle(self) -> None:
        """Wait until all that was handed in is written.

        Raises:
            TrackingError: MLflow refused something; says why.
        """
        self._submit(lambda: None).result()

    def children(self) -> list[dict[str, Any]]:
        """The runs of the sweep's points, whoever wrote them; waits until all is written.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self.require()
        return self._submit(self._tracker.children, self.parent).result()

    def add(
        self,
        run_id: str,
        files: Mapping[str, bytes],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add artifacts and tags to a run that may be finished.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self._submit(self._tracker.add, run_id, files, dict(tags or {})).result()

    def abandon(self, status: str) -> None:
        """End the run of the sweep in the middle; what waits to be written is not.

        Args:
            status: MLflow's word: FAILED or KILLED.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self._thread.shutdown(wait=True, cancel_futures=True)
        parent = self._parent
        if parent is None or not self._owns_parent or not parent.done():
            return
        if not parent.cancelled() and parent.exception() is None:
            self._tracker.finish(parent.result(), status, [], {})

    def require(self) -> None:
        """Raise what keeps MLflow from being written to, if anything does.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        if self._error is not None:
            raise self._error

    def _submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        future = self._thread.submit(self._unless_failed, work, *arguments)
        future.add_done_callback(self._keep_error)
        return future

    def _unless_failed(self, work: Callable[..., T], *arguments: object) -> T:
        # what comes after an error would only hide it
        self.require()
        return work(*arguments)

    def _keep_error(self, future: Future[T]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None and self._error is None:
            self._away(error)

    def close(self, *, at_once: bool = False) -> None:
        """End the tracker's process; what it was asked for before is finished first.

        Args:
            at_once: Do not wait for that.
        """
        self._thread.shutdown(wait=not at_once, cancel_futures=at_once)
        self._tracker.close(at_once=at_once)


def _too_many() -> TrackingError:
    return TrackingError(f"more than {KEPT} runs wait to be written")
