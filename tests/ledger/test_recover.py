"""A ledger that is damaged: it is said, and what is left goes on."""

from __future__ import annotations

import random
import shutil
import sqlite3

import pytest

from qexp.command.recovery import main as recover
from qexp.errors import LedgerError
from qexp.ledger import recover as recovering
from qexp.ledger.holding import held
from qexp.ledger.ledger import Ledger
from qexp.ledger.workspace import LEDGER, of_sweep
from qexp.shown.status import main as status
from tests.conftest import qexp_process
from tests.emulating import emulating
from tests.ledger.conftest import begin, submission
from tests.ledger.killing import SWEEP, killed, require_complete

PAGE = 4096


@pytest.fixture(scope="module")
def half(tmp_path_factory, database):
    """A sweep of which a good half is measured when its process is killed."""
    folder = tmp_path_factory.mktemp("half")
    shutil.copy(database, folder / "mlflow.db")
    killed(folder, "got", 25, *SWEEP)
    with sqlite3.connect(folder / ".qexp/ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def copied(half, folder):
    shutil.copytree(half, folder, dirs_exist_ok=True)
    return folder


def ledger(folder):
    return folder / ".qexp/ledger.db"


def pages(folder, seed):
    """Overwrite some pages in the middle of the file."""
    chance = random.Random(seed)
    number = ledger(folder).stat().st_size // PAGE
    assert number > 15
    with ledger(folder).open("r+b") as file:
        for page in chance.sample(range(1, number), 3):
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE) if chance.random() < 0.7 else bytes(PAGE))


def gone(folder):
    for one in folder.glob(".qexp/ledger.db*"):
        one.unlink()


DAMAGES = {
    **{f"pages {seed}": lambda f, seed=seed: pages(f, seed) for seed in range(3)},
    "empty": lambda folder: ledger(folder).write_bytes(b""),
    "garbage": lambda folder: ledger(folder).write_bytes(
        random.Random(1).randbytes(9000)
    ),
    "torn": lambda folder: ledger(folder).write_bytes(
        ledger(folder).read_bytes()[: 7 * PAGE + 100]
    ),
    "gone": gone,
}


OFTEN = ("pages 0", "empty", "gone")
"""Damages that are tried before anything lands."""


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(one, marks=[] if one in OFTEN else pytest.mark.long)
        for one in DAMAGES
    ],
)
def test_the_same_command_goes_on_after_recover(copied, qexp, capfd, damage):
    DAMAGES[damage](copied)
    said = "the ledger is damaged"
    assert status([]) == 1
    assert said in capfd.readouterr().err
    answers = {
        file: file.read_bytes() for file in copied.glob(".qexp/sweeps/*/*-*.json.z")
    }
    assert len(answers) == 26  # and the plan
    was = ledger(copied).read_bytes() if ledger(copied).exists() else None
    assert recover([]) == 0
    told = capfd.readouterr().out
    assert "the ledger was damaged" in told
    aside = list(copied.glob(".qexp/ledger.db.damaged-*"))
    aside = [one for one in aside if not one.name.endswith("-wal")]
    assert [one.read_bytes() for one in aside] == ([] if was is None else [was])
    assert status([]) == 0
    assert "unfinished" in capfd.readouterr().out
    finished = qexp(*SWEEP)
    assert finished.status == 0, finished.err
    assert "goes on with sweep" in finished.err
    require_complete(copied)
    # what was there was not measured again
    assert {file: file.read_bytes() for file in answers} == answers
    assert len(list(copied.glob(".qexp/sweeps/*"))) == 1
    assert recover([]) == 0
    assert "nothing is wrong" in capfd.readouterr().out


@pytest.mark.parametrize("damage", ["pages 0", "gone"])
@pytest.mark.parametrize("command", [SWEEP, ("resume",), ("sync",)])
def test_every_command_says_that_the_ledger_is_damaged(copied, qexp, damage, command):
    DAMAGES[damage](copied)
    before = sorted(copied.glob(".qexp/sweeps/*/*"))
    refused = qexp(*command)
    assert refused.status == 1
    assert "the ledger is damaged" in refused.err
    assert "`python -m qexp recover`" in refused.err
    assert sorted(copied.glob(".qexp/sweeps/*/*")) == before


def test_a_torn_answer_is_measured_again(copied, qexp):
    answers = sorted(copied.glob(".qexp/sweeps/*/*-*.json.z"))[:-1]
    torn, changed = answers[0], answers[1]
    torn.write_bytes(torn.read_bytes()[:100])
    changed.write_bytes(answers[2].read_bytes())
    kept = {file: file.read_bytes() for file in answers[2:]}
    finished = qexp(*SWEEP)
    assert finished.status == 0, finished.err
    assert "2 answers on the disk were not what was written" in finished.err
    require_complete(copied)
    assert {file: file.read_bytes() for file in kept} == kept
    assert changed.read_bytes() != answers[2].read_bytes()


def test_recover_works_alone(home, ledger, capfd):
    begin(ledger)
    ledger._database.run("UPDATE event SET sum=1")
    book = ledger.book("key")
    book.add(b"plan", [submission()])
    ledger._database.run("UPDATE event SET sum=1")
    assert recover([]) == 1
    assert "sweep key is being run by process" in capfd.readouterr().err
    ledger.close()
    assert recover([]) == 0
    assert "event 1 is not what was written" in capfd.readouterr().out


def test_nobody_goes_on_with_a_ledger_that_was_replaced(home, ledger):
    begin(ledger).add(b"plan", [submission()])
    ledger.close()
    early = Ledger(home)
    shutil.copy(home / LEDGER, home / "new.db")  # as recover does it
    (home / "new.db").replace(home / LEDGER)
    with pytest.raises(LedgerError, match="was recovered, or removed"):
        early.take("key")
    early.close()
    late = Ledger(home)
    late.take("key")
    late.close()


