"""Two processes in one workspace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from qexp.ledger.holding import held
from qexp.ledger.ledger import Ledger, Taken
from tests.conftest import ROOT
from tests.ledger.conftest import ABOUT, begin, submission

ENTER = """
import sys, time
from pathlib import Path
from qexp.ledger.ledger import Ledger, Taken
while time.time() < float(sys.argv[2]):  # both at once
    pass
ledger = Ledger(Path(sys.argv[1]))
try:
    book, before = ledger.enter("key", fixed=None, fresh=False, service="local", **ABOUT)
    print("got", book.id, before, flush=True)
    sys.stdin.read()
except Taken as taken:
    print("taken", taken, flush=True)
"""


def start(code, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", f"ABOUT = {ABOUT!r}\n{code}", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture
def started():
    """Processes that are gone when the test is over."""
    running = []
    yield running
    for one in running:
        one.kill()
        one.communicate()


def test_of_two_that_enter_at_once_one_gets_it(home, started):
    at = time.time() + 0.7
    started += [start(ENTER, home, at) for _ in range(3)]
    lines = sorted(one.stdout.readline() for one in started)
    got = re.fullmatch(r"got (key\w+) False\n", lines[0])
    for line in lines[1:]:
        assert line.startswith(f"taken sweep {got[1]} is being run by process"), line
    opened = Ledger(home)
    assert len(opened.sweeps()) == 1
    opened.close()


def test_a_sweep_is_free_after_a_kill(home, started, ledger):
    one = start(ENTER, home, 0)
    started.append(one)
    _, sweep, before = one.stdout.readline().split()
    assert before == "False"
    assert held(home / "sweeps" / sweep)
    with pytest.raises(Taken, match=rf"process {one.pid} on "):
        ledger.take(sweep)
    os.kill(one.pid, signal.SIGKILL)
    one.wait()
    assert not held(home / "sweeps" / sweep)
    _, before = ledger.enter("key", fixed=None, fresh=False, service="local", **ABOUT)
    assert before


def test_the_same_process_takes_a_sweep_twice(ledger, book):
    ledger.take(book.id)
    assert held(book.folder)


def test_who_looks_takes_nothing(ledger, home):
    # as `status` does, all the time
    begin(ledger)
    ledger.close()
    for _ in range(200):
        assert not held(home / "sweeps" / "key")
        opened = Ledger(home)
        opened.take("key")
        assert held(home / "sweeps" / "key")
        opened.close()


def test_fresh_begins_another_and_a_seed_must_fit(ledger):
    first = begin(ledger)
    about = {**ABOUT, "service": "local"}
    ledger._locks.pop("key").release()
    book, before = ledger.enter("key", fixed=8, fresh=False, **about)
    second = book.id
    assert not before
    assert second not in ("key", "")
    book, before = ledger.enter("key", fixed=None, fresh=True, **about)
    assert not before
    assert book.id not in ("key", second)
    first.close("done")


LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(2)
connection.execute("COMMIT")
"""


def test_a_ledger_that_another_process_writes_is_waited_for(ledger, book, started):
    one = start(LOCK, ledger.folder / "ledger.db")
    started.append(one)
    assert one.stdout.readline() == "locked\n"
    book.sent("s1", "j1")
    assert one.poll() == 0 or one.wait(5) == 0
    assert book.submissions()["s1"].state == "sent"


def test_two_write_different_sweeps(ledger, home):
    other = Ledger(home)
    first, second = begin(ledger), begin(other, key="other")
    for n in range(20):
        for book in (first, second):
            book.add(b"", [submission(f"s{n}", (f"p{n}",))])
            book.settle(f"p{n}", None)
    assert set(first.points()) == set(second.points())
    assert set(first.points().values()) == {"done"}
    other.close()
