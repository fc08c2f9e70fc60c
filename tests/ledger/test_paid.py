"""Jobs that are paid for, when a disk is full, an answer torn, or the clock set.

Each point is a job at an emulator, which tells how many it was sent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qexp.ledger.overview import overview
from tests.conftest import ROOT, Finished, qexp_process
from tests.emulating import emulating
from tests.ledger.killing import require_complete

POINTS = 4

DRIVER = """
import os, shutil, signal, sys, time
ahead, when, step, after, disk, *arguments = sys.argv[1:]
now, count = time.time, 0
time.time = lambda: now() + float(ahead)
from qexp.ledger.book import Book
write = getattr(Book, step)

def fill():
    with open(f"{disk}/filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)

def then(self, *given, **named):
    global count
    count += 1
    if count == int(after) and when == "full":
        fill()
    found = write(self, *given, **named)
    if count == int(after) and when == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return found

setattr(Book, step, then)
from qexp.command.cli import main
sys.exit(main(arguments))
"""
"""The command line, killed after a step of the book or with the disk full before it."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """One that lasts as long as these tests."""
    folder = tmp_path_factory.mktemp("emulator") / "data"
    with emulating(folder, seconds=900) as started:
        yield started


@pytest.fixture
def command(emulator, monkeypatch):
    """A sweep of four jobs."""
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    return [
        "-m",
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.shots=100",
        "options.optimization_level=0,1,2,3",
        "tracking.pictures=none",
        "seed=3",
        "service=circuit_runner",
        f"service.url={emulator.url}",
        "service.compile=server",
        "service.settle_seconds=0.5",
        "service.poll_seconds=0.1",
        "service.poll_longest=0.5",
    ]


@pytest.fixture
def jobs(emulator):
    """How many jobs the emulator got since the test began."""
    client = emulator.client()
    before = client.get("jobs").json()["count"]
    return lambda: client.get("jobs").json()["count"] - before


def disturbed(
    folder, command, when, step, after, *, disk: Path | str = "", ahead=0.0
) -> Finished:
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER]
        + [str(one) for one in (ahead, when, step, after, disk)]
        + command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def answers(folder):
    found = (folder / ".qexp" / "sweeps").glob("*/*-*.json.z")
    return sorted(one for one in found if not one.name.startswith("plan-"))


@pytest.mark.parametrize(
    "step", [pytest.param("sending", marks=pytest.mark.long), "sent", "got"]
)
def test_a_full_disk_sends_no_job_twice(
    ready, command, jobs, mounted, step, monkeypatch
):
    monkeypatch.setenv("QEXP_HOME", str(mounted.folder / "home"))
    full = disturbed(ready, command, "full", step, 2, disk=mounted.folder)
    assert full.status == 1, full.err
    assert "Traceback" not in full.err, full.err
    assert "fault of qexp" not in full.err, full.err
    assert "Nothing that was written before is lost" in full.err
    assert jobs() == {"sending": 1, "sent": 2, "got": POINTS}[step]
    (mounted.folder / "filler").unlink()
    (sweep,) = overview(mounted.folder / "home")
    assert sweep["jobs"]["unsure"] == (step == "sent")
    finished = qexp_process(*command, cwd=ready)
    assert finished.status == 0, finished.err
    require_complete(ready, POINTS)
    assert jobs() == POINTS


def test_a_torn_answer_is_fetched_again(ready, command, jobs):
    assert disturbed(ready, command, "killed", "got", 3).status == -9
    first, *others = answers(ready)
    assert len(others) == 2
    kept = {one: one.read_bytes() for one in others}
    content = first.read_bytes()
    half = content[: len(content) // 2]
    first.write_bytes(half + bytes(len(content) - len(half)))
    finished = qexp_process(*command, cwd=ready)
    assert finished.status == 0, finished.err
    assert first.name in finished.err
    assert "not what was written" in finished.err
    require_complete(ready, POINTS)
    assert jobs() == POINTS
    assert {one: one.read_bytes() for one in others} == kept


@pytest.mark.parametrize("ahead", [86_400, -86_400])
def test_the_clock_is_set_while_jobs_are_away(ready, command, jobs, ahead):
    ended = disturbed(ready, command, "killed", "sending", 3, ahead=ahead)
    assert ended.status == -9
    assert jobs() == 2
    (sweep,) = overview(ready / ".qexp", overview(ready / ".qexp")[0]["id"])
    assert sweep["jobs"]["unsure"] == 1
    ages = [one["age_seconds"] for one in sweep["submissions"] if one["job"]]
    assert len(ages) == 2
    assert min(sweep["age_seconds"], *ages) >= 0
    finished = qexp_process(*command, cwd=ready)
    assert finished.status == 0, finished.err
    require_complete(ready, POINTS)
    assert jobs() == POINTS
