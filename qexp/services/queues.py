"""Which worker runs which task: equal compilations together, and nobody idle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from qexp.services.task import Task


class _Queue:
    """Tasks in their order, and how many there are of each key.

    Nothing that is done to it for each task goes through all that wait.
    """

    def __init__(self) -> None:
        self.tasks: deque[Task] = deque()
        self.count: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.tasks)

    def extend(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self.tasks.append(task)
            self._more(task)

    def put_back(self, tasks: Sequence[Task]) -> None:
        for task in reversed(tasks):
            self.tasks.appendleft(task)
            self._more(task)

    def first(self) -> Task:
        task = self.tasks.popleft()
        self._less(task)
        return task

    def last(self, key: str, count: int) -> list[Task]:
        """Take out the last ones with a key."""
        passed: deque[Task] = deque()
        found: deque[Task] = deque()
        while len(found) < count:
            task = self.tasks.pop()
            (found if task.key == key else passed).appendleft(task)
        self.tasks.extend(passed)
        for task in found:
            self._less(task)
        return list(found)

    def drop(self, unwanted: Callable[[Task], bool]) -> list[Task]:
        out = [task for task in self.tasks if unwanted(task)]
        kept = [task for task in self.tasks if not unwanted(task)]
        self.tasks.clear()
        self.count.clear()
        self.extend(kept)
        return out

    def _more(self, task: Task) -> None:
        self.count[task.key] = self.count.get(task.key, 0) + 1

    def _less(self, task: Task) -> None:
        self.count[task.key] -= 1
        if not self.count[task.key]:
            del self.count[task.key]


class Queues:
    """A queue for each worker."""

    def __init__(self) -> None:
        """Start without workers."""
        self._queues: list[_Queue] = []
        self._taken: list[int] = []
        self._begun: list[set[str]] = []
        self._home: dict[str, int] = {}

    def __len__(self) -> int:
        """Tasks that wait."""
        return sum(map(len, self._queues))

    def add_worker(self) -> int:
        """Add a worker; its number, from 0."""
        self._queues.append(_Queue())
        self._taken.append(0)
        self._begun.append(set())
        return len(self._queues) - 1

    def put(self, task: Task) -> None:
        """Queue a task where its compilation is, or else where least waits."""
        if task.key not in self._home:
            workers = range(len(self._queues))
            self._home[task.key] = min(workers, key=self._load)
        self._queues[self._home[task.key]].extend([task])

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
        task = queue.first()
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
        keys = list(reversed(queue.count))
        fresh = next((key for key in keys if key not in self._begun[victim]), None)
        if fresh is not None:
            moved = queue.last(fresh, queue.count[fresh])
            self._home[fresh] = thief
        else:
            latest = queue.tasks[-1].key
            own = next((key for key in keys if key in self._begun[thief]), latest)
            moved = queue.last(own, 1)
        self._queues[thief].extend(moved)

    def finished(self, worker: int) -> None:
        """A task that the worker took is over."""
        self._taken[worker] -= 1

    def replaced(self, worker: int, back: list[Task]) -> None:
        """The worker's process is a new one; some tasks that it took wait again."""
        self._queues[worker].put_back(back)
        self._taken[worker] = 0
        self._begun[worker].clear()

    def drop(self, unwanted: Callable[[Task], bool]) -> list[Task]:
        """Take out tasks that wait."""
        dropped = []
        for queue in self._queues:
            dropped += queue.drop(unwanted)
        return dropped
