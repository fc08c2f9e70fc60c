"""Worker processes for the embedded service, and the threads that tend them.

Each worker has two threads here, one that sends and one that receives, so that workers
never wait for the main thread, and the main thread never waits for a single worker.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from qexp.services import Arrival, State
from qexp.services.link import DROPPED, ENDED, READY, STARTED, Link, Server
from qexp.services.memory import named
from qexp.services.program import reason
from qexp.services.queues import Queues
from qexp.services.task import Task

STARTS = 3
"""How often a worker is started in vain before a task is given up for it."""


PAUSE = 0.3
"""Seconds before a worker is started again, for each time that it was in vain."""


class _Seat:
    """A worker's place, which outlives its process.

    Attributes:
        number: The worker's number.
        changed: Wakes the seat's threads; shares the pool's lock.
        link: The connection, while there is a process.
        pid: The process, once it has started.
        sent: What it was sent and has not answered, by message number, in order.
        running: Number of the message that it works on.
        recall: Whether what it has not begun is to be called back.
        unwanted: What was called back, by message number, until it has been answered.
        stillborn: How many processes in a row ended before they had started.
        doomed: Whether the process is to be ended, as soon as it has started.
    """

    def __init__(self, number: int, lock: threading.RLock) -> None:
        self.number = number
        self.changed = threading.Condition(lock)
        self.link: Link | None = None
        self.pid: int | None = None
        self.sent: dict[int, Task] = {}
        self.running: int | None = None
        self.recall = False
        self.unwanted: set[int] = set()
        self.stillborn = 0
        self.doomed = False

    def kill(self) -> None:
        """End the process, if it is to be ended and has started."""
        if self.doomed and self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Pool:
    """Runs tasks in worker processes."""

    def __init__(self, limit: int, memory: int | None = None) -> None:
        """Start the server; workers follow as they are wanted.

        Args:
            limit: Most workers.
            memory: Most bytes that each may take for its tasks; None is any. A task that
                needs more fails, or ends its worker, which is replaced.
        """
        self._memory = memory
        self._limit = limit
        self._lock = threading.RLock()
        self._arrived = threading.Condition(self._lock)
        self._ready: deque[Arrival] = deque()
        self._open = 0
        self._closed = False
        self._numbers = itertools.count()
        self._queues = Queues()
        self._seats: list[_Seat] = []
        self._threads: list[threading.Thread] = []
        self._server = Server(memory)

    dashboard = None

    @property
    def running(self) -> int:
        """How many workers work on a task."""
        with self._lock:
            return sum(seat.running is not None for seat in self._seats)

    def warm(self, tasks: int) -> None:
        """Start the workers that so many tasks can occupy."""
        with self._lock:
            for _ in range(len(self._seats), min(tasks, self._limit)):
                seat = _Seat(self._queues.add_worker(), self._lock)
                self._seats.append(seat)
                for target in (self._send, self._receive):
                    thread = threading.Thread(target=target, args=(seat,), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def put(self, tasks: Sequence[Task]) -> None:
        """Queue tasks."""
        with self._lock:
            self._open += len(tasks)
            self.warm(self._open)
            for task in tasks:
                self._queues.put(task)
            self._wake()

    def _wake(self) -> None:
        for seat in self._seats:
            if len(seat.sent) < 2 or seat.recall:
                seat.changed.notify_all()

    def arrivals(self) -> Iterator[Arrival]:
        """Answers as they come, until all are there."""
        while True:
            with self._lock:
                self._arrived.wait_for(lambda: self._ready or not self._open)
                if not self._ready:
                    return
                arrival = self._ready.popleft()
            yield arrival

    def drop(self, unwanted: Callable[[Task], bool]) -> None:
        """Forget tasks that no worker has."""
        with self._lock:
            for task in self._queues.drop(unwanted):
                self._cancelled(task)

    def end(self, unwanted: Callable[[Task], bool]) -> None:
        """Forget tasks, and end the workers that have one; what runs is answered."""
        with self._lock:
            self.drop(unwanted)
            for seat in self._seats:
                numbers = {n for n, task in seat.sent.items() if unwanted(task)}
                if numbers:
                    seat.unwanted |= numbers
                    seat.doomed = True
                    seat.kill()

    def stop(self) -> None:
        """Forget all tasks that no worker has begun."""
        with self._lock:
            self.drop(lambda task: True)
            for seat in self._seats:
                seat.recall = bool(seat.sent)
                seat.unwanted |= seat.sent.keys()
            self._wake()

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
            for seat in self._seats:
                seat.changed.notify_all()
        self._server.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _cancelled(self, task: Task) -> None:
        task.state = State.CANCELLED
        self._over()

    def _over(self, arrival: Arrival | None = None) -> None:
        self._open -= 1
        if arrival is not None:
            self._ready.append(arrival)
        self._arrived.notify_all()

    # -- the thread that sends

    def _send(self, seat: _Seat) -> None:
        while True:
            with self._lock:
                seat.changed.wait_for(lambda: self._closed or self._can_send(seat))
                if self._closed:
                    return
                link, recall, seat.recall = seat.link, seat.recall, False
                task = None if recall else self._queues.take(seat.number)
                number = next(self._numbers)
                if task is not None:
                    seat.sent[number] = task
            assert link is not None
            try:
                link.drop() if task is None else link.send(number, task)
            except OSError:
                pass  # the process has ended, and the other thread sees to that
            except Exception as error:
                self._unsendable(seat, number, error)

    def _can_send(self, seat: _Seat) -> bool:
        if seat.link is None:
            return False
        if seat.recall or not seat.sent:
            return seat.recall or len(self._queues) > 0
        # a second one hides the way to and fro, where enough is left for the others
        enough = len(self._queues) > len(self._seats)
        return len(seat.sent) < 2 and enough and self._queues.waiting(seat.number) > 0

    def _unsendable(self, seat: _Seat, number: int, error: Exception) -> None:
        with self._lock:
            task = seat.sent.pop(number, None)
            if task is not None:
                self._queues.finished(seat.number)
                what = (
                    f"the circuits cannot be sent to a worker process ({reason(error)})"
                )
                self._over(task.failed(f"{what}; run with one worker"))

    # -- the thread that receives

    def _receive(self, seat: _Seat) -> None:
        while not self._closed:
            link = self._server.fork()
            with self._lock:
                seat.link = link
                seat.changed.notify_all()
            for what, number, raw in link.told():
                with self._lock:
                    self._told(seat, what, number, raw)
            end = link.ended()
            with self._lock:
                if self._closed:
                    return
                self._bury(seat, self._epitaph(seat, end))
                # a server that is being killed takes a moment to be gone
                seat.changed.wait_for(lambda: self._closed, PAUSE * seat.stillborn)
                seat.changed.wait_for(lambda: self._closed or len(self._queues) > 0)

    def _epitaph(self, seat: _Seat, end: str) -> str:
        unknown = "unknown status" if seat.pid else "it could not be started"
        why = f"the worker process ended ({end or unknown})"
        if self._memory is None or not seat.pid:
            return why
        return f"{why}; it may take {named(self._memory)} of memory"

    def _told(self, seat: _Seat, what: str, number: int, raw: bytes) -> None:
        if what == READY:
            seat.pid, seat.stillborn = number, 0
            seat.kill()
        elif what == STARTED:
            seat.running = number
            seat.sent[number].state = State.RUNNING
        elif what == ENDED:
            seat.running = None
            self._answered(seat, number, raw)
        elif what == DROPPED:
            seat.unwanted.discard(number)
            self._queues.finished(seat.number)
            self._cancelled(seat.sent.pop(number))
            seat.changed.notify_all()

    def _answered(self, seat: _Seat, number: int, raw: bytes) -> None:
        seat.unwanted.discard(number)
        task = seat.sent.pop(number)
        self._queues.finished(seat.number)
        self._over(task.arrived(raw))
        seat.changed.notify_all()

    def _bury(self, seat: _Seat, why: str) -> None:
        """Answer for what an ended process was running, and queue the rest again.

        A process that ended while it started may have been unlucky, if the server was
        just being killed. Where no process starts, each takes a task with it, or they
        would be replaced for ever.
        """
        culprit = seat.running
        seat.stillborn += seat.pid is None
        hopeless = seat.stillborn >= STARTS
        if culprit is None and hopeless:
            culprit = next(iter(seat.sent), None)
        task = seat.sent.pop(culprit) if culprit is not None else None
        if task is None and hopeless:
            task = self._queues.take(seat.number)
        unwanted = [
            seat.sent.pop(number) for number in seat.unwanted & seat.sent.keys()
        ]
        self._queues.replaced(seat.number, list(seat.sent.values()))
        for one in unwanted:
            self._cancelled(one)
        seat.link, seat.pid, seat.running, seat.doomed = None, None, None, False
        seat.sent.clear()
        seat.unwanted.clear()
        if task is not None:
            self._over(task.failed(why))
        self._wake()
