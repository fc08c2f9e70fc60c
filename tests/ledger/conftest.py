"""A workspace with a sweep in it that nothing has been sent of."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from qexp.ledger.ledger import Ledger
from qexp.ledger.records import Planned

ABOUT = {
    "name": "ghz",
    "seed": 7,
    "command": ["+experiment=ghz"],
    "store": "sqlite:///mlflow.db",
    "version": "0",
    "swept": True,
}


def begin(ledger, key="key", service="circuit_runner"):
    with pytest.MonkeyPatch.context() as patched:  # an id that tests can name
        patched.setattr("qexp.ledger.ledger.unique", lambda key, nonce: key)
        return ledger.begin(key, service=service, **ABOUT)


def submission(name="s1", points=("p1", "p2"), number=0):
    return Planned(name, number, "ibmq_manila", len(points), tuple(points), 2.5)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty workspace."""
    monkeypatch.setenv("QEXP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def ledger(home):
    opened = Ledger(home)
    yield opened
    opened.close()


@pytest.fixture
def book(ledger):
    """A sweep of two points at a service that is paid for, planned."""
    begun = begin(ledger)
    begun.add(b"the plan", [submission()])
    return begun


@dataclass
class Mounted:
    """A small file system of one's own."""

    folder: Path

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)


@pytest.fixture
def mounted(tmp_path):
    """A file system of 16 MB; where this user may mount none, there is no such test."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield Mounted(folder)
    subprocess.run(["umount", "-l", folder], check=True)
