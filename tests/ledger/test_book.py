"""What is written of a sweep, and when."""

from __future__ import annotations

import json
import os
import time
import zlib

import pytest

from qexp.errors import LedgerError
from qexp.ledger import files
from qexp.ledger.database import Database
from qexp.ledger.ledger import Ledger
from qexp.ledger.page import checksum
from tests.ledger.conftest import begin, submission


def rows(ledger, table):
    """All rows, as another connection sees them: what is in the file."""
    other = Database(ledger.folder / "ledger.db", readonly=True)
    try:
        return other.rows(f"SELECT * FROM {table}")
    finally:
        other.close()


def events(ledger):
    found = rows(ledger, "event")
    for row in found:
        fields = ("at", "sweep", "submission", "kind", "detail")
        assert checksum([row[name] for name in fields]) == row["sum"]
    return [
        (row["kind"], row["submission"], json.loads(row["detail"])) for row in found
    ]


def state(ledger):
    (row,) = rows(ledger, "submission")
    return row["state"], row["job"]


def test_each_step_is_in_the_file_when_the_method_returns(ledger, book):
    assert state(ledger) == ("planned", None)
    assert [one["state"] for one in rows(ledger, "point")] == ["planned", "planned"]
    book.sending("s1", b"aside")
    assert state(ledger) == ("sending", None)
    book.sent("s1", "j1")
    assert state(ledger) == ("sent", "j1")
    book.seen("s1", {"state": "queued", "queue": 3})
    assert json.loads(rows(ledger, "submission")[0]["seen"]) == {
        "state": "queued",
        "queue": 3,
    }
    book.got("s1", "j1", b"one", ["p1"], whole=False)
    assert state(ledger) == ("sent", "j1")
    book.got("s1", "j1", b"two", ["p2"], whole=True, used=1.5)
    assert state(ledger) == ("got", "j1")
    book.settle("p1", None)
    book.settle("p2", "broken")
    assert {
        one["id"]: (one["state"], one["error"]) for one in rows(ledger, "point")
    } == {
        "p1": ("done", None),
        "p2": ("failed", "broken"),
    }
    book.logged("p1", "store", "r1")
    assert book.runs("store") == {"p1": "r1"}
    book.close("done")
    assert events(ledger) == [
        ("planned", None, {"batch": 0, "submissions": 1}),
        ("sending", "s1", {}),
        ("sent", "s1", {"job": "j1"}),
        ("got", "s1", {"job": "j1", "used": 1.5}),
        ("done", None, {}),
    ]


def test_what_is_beside_the_ledger_tells_the_same(ledger, book):
    book.sending("s1", b"aside")
    book.got("s1", "j1", b"raw\nbytes", ["p1", "p2"], whole=True, used=1.5)
    book.close("done")
    about = json.loads((book.folder / "sweep.json").read_text())
    (row,) = rows(ledger, "sweep")
    assert about == row
    head, plan = files.parted(files.get(book.folder / "plan-0.json.z"))
    assert plan == b"the plan"
    assert head["submissions"][0]["points"] == ["p1", "p2"]
    (answer,) = rows(ledger, "answer")
    head, raw = files.parted(files.get(book.folder / answer["file"]))
    assert raw == b"raw\nbytes"
    assert (head["job"], head["parts"], head["whole"], head["used"]) == (
        "j1",
        ["p1", "p2"],
        True,
        1.5,
    )
    assert book.aside("s1") == b"aside"


def test_an_answer_is_read_as_it_came(book):
    book.got("s1", "j1", b'{"a": 1}\nrest', ["p1"], whole=False)
    (answer,) = book.answers()
    assert (answer.raw, answer.parts, answer.job) == (b'{"a": 1}\nrest', ("p1",), "j1")


def test_when_a_job_ran_is_kept_with_its_answer(book):
    book.got("s1", "j1", b"", ["p1"], whole=False, began=100.5, ended=101.0)
    book.got("s1", "j1", b"", ["p2"], whole=True)
    first, second = book.answers()
    assert (first.began, first.ended) == (100.5, 101.0)
    assert second.began is None
    assert time.time() - 60 < second.ended <= time.time()


def test_an_answer_of_before_times_were_kept_has_that_of_its_coming(book):
    book.got("s1", "j1", b"", ["p1"], whole=False, ended=5.0)
    row = book.rows_of("s1")[0]
    head, body = files.parted(files.get(book.folder / row["file"]))
    old = {key: v for key, v in head.items() if key not in ("began", "ended")}
    digest = files.put(book.folder / row["file"], body, durable=False, head=old)
    book._insert("answer", {**row, "digest": digest})
    (answer,) = book.answers()
    assert (answer.began, answer.ended) == (None, row["at"])


