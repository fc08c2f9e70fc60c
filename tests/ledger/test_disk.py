"""A disk that is full, and a clock that is set back: said, and gone on from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from qexp.ledger.ledger import Ledger
from tests.conftest import ROOT, qexp_process
from tests.ledger.killing import SWEEP, killed, require_complete

FILLER = "filler"


def fill(folder, left):
    """Have so many bytes left on a file system."""
    with (folder / FILLER).open("wb") as file:
        free = shutil.disk_usage(folder).free
        os.posix_fallocate(file.fileno(), 0, free - left)


def refused(finished):
    """It failed, and said why in words."""
    assert finished.status == 1, finished.err
    assert "error: " in finished.err
    assert "Traceback" not in finished.err
    assert "fault of qexp's" not in finished.err
    text = finished.err.lower()
    full = ("no space left on device", "disk is full", "disk i/o error")
    assert any(words in text for words in full), finished.err


# bytes that are left: for the ledger's tables, its plan, some answers, most answers
@pytest.mark.parametrize(
    "left", [pytest.param(20_000, marks=pytest.mark.long), 200_000, 600_000]
)
def test_no_room_for_the_ledger_or_an_answer(ready, mounted, left):
    fill(mounted.folder, left)
    home = {"QEXP_HOME": str(mounted.folder / "home")}
    refused(qexp_process(*SWEEP, cwd=ready, **home))
    kept = {f: f.read_bytes() for f in mounted.folder.glob("home/sweeps/*/*-*.json.z")}
    (mounted.folder / FILLER).unlink()
    finished = qexp_process(*SWEEP, cwd=ready, **home)
    assert finished.status == 0, finished.err
    require_complete(ready)
    if left > 500_000:
        assert len(kept) > 5
        again = [file for file in kept if file.read_bytes() != kept[file]]
        assert len(again) <= 1  # the one that was safe, and could not be written down
    # what can be compiled again leaves the room to what was paid for
    assert not (mounted.folder / "home" / "compiled").exists()


def test_no_room_for_an_artifact(ready, mounted):
    (ready / "mlruns").symlink_to(mounted.folder)
    fill(mounted.folder, 200_000)
    finished = qexp_process(*SWEEP, cwd=ready)
    refused(finished)
    answers = sorted(ready.glob(".qexp/sweeps/*/*-*.json.z"))
    kept = {file: file.read_bytes() for file in answers}
    (mounted.folder / FILLER).unlink()
    finished = qexp_process(*SWEEP, cwd=ready)
    assert finished.status == 0, finished.err
    require_complete(ready)
    assert {file: file.read_bytes() for file in answers} == kept
    assert len(kept) > 10


FULL = """
import resource, signal, sys
from pathlib import Path
from qexp.errors import LedgerError
from qexp.ledger.ledger import Ledger
from tests.ledger.conftest import begin, submission
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = Ledger(Path(sys.argv[1]))
book = begin(ledger)
book.add(b"", [submission("s0")])
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
for n in range(1000):
    try:
        if sys.argv[2] == "ledger":
            book.sent("s0", f"j{n}")
        else:
            book.got("s0", f"j{n}", __import__("os").urandom(400_000), ["p1"], whole=True)
    except LedgerError as error:
        print(n, error)
        break
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
@pytest.mark.parametrize("what", ["ledger", "answer"])
def test_what_cannot_be_written_is_not_taken_for_written(home, what):
    child = subprocess.run(
        [sys.executable, "-c", FULL, str(home), what],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    number, _, error = child.stdout.partition(" ")
    assert "Nothing that was written before is lost" in error, child.stdout
    opened = Ledger(home)
    book = opened.book("key")
    known = book.submissions()["s0"]
    if what == "ledger":
        assert int(number) > 3
        assert (known.state, known.job) == ("sent", f"j{int(number) - 1}")
    else:
        assert (known.state, known.job) == ("planned", None)
        assert list(book.answers()) == []
        assert not list(book.folder.glob("*s0*"))
    book.sent("s0", "later")
    assert book.submissions()["s0"].job == "later"
    opened.close()


@pytest.mark.parametrize("hours", [-30, 30])
def test_the_clock_is_set_between_a_crash_and_resume(ready, qexp, hours):
    killed(ready, "got", 12, *SWEEP, ahead=-hours * 3600)
    before = {
        file: file.read_bytes() for file in ready.glob(".qexp/sweeps/*/*-*.json.z")
    }
    finished = qexp(*SWEEP)
    assert finished.status == 0, finished.err
    require_complete(ready)
    assert {file: file.read_bytes() for file in before} == before