def test_no_sweep_is_taken_while_a_ledger_is_recovered(home, ledger, monkeypatch):
    begin(ledger).add(b"plan", [submission()])
    ledger._database.run("UPDATE event SET sum=1")
    ledger.close()
    make, states = recovering._recover, []

    def looked_at(folder, wrong):
        states.append(held(of_sweep(folder, "key")))
        return make(folder, wrong)

    monkeypatch.setattr(recovering, "_recover", looked_at)
    assert recover([]) == 0
    assert states == [True]
    assert not held(of_sweep(home, "key"))


def test_recover_needs_a_workspace_and_no_arguments(home, capfd):
    assert recover([]) == 2
    assert "no workspace" in capfd.readouterr().err
    assert recover(["all"]) == 2
    assert "takes no arguments" in capfd.readouterr().err


def paid(ledger):
    """A sweep that is paid for, with a job in every state."""
    book = begin(ledger)
    names = ("done", "part", "sent", "unsure", "new", "again")
    book.add(
        b"the plan",
        [submission(s, (f"{s}1", f"{s}2"), n) for n, s in enumerate(names)],
    )
    for name in names[:4]:
        book.sending(name, b"aside")
    for name in names[:3]:
        book.sent(name, f"job-{name}")
    book.got("done", "job-done", b"raw", ["done1", "done2"], whole=True, used=1.5)
    book.got("part", "job-part", b"raw", ["part1"], whole=False)
    for point in ("done1", "done2", "part1"):
        book.settle(point, None)
    book.sending("again")
    book.sent("again", "job-0")
    book.withdrawn("again")
    return book


def test_of_a_paid_sweep_nothing_is_taken_for_unsent(home, ledger):
    book = paid(ledger)
    marks = {one.id: one.mark for one in book.submissions().values()}
    ledger.close()
    for one in home.glob("ledger.db*"):
        one.unlink()
    found = recovering.recover(home)
    (sweep,) = found.sweeps
    assert set(sweep.unsure) == {"part", "sent", "unsure", "new", "again"}
    opened = Ledger(home)
    book = opened.book("key")
    known = book.submissions()
    assert {one.id: (one.state, one.job) for one in known.values()} == {
        "done": ("got", "job-done"),
        **dict.fromkeys(sweep.unsure, ("sending", None)),
    }
    # their jobs are found by what they were sent with
    assert {one.id: one.mark for one in known.values()} == marks
    assert known["done"].used == 1.5
    assert set(book.points().values()) == {"planned"}
    assert {one.parts for one in book.answers()} == {("done1", "done2"), ("part1",)}
    assert book.plans() == {0: b"the plan"}
    assert book.aside("sent") == b"aside"
    opened.close()


@pytest.mark.parametrize("table", ["submission", "point", "answer", "batch", "sweep"])
def test_a_table_that_is_lost_is_made_again(home, ledger, table):
    book = paid(ledger)
    ledger._database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    before = book.submissions()
    (root,) = ledger._database.rows(
        "SELECT rootpage FROM sqlite_master WHERE type='table' AND name=?", (table,)
    )
    ledger.close()
    with (home / "ledger.db").open("r+b") as file:
        file.seek((root["rootpage"] - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    found = recovering.recover(home)
    assert found.kept[table] == 0
    opened = Ledger(home)
    book = opened.book("key")
    after = book.submissions()
    if table == "submission":
        # the events tell of a job, and not that there is none
        assert after["sent"] == before["sent"]
        assert after["part"] == before["part"]
        for name in ("unsure", "new", "again"):
            assert after[name].state == "sending"
            assert after[name].mark == before[name].mark
    else:
        assert after == before
    assert len(list(book.answers())) == 2
    assert set(book.points()) == {f"{s}{n}" for s in before for n in (1, 2)}
    assert book.plans() == {0: b"the plan"}
    opened.close()


def test_a_sweep_that_was_cancelled_stays_so(home, ledger):
    book = paid(ledger)
    for name in ("part", "sent", "unsure", "new", "again"):
        book.cancelled(name)
    book.close("cancelled")
    ledger.close()
    for one in home.glob("ledger.db*"):
        one.unlink()
    recovering.recover(home)
    opened = Ledger(home)
    states = {one.id: one.state for one in opened.book("key").submissions().values()}
    assert states.pop("done") == "got"
    assert set(states.values()) == {"cancelled"}
    assert opened.sweeps()[0]["state"] == "cancelled"
    opened.close()


def test_a_job_that_was_sent_is_found_again_and_not_sent_twice(
    ready, tmp_path, monkeypatch
):
    monkeypatch.chdir(
        tmp_path.parent
    )  # the emulator is none of the processes waited for
    with emulating(tmp_path / "served") as server:
        command = (
            *("+experiment=ghz", "backend=ibmq_manila", "tracking.pictures=none"),
            *("service=circuit_runner", f"service.url={server.url}"),
            *("service.poll_seconds=0.1", "service.settle_seconds=0.2"),
        )
        killed(ready, "sent", 1, *command, QEXP_TOKEN=server.token)
        gone(ready)
        told = qexp_process("recover", cwd=ready)
        assert told.status == 0, told.err
        assert "it will be asked before anything is sent" in told.err
        finished = qexp_process(*command, cwd=ready, QEXP_TOKEN=server.token)
        assert finished.status == 0, finished.err
        jobs = server.client().get("jobs").json()
        assert jobs["count"] == 1, jobs
