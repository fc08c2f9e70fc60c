"""What the tests share: a folder of one's own, and qexp as a user runs it."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import qexp.guarded.reader as reader
import qexp.services.link as link
import qexp.track.client as client
from qexp.command.cli import main
from tests.emulating import emulator  # noqa: F401
from tests.nursery import Subprocess

ROOT = Path(__file__).parent.parent

# an MLflow server starts seven more processes for jobs that nobody here sends, each of
# which imports for seconds
os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")


@dataclass
class Finished:
    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _no_tracking_from_outside(monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "HYDRA_FULL_ERROR", "QEXP_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was():
    """What configures logging in this process would write to a test's closed streams."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _processes_are_forked(request, monkeypatch):
    """See `tests.nursery`; tests of processes themselves are marked `cold`."""
    if request.node.get_closest_marker("cold") is None:
        for module in (client, link, reader):
            monkeypatch.setattr(module, "subprocess", Subprocess)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """An MLflow database without runs, made once; tests copy it to save seconds."""
    from qexp.track.database import create_sqlite

    file = tmp_path_factory.mktemp("database") / "mlflow.db"
    create_sqlite(f"sqlite:///{file}")
    return file


@pytest.fixture
def ready(folder, database):
    """A working folder in which MLflow's database is there already."""
    shutil.copy(database, folder / "mlflow.db")
    return folder


@pytest.fixture
def qexp(capfd):
    """Run qexp's command line in this process."""

    def run(*arguments: str) -> Finished:
        status = main(list(arguments))
        out, err = capfd.readouterr()
        return Finished(status, out, err)

    return run


def qexp_process(*arguments: str, cwd: Path, **environment: str) -> Finished:
    """Run `python -m qexp` as a user does."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MLFLOW_TRACKING_URI", "HYDRA_FULL_ERROR")
    }
    finished = subprocess.run(
        [sys.executable, "-m", "qexp", *arguments],
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr)
