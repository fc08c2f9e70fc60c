"""Which worker runs which task: equal compilations together, and nobody idle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qexp.services.task import Task


class Queues:
    """A queue for each worker."""

    def __init__(self) -> None:
        """Start without workers."""
        self._queues: list[deque[Task]] = []
        self._taken: list[int] = []
        self._begun: list[set[str]] = []
        self._home: dict[str, int] = {}

    def __len__(self) -> int:
        """Tasks that wait."""
        return sum(map(len, self._queues))

    def add_worker(self) -> int:
        """Add a worker; its number, from 0."""
        self._queues.append(deque())
        self._taken.append(0)
        self._begun.append(set())
        return len(self._queues) - 1

    def put(self, task: Task) -> None:
        """Queue a task where its compilation is, or else where least waits."""
        if task.key not in self._home:
            workers = range(len(self._queues))
            self._home[task.key] = min(workers, key=self._load)
        self._queues[self._home[task.key]].append(task)

    def _load(self, worker: int) -> int:
        return len(self._queues[worker]) + self._taken[worker]

    def waiting(self, worker: int) -> int:
        """Tasks that wait for a worker."""
        return len(self._queues[worker])

    def take(self, worker: int) -> Task | None:
        """The next task of a worker, or one that waits for another."""
        queue = self._queues[worker]
        if not queue:
            self._steal(worker)
        if not queue:
            return None
        task = queue.popleft()
        self._begun[worker].add(task.key)
        self._taken[worker] += 1
        return task

    def _steal(self, thief: int) -> None:
        """Move tasks from the tail of the longest queue.

        All that share a compilation which has not begun there, or else a single one.
        """
        victim = max(range(len(self._queues)), key=self.waiting)
        queue = self._queues[victim]
        if not queue:
            return
        keys = [task.key for task in reversed(queue)]
        fresh = next((key for key in keys if key not in self._begun[victim]), None)
        if fresh is not None:
            moved = [task for task in queue if task.key == fresh]
            self._home[fresh] = thief
        else:
            own = next((key for key in keys if key in self._begun[thief]), keys[0])
            moved = [next(task for task in reversed(queue) if task.key == own)]
        for task in moved:
            queue.remove(task)
        self._queues[thief].extend(moved)

    def finished(self, worker: int) -> None:
        """A task that the worker took is over."""
        self._taken[worker] -= 1

    def replaced(self, worker: int, back: list[Task]) -> None:
        """The worker's process is a new one; some tasks that it took wait again."""
        self._queues[worker].extendleft(reversed(back))
        self._taken[worker] = 0
        self._begun[worker].clear()

    def drop(self, unwanted: Callable[[Task], bool]) -> list[Task]:
        """Take out tasks that wait."""
        dropped = []
        for queue in self._queues:
            out = [task for task in queue if unwanted(task)]
            kept = [task for task in queue if not unwanted(task)]
            queue.clear()
            queue.extend(kept)
            dropped += out
        return dropped
