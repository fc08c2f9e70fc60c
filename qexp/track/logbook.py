"""MLflow beside the work: records are written while others are still being measured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from qexp.track.client import Tracker

if TYPE_CHECKING:  # it imports terra, which the tracker's process is made to run beside
    from qexp.track.record import Record

WAITING = 64
"""Most records that wait to be written; whoever brings more waits."""

T = TypeVar("T")


class Logbook:
    """One MLflow experiment, written in order by a thread of its own.

    Attributes:
        written: How many runs of points have been written.
    """

    def __init__(self, tracker: Tracker) -> None:
        """Take over a tracker that is not open yet."""
        self._tracker = tracker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="qexp-logbook")
        self._room = threading.BoundedSemaphore(WAITING)
        self._error: BaseException | None = None
        self._ready: Future[None] | None = None
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

    def open(self, experiment: str) -> None:
        """Open an experiment, or create it; what goes wrong is told by `require`."""
        if self._ready is None:
            self._tracker.open(experiment)
            self._ready = self._submit(self._tracker.ready)

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

    def start(self, record: Record) -> None:
        """Start the run of the sweep, unless there is one."""
        if self._parent is None:
            self._parent = self._submit(self._tracker.start, record)

    def log(self, make: Callable[[str | None], Record]) -> Future[str]:
        """Write a run.

        Args:
            make: Gives the record, from the run of the sweep that it belongs to.

        Returns:
            The id of the run, once it is written.
        """
        self._room.acquire()
        logged = self._submit(self._log, make)
        logged.add_done_callback(lambda _: self._room.release())
        return logged

    def _log(self, make: Callable[[str | None], Record]) -> str:
        run_id = self._tracker.log(make(self.parent))
        self.written += 1
        return run_id

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
        if self._parent is not None and self._owns_parent:
            run_id, steps = self._parent.result(), list(metrics)
            self._submit(
                self._tracker.finish, run_id, status, steps, files, dict(tags or {})
            ).result()
        self._owns_parent = False  # it has ended, whatever comes
        self.require()

    def children(self) -> list[dict[str, Any]]:
        """The runs of the sweep's points, whoever wrote them; waits until all is written.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self.require()
        return self._submit(self._tracker.children, self.parent).result()

    def add(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Add artifacts to a run that may be finished.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self._submit(self._tracker.add, run_id, files).result()

    def abandon(self, status: str) -> None:
        """End the run of the sweep in the middle; what waits to be written is not.

        Args:
            status: MLflow's word: FAILED or KILLED.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        self._thread.shutdown(wait=True, cancel_futures=True)
        parent = self._parent
        if parent is None or not self._owns_parent or parent.cancelled():
            return
        if parent.exception() is None:
            self._tracker.finish(parent.result(), status, [], {})

    def require(self) -> None:
        """Raise the first thing that went wrong, if anything did.

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
        if not future.cancelled() and self._error is None:
            self._error = future.exception()

    def close(self, *, at_once: bool = False) -> None:
        """End the tracker's process; what it was asked for before is finished first.

        Args:
            at_once: Do not wait for that.
        """
        self._thread.shutdown(wait=not at_once, cancel_futures=at_once)
        self._tracker.close(at_once=at_once)
