"""`status`: how far the sweeps of a workspace are, from outside."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

from qexp.ledger.database import Database
from qexp.ledger.ledger import Ledger
from qexp.ledger.overview import _jobs as jobs_of
from qexp.ledger.overview import overview
from qexp.ledger.workspace import LEDGER
from qexp.shown.status import LISTED, age, main
from tests.conftest import ROOT, qexp_process
from tests.ledger.conftest import begin, submission
from tests.ledger.killing import POINTS, SWEEP, killed
from tests.sweeps import FAST


@pytest.fixture
def status(capfd):
    """Run the verb; what it prints, or its error."""

    def run(*arguments):
        code = main(list(arguments))
        out, err = capfd.readouterr()
        return code, out if code == 0 else err

    return run


def listed(status, *arguments):
    code, out = status("--json", *arguments)
    assert code == 0, out
    return json.loads(out)["sweeps"]


def test_without_a_workspace(home, status):
    code, out = status()
    assert code == 0
    assert "no workspace" in out
    assert listed(status) == []
    assert status("x")[0] == 2
    assert not home.exists()


def test_a_real_sweep_before_and_after(ready, qexp, status):
    killed(ready, "settle", 10, *SWEEP)
    (sweep,) = listed(status)
    assert (sweep["state"], sweep["name"], sweep["service"]) == (
        "unfinished",
        "ghz",
        "local",
    )
    assert sweep["points"] == {
        "planned": POINTS - 10,
        "done": 10,
        "failed": 0,
        "cancelled": 0,
    }
    jobs = sweep["jobs"]
    assert (
        jobs["planned"] + jobs["got"] == 20
    )  # what ran in the process is gone with it
    assert jobs["got"] >= 5
    assert sweep["next"] == f"python -m qexp resume {sweep['id']}"
    assert 0 <= sweep["age_seconds"] < 120
    assert sweep["quantum_seconds"] is None
    assert 0 < sweep["unlogged"] <= 10
    code, out = status(sweep["id"][:6])
    assert code == 0
    assert "ibmq_manila" in out
    assert f"{POINTS - 10} planned, 10 done" in out
    assert sweep["next"] in out
    assert qexp("resume").status == 0
    (sweep,) = listed(status)
    assert (sweep["state"], sweep["next"], sweep["unlogged"]) == ("done", None, 0)
    assert sweep["points"]["done"] == POINTS


def test_while_another_process_runs_it(ready, status):
    running = subprocess.Popen(
        [sys.executable, "-m", "qexp", *SWEEP],
        cwd=ready,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen = set()
    try:
        while running.poll() is None:
            for sweep in listed(status):
                seen.add((sweep["state"], sweep["process"]))
            time.sleep(0.01)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0  # being looked at does it no harm
    assert ("running", running.pid) in seen
    assert {state for state, _ in seen} <= {"running", "done"}


@pytest.fixture
def jobs(ledger):
    """A sweep that is paid for, and not run by anybody, with a job in every state."""
    book = begin(ledger)
    names = ("planned", "unsure", "queued", "running", "got", "gone", "bare")
    book.add(b"", [submission(s, (f"{s}-p",), n) for n, s in enumerate(names)])
    for name in names[1:5]:
        book.sending(name)
    for name in (*names[2:5], "bare"):
        book.sent(name, f"job-{name}")
    book.seen("queued", {"state": "queued", "queue": 7})
    book.seen("running", {"state": "running"})
    book.got("got", "job-got", b"", ["got-p"], whole=True, used=1.25)
    book.settle("got-p", None)
    book.cancelled("gone")
    ledger.close()
    return "key"


def test_jobs_by_state(home, status, jobs):
    (sweep,) = listed(status, jobs)
    assert sweep["jobs"] == {
        "planned": 1,
        "sending": 0,
        "unsure": 1,
        "queued": 2,
        "running": 1,
        "got": 1,
        "cancelled": 1,
    }
    assert sweep["said"] == {"queued": 1, "running": 1}
    # what was sent and is not reported counts with the plan's 2.5 s
    assert sweep["quantum_seconds"] == {"reported": 1.25, "planned": 4 * 2.5}
    assert sweep["unlogged"] == 1
    found = {job["id"]: job for job in sweep["submissions"]}
    assert found["queued"]["details"] == {"queue": 7}
    assert found["queued"]["job"] == "job-queued"
    assert found["planned"]["age_seconds"] is None
    assert found["got"]["age_seconds"] >= 0
    code, out = status(jobs)
    assert code == 0
    assert "1.25 s + 10 s by the plan" in out
    assert "1 done, 1 cancelled (1 not in MLflow)" in out
    assert "queued, queue 7" in out


def test_a_job_that_is_being_sent_is_not_unsure(home, status, jobs):
    holding = Ledger(home)
    holding.take(jobs)
    (sweep,) = listed(status)
    assert (sweep["state"], sweep["process"]) == ("running", os.getpid())
    assert (sweep["jobs"]["sending"], sweep["jobs"]["unsure"]) == (1, 0)
    assert f"running by process {os.getpid()}" in status()[1]
    holding.close()


def test_the_command_to_go_on_with(home, ledger, status):
    book = begin(ledger)
    book.add(b"", [submission("s1", ("p1",))])
    ledger.close()

    def then():
        (sweep,) = listed(status)
        return sweep["next"]

    assert then() == "python -m qexp resume key"
    opened = Ledger(home)
    book = opened.book("key")
    book.settle("p1", "broken")
    assert then() == "python -m qexp sync key"
    book.logged("p1", "sqlite:///mlflow.db", "r1")
    book.close("done")
    assert then() == "python -m qexp resume key --failed"
    book.settle("p1", None)
    assert then() is None
    opened.close()


def test_what_ended_before_it_was_planned_goes_on_as_it_was_started(ledger, status):
    begin(ledger)
    (sweep,) = listed(status)
    assert sweep["state"] == "running"
    ledger.close()
    (sweep,) = listed(status)
    assert sweep["next"] == "python -m qexp +experiment=ghz"


def test_a_ledger_that_there_was_no_room_to_make(home, ledger, status):
    ledger.close()
    (home / LEDGER).unlink()
    connection = sqlite3.connect(home / LEDGER)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert (home / LEDGER).stat().st_size > 0
    assert listed(status) == []
    code, error = status("key")
    assert code == 2
    assert "no sweep key" in error


def test_of_many_jobs_those_that_are_over_come_last(home, ledger, status):
    book = begin(ledger)
    names = [f"s{n:03}" for n in range(LISTED + 20)]
    book.add(b"", [submission(name, (f"p-{name}",), n) for n, name in enumerate(names)])
    for name in names[:50]:
        book.sent(name, f"j-{name}")
        book.got(name, f"j-{name}", b"", [f"p-{name}"], whole=True)
    ledger.close()
    code, out = status("key")
    assert code == 0
    assert "and 20 more; --all lists them" in out
    assert all(name in out for name in names[50:])
    code, out = status("key", "--all")
    assert all(name in out for name in names)
    assert len(listed(status, "key")[0]["submissions"]) == len(names)


def test_the_work_grows_with_the_number_of_jobs_and_not_its_square(home, ledger):
    def steps(key, number):
        book = begin(ledger, key=key)
        each = [submission(f"s{n}", (f"p{n}",), n) for n in range(number)]
        book.add(b"", each)
        for one in each:
            book.sent(one.id, "j")
        database, count = Database(home / LEDGER, readonly=True), 0

        def step():
            nonlocal count
            count += 1
            return 0

        database._connection.set_progress_handler(step, 1)
        jobs_of(database, book.row, running=True)
        database.close()
        return count

    few, many = steps("few", 20), steps("many", 200)
    assert many < 20 * few


def test_the_latest_ten_and_all(home, ledger, status):
    for n in range(12):
        begin(ledger, key=f"k{n:02}")
    ledger.close()
    assert [one["id"] for one in listed(status)] == [
        f"k{n:02}" for n in range(11, 1, -1)
    ]
    assert len(listed(status, "--all")) == 12
    code, error = status("k0")
    assert code == 2
    assert "10 sweeps may be meant" in error
    assert status("k11")[0] == 0
    code, error = status("nothing")
    assert code == 2
    assert "no sweep nothing" in error


def test_an_age_is_never_negative(home, ledger, status, jobs, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86400)
    (sweep,) = listed(status, jobs)
    assert sweep["age_seconds"] == 0
    assert {job["age_seconds"] for job in sweep["submissions"]} <= {None, 0}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (200_000, "2 d")],
)
def test_ages(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize("arguments", [["--sweep"], ["a", "b"], ["wait=true"]])
def test_what_it_does_not_take(home, status, arguments):
    code, error = status(*arguments)
    assert code == 2
    assert "status takes" in error


def test_a_later_version_is_said(home, ledger, status):
    ledger._database.run("PRAGMA user_version=3")
    ledger.close()
    code, error = status()
    assert code == 1
    assert "written by a later qexp" in error


def test_it_leaves_everything_as_it_is(home, status, jobs):
    before = {file: file.stat().st_mtime_ns for file in sorted(home.rglob("*"))}
    listed(status, jobs)
    assert {f: f.stat().st_mtime_ns for f in sorted(home.rglob("*"))} == before


def test_what_is_not_in_the_file_yet_is_seen(home, ledger):
    # a process that was killed leaves its last steps in the log beside the file
    book = begin(ledger)
    book.add(b"", [submission()])
    assert (home / "ledger.db-wal").stat().st_size > 0
    (sweep,) = overview(home)
    assert sweep["points"]["planned"] == 2


@pytest.mark.skipif(os.name != "posix", reason="a file system is mounted")
@pytest.mark.parametrize("closed", [True, False])
def test_on_a_file_system_that_is_read_only(home, ledger, jobs, mounted, closed):
    opened = None if closed else Ledger(home)
    if opened is not None:
        opened.book(jobs).settle("queued-p", None)
        assert (home / "ledger.db-wal").stat().st_size > 0
    shutil.copytree(home, mounted.folder / "home")
    if opened is not None:
        opened.close()
    mounted.read_only()
    finished = qexp_process(
        "status", "--json", cwd=mounted.folder, QEXP_HOME=str(mounted.folder / "home")
    )
    assert finished.status == 0, finished.err
    (sweep,) = json.loads(finished.out)["sweeps"]
    assert sweep["points"]["done"] == (1 if closed else 2)
    assert sweep["state"] == "unfinished"


def test_nothing_heavy_is_imported(ready, qexp):
    assert qexp(*FAST).status == 0
    for arguments in (["status"], ["status", "--json"], ["recover"]):
        code = (
            f"import sys, runpy; sys.argv = ['qexp', *{arguments!r}]\n"
            "try: runpy.run_module('qexp', run_name='__main__')\n"
            "except SystemExit as left: assert not left.code, left.code\n"
            "heavy = {'hydra', 'omegaconf', 'qiskit', 'qiskit_aer', 'mlflow', 'numpy',\n"
            "         'pydantic', 'yaml', 'requests'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        )
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ready,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
        )
