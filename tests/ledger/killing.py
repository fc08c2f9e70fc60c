"""A command that is killed in the middle, with what it has done left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mlflow import MlflowClient

from tests.conftest import ROOT
from tests.embedded import until

SWEEP = (
    "-m",
    "+experiment=ghz",
    "backend=ibmq_manila",
    "service.workers=1",
    "tracking.pictures=none",
    "options.optimization_level=0,1",
    "options.shots=" + ",".join(str(n) for n in range(100, 120)),
)
POINTS = 40

DRIVER = """
import os, signal, sys, time
from qexp.ledger.book import Book

step, after, ahead, *arguments = sys.argv[1:]
now, count = time.time, 0
time.time = lambda: now() + float(ahead)
was = getattr(Book, step)

def then_killed(self, *given, **named):
    global count
    found = was(self, *given, **named)
    count += 1
    if count == int(after):
        os.kill(os.getpid(), signal.SIGKILL)
    return found

setattr(Book, step, then_killed)
from qexp.command.cli import main
sys.exit(main(arguments))
"""


def killed(folder, step, after, *arguments, ahead=0.0, **environment):
    """Run a command until a step of the book is done for the n-th time."""
    finished = subprocess.run(
        [sys.executable, "-c", DRIVER, step, str(after), str(ahead), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == -9, finished.stderr
    until(lambda: not _working(folder))  # MLflow's process ends when it notices


def _working(folder):
    """Processes whose working folder it is, where the system tells."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink() == folder and link.parent.name != str(os.getpid()):
                found.append(link.parent.name)
    return found


def points(folder):
    """How often each point is in MLflow, and that all runs have ended well."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiments = [one.experiment_id for one in client.search_experiments()]
    found = {}
    for run in client.search_runs(experiments, max_results=1000):
        assert run.info.status == "FINISHED", run.data.tags
        if "mlflow.parentRunId" in run.data.tags:
            point = run.data.tags["qexp.point"]
            found[point] = found.get(point, 0) + 1
    return found


def require_complete(folder, number=POINTS):
    """Each point is there, once."""
    found = points(folder)
    assert len(found) == number
    assert set(found.values()) == {1}
