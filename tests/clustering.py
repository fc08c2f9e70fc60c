"""A Dask cluster of separate processes: a scheduler and workers, as one starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

from tests.conftest import ROOT
from tests.embedded import until

DASK = [sys.executable, "-m", "dask"]


ON_A_WORKER = "QEXP_TEST_ON_A_WORKER"
"""A variable that only these processes have."""


class Cluster:
    """A scheduler with workers of one thread each, on this machine."""

    def __init__(self, folder):
        self._file = folder / "scheduler.json"
        self._env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            ON_A_WORKER: "1",
            # workers that a task may take with it
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        self.workers = []
        self.scheduler = None
        self.start_scheduler()

    def start_scheduler(self):
        self._file.unlink(missing_ok=True)
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        until(self._written)
        self.address = json.loads(self._file.read_text())["address"]

    def _written(self):
        with suppress(OSError, ValueError):
            return "address" in json.loads(self._file.read_text())
        return False

    def start_workers(self, count):
        options = "--nthreads 1 --no-nanny --no-dashboard --host 127.0.0.1".split()
        for _ in range(count):
            self.workers.append(self._start("worker", *options))
        from distributed import Client

        with Client(self.address) as client:
            client.wait_for_workers(len(self.workers), timeout=60)

    def _start(self, what, *options):
        command = [*DASK, what, "--scheduler-file", str(self._file), *options]
        return subprocess.Popen(
            command,
            env=self._env,
            cwd=self._file.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self):
        for process in [*self.workers, self.scheduler]:
            if process.poll() is None:
                self.kill(process)


@contextmanager
def cluster(folder, workers):
    """A cluster that is there as long as the context lasts."""
    made = Cluster(folder)
    try:
        made.start_workers(workers)
        yield made
    finally:
        made.close()
