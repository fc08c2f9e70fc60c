"""What an earlier process left behind: adopted, looked for twice, or not touched."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from qexp.command.dispatch import arrivals, dispatch
from qexp.command.watch import Watch
from qexp.declare.running import Budget
from qexp.errors import ServiceError
from qexp.ledger.ledger import Ledger
from qexp.ledger.records import Planned
from qexp.services.outage import Away
from tests.embedded import ghz, part
from tests.services.fake import never_connected, remote, runner_of

ABOUT = {
    "name": "ghz",
    "seed": 7,
    "command": [],
    "store": "sqlite://",
    "version": "0",
    "swept": True,
}


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def left(fake, clock, ledger):
    """A sweep of two jobs, of which an earlier process was sending the first."""
    one, two = remote(part("a")), remote(part("b"))
    book = ledger.begin("key", service="circuit_runner", **ABOUT)
    book.add(
        b"{}",
        [
            Planned(s.id, n, "ibmq_manila", 1, s.names, 1.0)
            for n, s in enumerate((one, two))
        ],
    )
    book.sending(one.id, b"{}")
    watch = Watch(Budget())
    watch.open(book)
    planned = SimpleNamespace(submissions=(one, two), id=book.id)
    runner = runner_of(fake, clock, watch, settle_seconds=10.0)
    return SimpleNamespace(
        plan=planned, runner=runner, watch=watch, book=book, first=one, second=two
    )


def states(left):
    return [one.state for one in left.book.submissions().values()]


def test_what_was_not_found_twice_is_sent_once(left, fake, clock):
    dispatch(left.plan, left.runner, left.watch)
    assert 10.0 in clock.slept
    assert states(left) == ["sent", "sent"]
    assert len(fake.jobs) == 2


def test_ctrl_c_between_the_two_looks_sends_nothing(left, fake, clock, monkeypatch):
    def stop(seconds):
        left.runner.stop()

    monkeypatch.setattr(type(clock), "__call__", lambda self, seconds: stop(seconds))
    assert list(arrivals(left.plan, left.runner, left.watch)) == []
    assert states(left) == ["sending", "planned"]
    assert fake.jobs == []


def test_a_service_that_is_away_is_no_service_that_cannot_tell(left, fake):
    left.watch.on_unsure = "resubmit"
    fake.fail("GET", "/runtime/jobs", *[never_connected()] * 5000)
    with pytest.raises(Away):
        dispatch(left.plan, left.runner, left.watch)
    assert states(left) == ["sending", "planned"]
    assert fake.jobs == []


def test_a_service_that_cannot_tell_is_told_of(left, fake):
    fake.listed = lambda job: {
        key: value for key, value in job.shown().items() if key != "params"
    }
    fake._run(
        {
            "params": {"circuits": []},
            "backend": "x",
            **dict.fromkeys(("hub", "group", "project")),
        }
    )
    with pytest.raises(ServiceError, match=f"adopt JOB_ID {left.first.id}"):
        dispatch(left.plan, left.runner, left.watch)
    assert states(left) == ["sending", "planned"]


def test_what_could_not_be_compiled_is_answered_once(left, fake, clock):
    """It is found out again with a job that is fetched later, and not handed out twice."""
    both = remote(part("wide", circuits=ghz(6)), part("good"), compile="client")
    left.book.add(b"{}", [Planned(both.id, 9, "ibmq_manila", 2, ("wide", "good"), 1.0)])
    left.watch.look_up()
    plan = SimpleNamespace(submissions=(both,), id=left.book.id)
    first = iter(arrivals(plan, left.runner, left.watch))
    assert next(first).parts == ("wide",)
    again = Watch(Budget())
    again.open(left.book)
    later = runner_of(fake, clock, again)
    found = [one.parts for one in arrivals(plan, later, again)]
    assert sorted(found) == [("good",), ("wide",)]
    assert len(fake.jobs) == 1
