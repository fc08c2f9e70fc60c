"""Workers of a Dask cluster for the embedded service: the place of a `Pool`.

Tasks travel in small batches. What a worker had when it was lost is done again by another;
an answer depends on neither.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from qexp.errors import ConfigError, ServiceError
from qexp.services import Arrival, State
from qexp.services.link import SINGLE, Sent, search_path
from qexp.services.program import reason
from qexp.services.remote_work import answer, device
from qexp.services.task import Task

LOGGERS = ("distributed", "distributed.client", "distributed.worker", "tornado")

Dask = Any
"""Its clients, clusters and futures, which it has no types for."""

BATCH = 16
"""Most tasks that travel together: Dask takes about a millisecond for what travels."""

SHARES = 4
"""Batches for each worker at the least, so that all end at about the same time."""

CONNECT_SECONDS = 10
"""How long a scheduler has to answer."""

LOST = ("lost", "cancelled")
"""What Dask makes of work whose scheduler is gone."""


class Cluster:
    """Runs tasks on a Dask cluster."""

    def __init__(self, scheduler: str | None, workers: int) -> None:
        """Connect to a scheduler, or start one with workers on this machine.

        Args:
            scheduler: Its address; None is one of our own.
            workers: How many workers ours has.

        Raises:
            ConfigError: Dask is not installed, or nobody answers at the address.
        """
        self._own = scheduler is None
        self._name = f"service.scheduler = {scheduler or 'null'}"
        self._closing = False
        self._cluster, self._client = _connected(scheduler, workers)
        self._lock = threading.RLock()
        self._arrived = threading.Condition(self._lock)
        self._ready: deque[Arrival] = deque()
        self._open: dict[str, list[Task]] = {}
        self._futures: dict[str, Dask] = {}
        self._devices: dict[str, Dask] = {}
        self._lost = False

    @property
    def dashboard(self) -> str | None:
        """Where Dask shows what its workers do; None where it does not."""
        if self._own and find_spec("bokeh") is None:
            return None
        link: str | None = self._client.dashboard_link
        return link

    @property
    def running(self) -> int:
        """How many tasks are with the cluster, at most one for each worker."""
        with self._lock:
            return min(sum(map(len, self._open.values())), self._workers())

    def warm(self, tasks: int) -> None:
        """Nothing: the workers are there already."""

    def put(self, tasks: Sequence[Task]) -> None:
        """Hand tasks to the cluster."""
        size = math.ceil(len(tasks) / (SHARES * max(1, self._workers())))
        size = max(1, min(BATCH, size))
        # what is compiled once is compiled by as few workers as may be
        ordered = sorted(tasks, key=lambda task: task.key)
        for start in range(0, len(ordered), size):
            self._submit(ordered[start : start + size])

    def _submit(self, tasks: Sequence[Task]) -> None:
        batch, sent = [], []
        for number, task in enumerate(tasks):
            try:
                sent.append(self._sent(number, task))
                batch.append(task)
            except Exception as error:
                what = f"the circuits cannot be sent to a worker ({reason(error)})"
                with self._lock:
                    failed = f"{what}; run with service.executor=processes"
                    self._ready.append(task.failed(failed))
        if not batch:
            return
        devices = {task.order.device: self._device(task) for task in batch}
        with self._lock:
            future = self._handed(answer, sent, devices, pure=False)
            self._open[future.key] = batch
            self._futures[future.key] = future
            for task in batch:
                task.state = State.RUNNING
        future.add_done_callback(self._done)

    def _sent(self, number: int, task: Task) -> Sent:
        order = task.order if self._own else replace(task.order, shelf=None)
        circuits = pickle.dumps(task.part.built.circuits)
        return Sent(number, order, circuits, None, search_path())

    def _device(self, task: Task) -> Dask:
        """A device, sent once; as a task, so that it outlives the worker that has it."""
        digest = task.order.device
        if digest not in self._devices:
            raw = pickle.dumps(task.submission.device)
            key = f"qexp-device-{digest}-{id(self)}"
            self._devices[digest] = self._handed(device, raw, key=key)
        return self._devices[digest]

    def _handed(self, function: Callable[..., Any], *given: Any, **how: Any) -> Dask:
        try:
            return self._client.submit(function, *given, **how)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise self._gone() from error

    def _gone(self) -> ServiceError:
        return ServiceError(
            f"{self._name}: Dask's scheduler is gone. What had arrived is kept; "
            "python -m qexp resume goes on, when a scheduler is there again."
        )

    def _done(self, future: Dask) -> None:
        """Take what has come of a batch; it is called in a thread of Dask's."""
        raws, why = None, ""
        try:
            raws = future.result()
        except Exception as error:
            why = reason(error)
        with self._lock:
            tasks = self._open.pop(future.key, None)
            self._futures.pop(future.key, None)
            if tasks is None or self._closing:  # nobody wants it any more
                return
            if raws is not None:
                pairs = zip(tasks, raws, strict=True)
                self._ready.extend(task.arrived(raw) for task, raw in pairs)
            elif future.status in LOST or self._client.status != "running":
                self._lost = True
            else:
                why = f"the workers that had it ended ({why})"
                self._ready.extend(task.failed(why) for task in tasks)
            self._arrived.notify_all()

    def arrivals(self) -> Iterator[Arrival]:
        """Answers as they come, until all are there.

        Raises:
            ServiceError: The scheduler is gone.
        """
        while True:
            with self._lock:
                self._arrived.wait_for(
                    lambda: self._ready or self._lost or not self._open
                )
                if not self._ready:
                    break
                arrival = self._ready.popleft()
            yield arrival
        if self._lost:
            raise self._gone()

    def drop(self, unwanted: Callable[[Task], bool]) -> None:
        """Forget tasks, as far as all of their batch are unwanted."""
        with self._lock:
            keys = [k for k, some in self._open.items() if all(map(unwanted, some))]
            gone = [self._futures.pop(key) for key in keys]
            for key in keys:
                for task in self._open.pop(key):
                    task.state = State.CANCELLED
            self._arrived.notify_all()
        if gone and not self._lost:
            self._client.cancel(gone, asynchronous=False)

    def stop(self) -> None:
        """Forget all tasks."""
        self.drop(lambda task: True)

    def close(self) -> None:
        """Leave the cluster; end it if it is ours."""
        self._closing = True
        for one in (self._client, self._cluster):
            if one is not None:
                with suppress(Exception):  # it may be gone, which is what is wanted
                    one.close(timeout=5)

    def _workers(self) -> int:
        return len(self._client.scheduler_info(n_workers=-1).get("workers", {}))


def _connected(scheduler: str | None, workers: int) -> tuple[Dask, Dask]:
    try:
        import distributed
    except ImportError as error:
        raise ConfigError(
            "service.executor = dask: Dask is not installed. pip install 'qexp[dask]', "
            "or take service.executor=processes."
        ) from error
    made: Dask = distributed
    for name in LOGGERS:  # their messages are for those who run a cluster
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler is None:
        os.environ.update({k: os.environ.get(k, v) for k, v in SINGLE.items()})
        cluster = made.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
        return cluster, made.Client(cluster)
    try:
        parts = urlsplit(scheduler)
        # Dask goes on asking where nobody listens
        place = (parts.hostname or "", parts.port or 0)
        socket.create_connection(place, CONNECT_SECONDS).close()
        return None, made.Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"service.scheduler = {scheduler}: no Dask scheduler answers there "
            f"({reason(error)}). Start one (dask scheduler), name another as "
            "tcp://HOST:PORT, or leave it unset to have one on this machine."
        ) from error
