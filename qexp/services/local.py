"""circuit-runner on this machine: no account, no server."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from qexp.errors import ServiceError
from qexp.home import home
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, State, Witness
from qexp.services.pool import Pool
from qexp.services.task import Task

if TYPE_CHECKING:  # Aer is imported where it is used
    from qexp.services.engine import Engine

KIND = "local"

ENDING = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what batch systems and containers send."""


class Workers(Protocol):
    """Who runs tasks that are submitted."""

    @property
    def running(self) -> int:
        """Tasks that are worked on."""

    @property
    def dashboard(self) -> str | None:
        """Where one can watch them, if there is such a place."""

    def warm(self, tasks: int) -> None:
        """Start what so many tasks can occupy."""

    def put(self, tasks: Sequence[Task]) -> None:
        """Queue tasks."""

    def arrivals(self) -> Iterator[Arrival]:
        """Answers as they come, until all are there."""

    def drop(self, unwanted: Callable[[Task], bool]) -> None:
        """Forget tasks that no worker has."""

    def stop(self) -> None:
        """Forget all tasks that no worker has begun."""

    def close(self) -> None:
        """End."""


class Local:
    """The embedded service, on all cores: each part of a submission is a task.

    A single task, or one after another, is run in this process; more are run by worker
    processes. An answer depends on neither. A part that failed says so in its answer.
    """

    remembers = False

    def __init__(
        self,
        workers: int | None = None,
        expected: int = 1,
        witness: Witness | None = None,
        pool: Workers | None = None,
    ) -> None:
        """Start the worker processes, where they will be used.

        Args:
            workers: Most tasks at a time; None is one for each core that this process
                may use.
            expected: Tasks that will be submitted, as far as is known. Where they are
                more than one, processes start now, and not when the second is there.
            witness: Who is told of each submission.
            pool: Who runs all tasks; None are processes of this machine's own.
        """
        self._witness = witness or Witness()
        self._workers = cores() if workers is None else workers
        self._tasks: dict[str, list[Task]] = {}
        self._waiting: deque[Task] = deque()
        self._pool: Workers | None = pool
        self._engine: Engine | None = None
        self._here = False
        if pool is None and expected > 1 and self._workers > 1:
            self._started().warm(expected)

    def submit(self, submission: Submission) -> Job:
        """Queue a task for each part; none where the witness does not allow it."""
        job = Job(KIND, str(uuid.uuid4()), submission.id)
        if not self._witness.allows(submission):
            return job
        self._witness.sent(submission, job)
        shelf = sys.intern(str(home()))
        tasks = [Task(job, submission, part, shelf) for part in submission.parts]
        self._tasks[job.id] = tasks
        self._waiting.extend(tasks)
        if self._pool or (len(self._waiting) > 1 and self._workers > 1):
            self._started().put([self._waiting.popleft() for _ in list(self._waiting)])
        return job

    @property
    def dashboard(self) -> str | None:
        """Where one can watch the workers; None where there is no such place."""
        return self._pool.dashboard if self._pool else None

    def _started(self) -> Workers:
        self._pool = self._pool or Pool(self._workers)
        return self._pool

    @property
    def running(self) -> int:
        """Tasks that a worker works on."""
        return self._pool.running if self._pool else int(self._here)

    def find(self, submission: Submission) -> Job | None:
        """None: what this process has not run has not been run."""
        return None

    def pause(self, seconds: float) -> None:
        """Nothing: there is no job to look for."""

    def submission_of(self, job: str) -> str | None:
        """The submission of a job of this process; None for any other."""
        tasks = self._tasks.get(job)
        return tasks[0].submission.id if tasks else None

    def adopt(self, submission: Submission, job: Job) -> None:
        """Refuse: a job ends with the process that it was submitted in.

        Raises:
            ServiceError: Says so.
        """
        raise ServiceError(f"service local: job {job.id} ended with its process")

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Nothing: an answer holds all that is known."""

    def calibrated(self, device: str) -> str | None:
        """None: the device is a snapshot, which is part of a point's identity."""
        return None

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """How far the jobs are; one of another process has failed."""
        return {job.id: _state(self._tasks.get(job.id)) for job in jobs}

    def arrivals(self) -> Iterator[Arrival]:
        """The answers to all tasks, as they come."""
        while self._waiting:
            yield self._run_here(self._waiting.popleft())
        if self._pool:
            yield from self._pool.arrivals()

    def _run_here(self, task: Task) -> Arrival:
        from qexp.services.engine import Engine

        task.state, self._here = State.RUNNING, True
        with _interruptible():
            self._engine = self._engine or Engine()
            submission, circuits = task.submission, task.part.built.circuits
            raw = self._engine.run(task.order, submission.device, circuits)
        self._here = False
        return task.arrived(raw)

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer as a dictionary.

        Raises:
            ServiceError: The bytes are not an answer.
        """
        try:
            answer: dict[str, Any] = json.loads(raw)
        except ValueError as error:
            raise ServiceError(f"service local: not an answer ({error})") from error
        return answer

    def cancel(self, job: Job) -> None:
        """Forget the job's tasks that are not on their way to a worker."""
        self._forget(lambda task: task.job == job)

    def logs(self, job: Job) -> str:
        """Nothing: the embedded program prints nothing."""
        return ""

    def stop(self) -> None:
        """Begin no task any more of those submitted."""
        self._forget(lambda task: True)
        if self._pool:
            self._pool.stop()

    def _forget(self, unwanted: Callable[[Task], bool]) -> None:
        for task in filter(unwanted, list(self._waiting)):
            self._waiting.remove(task)
            task.state = State.CANCELLED
        if self._pool:
            self._pool.drop(unwanted)

    def close(self) -> None:
        """End the worker processes."""
        if self._pool:
            self._pool.close()
        self._pool = None


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _state(tasks: list[Task] | None) -> State:
    if tasks is None:
        return State.FAILED
    states = {task.state for task in tasks}
    if len(states) == 1:
        return states.pop()
    if State.QUEUED in states or State.RUNNING in states:
        return State.RUNNING
    return State.CANCELLED


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the process at once.

    Aer keeps Python from running while it simulates, so that Python's own handlers would
    be called when the simulation is over; nothing that was paid for is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, signal.SIG_DFL) for one in ENDING}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
