"""MLflow beside the work: records are written while others are still being measured.

Where MLflow is away nothing waits for it: what is to be written is kept for a while, and
tried again. What is not written in the end is in the ledger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qexp.errors import TrackingError
from qexp.promise import Promise
from qexp.streamed import Text
from qexp.track.client import Tracker
from qexp.track.waiting import KEPT, Entry, Make, Note, Waiting

if TYPE_CHECKING:  # it imports terra, which the tracker's process is made to run beside
    from qexp.track.record import Record

WAITING = 64
"""Most records that wait to be written; whoever brings more waits."""

AGAIN_SECONDS = 10.0
"""How long MLflow is left alone when it was away."""

T = TypeVar("T")


class Logbook:
    """One MLflow experiment, written in order by a thread of its own.

    Attributes:
        opened: Whether the experiment has been open once.
    """

    def __init__(self, tracker: Tracker) -> None:
        """Take over a tracker that is not open yet."""
        self._tracker = tracker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="qexp-logbook")
        self._room = threading.BoundedSemaphore(WAITING)
        self._error: BaseException | None = None
        self._waiting = Waiting()
        self._next_try = 0.0
        self._experiment: str | None = None
        self._lock: Path | None = None
        self._ready: Future[None] | None = None
        self._is_open = self.opened = False
        self._start: tuple[Record, Note, bool] | None = None
        self._parent: Future[str] | None = None
        self._owns_parent = True

    @property
    def written(self) -> int:
        """How many runs of points have been written."""
        return self._waiting.written

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
        make: Make,
        note: Note = lambda run_id: None,
        *,
        again: bool = False,
    ) -> Promise[str]:
        """Write a run, now or when MLflow is back.

        Args:
            make: Gives the record, from the run of the sweep that it belongs to.
            note: Is told the id of the run once it is written.
            again: Whether it may be there already, as a whole or in part.

        Returns:
            The id of the run, once it is written.
        """
        entry = Entry(make, note, again)
        self._room.acquire()
        try:
            self._waiting.put(entry)
            self._thread.submit(self._enter)
        except RuntimeError:  # the logbook is closed
            self._room.release()
            raise
        return entry.run_id

    def _enter(self) -> None:
        self._waiting.gather()
        try:
            if self._error is None or time.monotonic() >= self._next_try:
                self._catch_up()
            self._waiting.shorten(KEPT, self._error)
        finally:
            self._room.release()

    def _catch_up(self) -> None:
        """Write what waits, as far as MLflow takes it."""
        try:
            self._reopen()
            self._waiting.write(self._tracker, lambda: self.parent)
            self._error = None
        except TrackingError as error:
            self._away(error)
        except BaseException as error:  # no fault of MLflow's, so of a record's
            self._error = self._error or error

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
        self._thread.submit(self._waiting.shorten, 0, self._error).result()

    def finish(
        self,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        files: Mapping[str, Text],
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