def test_a_transaction_that_fails_leaves_nothing(ledger, book):
    def fail():
        with book._database.transaction():
            book.sending("s1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert state(ledger) == ("planned", None)
    assert [kind for kind, *_ in events(ledger)] == ["planned"]


def test_a_withdrawn_job_is_sent_anew_under_another_mark(ledger, book):
    first = book.mark("s1")
    book.sending("s1")
    book.sent("s1", "j1")
    book.withdrawn("s1")
    assert state(ledger) == ("planned", None)
    assert book.mark("s1") == f"{first}.1"
    assert book.submissions()["s1"].mark == f"{first}.1"
    assert files.parted(files.get(book.folder / "s1.withdrawn.json.z"))[0] == {
        "attempt": 1
    }


@pytest.mark.parametrize("damage", ["torn", "changed", "gone", "empty"])
@pytest.mark.parametrize("service", ["local", "circuit_runner"])
def test_an_answer_that_is_not_what_was_written(ledger, service, damage):
    book = begin(ledger, service=service)
    book.add(b"plan", [submission()])
    book.sent("s1", "j1")
    book.got("s1", "j1", b"x" * 1000, ["p1", "p2"], whole=True)
    for point in ("p1", "p2"):
        book.settle(point, None)
    (answer,) = rows(ledger, "answer")
    file = book.folder / answer["file"]
    packed = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(zlib.compress(b"y" * 1000))
    else:
        file.write_bytes(packed[: len(packed) // 2] if damage == "torn" else b"")
    assert list(book.answers()) == []
    assert book.damaged == [answer["file"]]
    assert book.points() == {"p1": "planned", "p2": "planned"}
    # what was paid for is fetched again from its job, the other is measured again
    assert state(ledger)[0] == ("planned" if service == "local" else "sent")
    assert rows(ledger, "answer") == []


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "one" / "file.json.z"
    digest = files.put(file, b"old", durable=True)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(LedgerError, match=r"No space left on device"):
        files.put(file, b"new", durable=True)
    assert files.get(file, digest) == b"old"
    assert [one.name for one in file.parent.iterdir()] == ["file.json.z"]


def test_what_another_sweep_has_measured_is_taken_over(ledger, book):
    book.sending("s1", b"aside")
    book.sent("s1", "j1")
    book.got("s1", "j1", b"one", ["p1"], whole=False)
    book.got("s1", "j1", b"two", ["p2"], whole=True, used=3.0)
    book.settle("p1", None)
    other = begin(ledger, key="other")
    found = ledger.settled(["p1", "p2", "p3"])
    assert {point: row["sweep"] for point, row in found.items()} == {"p1": "key"}
    other.reuse(book, 0, ["p1"])
    assert [one.raw for one in other.answers()] == [b"one"]
    assert other.aside("s1") == b"aside"
    assert other.points() == {"p1": "planned"}
    assert other.submissions()["s1"].used == 0.0
    assert other.batches() == {0: ("key", frozenset({"p1"}))}
    assert other.plans() == {0: b"the plan"}
    # and the other's own books are as they were
    assert book.submissions()["s1"].used == 3.0


def test_migration_from_version_0(home):
    home.mkdir()
    (home / "ledger.db").write_bytes(b"")
    opened = Ledger(home)
    assert opened.sweeps() == []
    assert opened._database._version() == 1
    opened.close()


def test_a_ledger_of_a_later_qexp_is_left_alone(home, ledger):
    ledger._database.run("PRAGMA user_version=2")
    with pytest.raises(LedgerError, match=r"written by a later qexp \(its version 2"):
        Ledger(home)


def test_no_new_ledger_is_made_where_one_is_gone(home, ledger, book):
    ledger.close()
    for one in home.glob("ledger.db*"):
        one.unlink()
    with pytest.raises(LedgerError, match=r"damaged \(it is gone\).*qexp recover"):
        Ledger(home)
    (home / "ledger.db").write_bytes(b"")
    with pytest.raises(LedgerError, match=r"damaged \(it is empty\).*qexp recover"):
        Ledger(home)


def test_a_changed_event_is_damage(home, ledger, book):
    book.sent("s1", "j1")
    ledger._database.run(
        "UPDATE event SET detail='{\"job\": \"j2\"}' WHERE kind='sent'"
    )
    ledger.close()
    opened = Ledger(home)
    with pytest.raises(LedgerError, match=r"event 2 is not what was written"):
        opened.take("key")
    opened.close()


def test_a_step_that_the_file_lost_is_not_taken_for_unsent(home, ledger, book):
    """SQLite takes a log that breaks off for one that ends there, without a word."""
    copies = {file: file.read_bytes() for file in home.glob("ledger.db*")}
    book.sending("s1", b"aside")
    mark = book.mark("s1")
    ledger.close()
    for file in home.glob("ledger.db*"):
        file.unlink()
    for file, content in copies.items():
        file.write_bytes(content)
    reopened = Ledger(home)
    try:
        assert state(reopened) == ("planned", None)
        found = reopened.book(book.id).submissions()["s1"]
        assert (found.state, found.mark) == ("sending", mark)
    finally:
        reopened.close()
