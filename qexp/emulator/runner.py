"""The worker pool behind the service: takes queued jobs, runs them, keeps what comes."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from qexp.emulator import run
from qexp.emulator.execution import Program, Tools
from qexp.emulator.job import Ended, Job
from qexp.emulator.platform import sampler
from qexp.emulator.refusal import FAULT, RAN_TOO_LONG, UNREADABLE, Refusal
from qexp.emulator.settings import Settings
from qexp.emulator.shelf import Shelf
from qexp.emulator.states import COMPLETED, FAILED, TOO_LONG
from qexp.emulator.store import Store
from qexp.emulator.turns import Turns
from qexp.guarded.reader import Readers, Unreadable
from qexp.planning.submission import Job as Receipt
from qexp.planning.submission import Submission
from qexp.services import memory
from qexp.services.pool import Pool
from qexp.services.task import Task

PROGRAMS: dict[str, Program] = {
    run.NAME: run.execution,
    sampler.NAME: sampler.execution,
}
"""How a job of each program is run."""

TICK = 0.2
"""Seconds after which a thread looks again, where nothing has woken it."""


class _Gone(Exception):
    """The job was cancelled, or the emulator stops."""


class Runner:
    """Runs jobs, as many at a time as there are workers; tokens take turns.

    Where the emulator keeps to a device's times, each backend runs one at a time.
    """

    def __init__(self, store: Store, shelf: Shelf, settings: Settings) -> None:
        """Start reader, workers and threads.

        Args:
            store: Where jobs are.
            shelf: The devices.
            settings: The emulator's settings.
        """
        self._store, self._shelf, self._settings = store, shelf, settings
        self._readers = Readers(settings.workers)
        self._pool = Pool(settings.workers, _memory(settings))
        self._pool.warm(settings.workers)
        self._changed = threading.Condition()
        self._stopping = False
        self._busy: list[str] = []
        self._turns = Turns()
        self._inbox: dict[str, SimpleQueue[bytes]] = {}
        targets: list[Callable[[], None]] = [self._work] * settings.workers
        self._threads = [threading.Thread(target=one, daemon=True) for one in targets]
        for thread in (
            threading.Thread(target=self._collect, daemon=True),
            *self._threads,
        ):
            thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End threads and processes; what is running is queued again at the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._readers.close()
        self._pool.close()
        for thread in self._threads:
            thread.join(timeout=5)

    # -- the thread that hands answers out

    def _collect(self) -> None:
        while not self._stopping:
            for arrival in self._pool.arrivals():
                inbox = self._inbox.get(arrival.job.id)
                if inbox is not None:
                    inbox.put(arrival.raw)
            with self._changed:
                self._changed.wait(TICK)

    # -- the threads that see jobs through

    def _work(self) -> None:
        while (job := self._next()) is not None:
            with suppress(_Gone):
                self._keep(job)
            with self._changed:
                self._turns.end(job.owner)
                if self._settings.speed == "device":
                    self._busy.remove(job.backend)
                self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._stopping:
                job = self._taken()
                if job is not None:
                    self._turns.begin(job.owner)
                    if self._settings.speed == "device":
                        self._busy.append(job.backend)
                    return job
                self._changed.wait(TICK)
        return None

    def _taken(self) -> Job | None:
        now, busy = time.time(), self._busy
        owner = self._turns.next(self._store.waiting(now, busy))
        return None if owner is None else self._store.take(owner, now, busy)

    def _keep(self, job: Job) -> None:
        """Run a job and keep how it ended."""
        ended = self._ended(job)
        if self._stopping:
            raise _Gone
        if ended.status != COMPLETED:
            self._store.note(job.id, ended.result.decode())
        self._store.finish(job.id, ended)

    def _ended(self, job: Job) -> Ended:
        try:
            return Ended(COMPLETED, self._ran(job))
        except _Gone:
            raise
        except TimeoutError as error:
            usual = f"Job ran longer than {self._settings.job_seconds:g} seconds"
            why = str(error) or usual
            return Ended(TOO_LONG, why.encode(), why, RAN_TOO_LONG)
        except Refusal as refusal:
            return _failed(refusal)
        except Unreadable as error:
            return _failed(Refusal(*UNREADABLE, str(error)))
        except Exception as error:  # a job must not take the service with it
            traceback.print_exception(error)  # it is for whoever runs the service
            what = f"The service has a fault ({type(error).__name__})"
            return _failed(Refusal(*FAULT, what))

    def _ran(self, job: Job) -> bytes:
        start = time.monotonic()
        tools = Tools(self._readers.read, self._settings)
        execution = PROGRAMS[job.program](job, self._shelf[job.backend], tools)
        for note in execution.notes:
            self._store.note(job.id, note)
        answers = self._answers(execution.submission, start)
        result, seconds = execution.finish(answers, time.monotonic() - start)
        self._store.use(job.id, seconds)
        if self._settings.speed == "device" and seconds is not None:
            self._pause(job, start + seconds)
        return result

    def _answers(self, asked: Submission, start: float) -> list[dict[str, Any]]:
        """The answers to a submission's parts, in their order."""
        inbox: SimpleQueue[bytes] = SimpleQueue()
        receipt = Receipt("emulator", asked.id, asked.id)
        self._inbox[asked.id] = inbox
        try:
            self._pool.put([Task(receipt, asked, part) for part in asked.parts])
            self.wake()
            found: dict[str, dict[str, Any]] = {}
            while len(found) < len(asked.parts):
                answer = json.loads(self._received(asked.id, inbox, start))
                found[answer["results"][0]["header"]["name"]] = answer
        except (_Gone, TimeoutError):
            self._pool.end(lambda task: task.job.id == asked.id)
            raise
        finally:
            del self._inbox[asked.id]
        return [found[name] for name in asked.names]

    def _received(self, job: str, inbox: SimpleQueue[bytes], start: float) -> bytes:
        while True:
            with suppress(Empty):
                return inbox.get(timeout=TICK)
            self._require_wanted(job)
            if time.monotonic() - start > self._settings.job_seconds:
                raise TimeoutError

    def _require_wanted(self, job: str) -> None:
        if self._stopping or not self._store.runs(job):
            raise _Gone

    def _pause(self, job: Job, until: float) -> None:
        """Stay busy for as long as the device would have been."""
        while time.monotonic() < until:
            time.sleep(min(TICK, max(0.0, until - time.monotonic())))
            self._require_wanted(job.id)


def _failed(refusal: Refusal) -> Ended:
    return Ended(FAILED, refusal.text.encode(), refusal.message, refusal.code)


def _memory(settings: Settings) -> int:
    """Bytes that each worker may take for jobs."""
    if settings.job_memory is None:
        return memory.share(settings.workers)
    return settings.job_memory * 2**20
