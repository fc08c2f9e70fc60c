"""A service that is away for long, in the midst of a sweep: it is waited for."""

from __future__ import annotations

import pytest
import requests

from qexp.services import State
from qexp.services.outage import Away, Wait, duration
from tests.embedded import experiments, part
from tests.services.fake import Clock, never_connected, remote, runner_of

HOUR = 3600


class Closing(Clock):
    """A clock with hours at which the service is closed."""

    def __init__(self, fake, *closed, fault=503):
        super().__init__()
        self.fake, self.closed, self.fault = fake, closed, fault
        self.send, fake.send = fake.send, self._send

    def _send(self, request, **rest):
        if not any(start <= self.now() < end for start, end in self.closed):
            return self.send(request, **rest)
        self.fake.requests.append((request.method, f"closed {request.url}"))
        if isinstance(self.fault, Exception):
            raise self.fault
        return self.fake._response(request, self.fault, {"error": {}}, {})


def names(runner):
    return sorted(experiments(runner.decode(one.raw) for one in runner.arrivals()))


FAULTS = [503, 500, 429, never_connected(), requests.ReadTimeout("slow")]


@pytest.mark.parametrize("fault", FAULTS)
def test_hours_without_an_answer_cost_nothing(fake, witness, fault):
    clock = Closing(fake, (5, 5 + HOUR), fault=fault)
    fake.next_states = [["Queued"] * 6 + ["Running"] * 3 + ["Completed"]] * 3
    fake.maximum = 2
    runner = runner_of(fake, clock, witness)
    for name in "abc":
        runner.submit(remote(part(name)))
    assert names(runner) == ["a-0", "b-0", "c-0"]
    assert len(fake.jobs) == 3
    began, ended = (text for _, text in witness.of("told"))
    assert "the service is away" in began
    assert "6 h" in began
    assert ended.startswith("the service is there again, after ")
    assert ended.endswith(("1 h", "60 min"))
    closed = [path for _, path in fake.requests if path.startswith("closed")]
    assert 60 < len(closed) < 300  # seldom, and yet it is noticed soon
    assert witness.of("missed", "unsent") == []


def test_a_short_outage_is_not_worth_a_word(fake, witness):
    runner = runner_of(fake, Closing(fake, (3, 6)), witness)
    runner.submit(remote(part("a")))
    fake.jobs[0].states = ["Queued"] * 6 + ["Completed"]
    assert names(runner) == ["a-0"]
    assert witness.of("told") == []


def test_patience_ends_and_the_jobs_stay(fake, witness):
    clock = Closing(fake, (5, 9 * HOUR))
    runner = runner_of(fake, clock, witness, patience=2 * HOUR)
    fake.next_states = [["Queued"] * 99] * 2
    for name in "ab":
        runner.submit(remote(part(name)))
    with pytest.raises(Away, match="503"):
        list(runner.arrivals())
    assert 2 * HOUR < clock.now() < 2.2 * HOUR
    assert [job.status for job in fake.jobs] == ["Queued"] * 2
    assert witness.of("unsent", "missed") == []
    assert len(witness.of("told")) == 1


def test_one_job_without_an_answer_keeps_none_from_the_others(fake, witness):
    fake.fail("GET", "/job1", *[500] * 10**5)
    runner = runner_of(fake, clock := Clock(), witness, patience=HOUR)
    for name in "abc":
        runner.submit(remote(part(name)))
    arrivals = runner.arrivals()
    first = [next(arrivals).job.submission for _ in range(2)]
    assert sorted(first) == ["b", "c"]
    assert clock.now() < 60
    fake.others = 1
    fake.next_states = [["Queued"] * 9999]
    runner.submit(remote(part("d")))  # the service goes on answering
    fake.jobs[-1].states = ["Running"] * 400 + ["Completed"]
    assert [one.job.submission for one in arrivals] == ["d"]
    ((_, id_, why),) = witness.of("missed")
    assert id_ == "a"
    assert "500" in why
    assert runner.states([]) == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_sending_waits_and_sends_once(fake, witness, fault):
    clock = Closing(fake, (1, 1 + HOUR), fault=fault)
    runner = runner_of(fake, clock, witness)
    runner.account.devices()
    clock.slept.append(1)
    job = runner.submit(remote(part("a")))
    assert job.id.startswith("queued-")
    assert names(runner) == ["a-0"]
    assert len(fake.jobs) == 1
    assert [kind for kind, *_ in witness.noted if kind != "seen"] == [
        "told",
        "told",
        "sending",
        "sent",
    ]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_receipt_lost_in_an_outage_is_looked_up_after_it(fake, witness, accepted):
    clock = Closing(fake, (1, 1 + HOUR))
    runner = runner_of(fake, clock, witness)
    post = fake._run

    def run(body):
        fake._run = post
        if accepted:
            post(body)
        clock.slept.append(1)
        raise requests.ReadTimeout("lost")

    fake._run = run
    assert runner.submit(remote(part("a"))).id == "job1"
    assert len(fake.jobs) == 1
    assert fake.asked("POST", "/runtime/jobs") == (1 if accepted else 2)
    kinds = [kind for kind, *_ in witness.noted]
    assert kinds == ["sending", "told", "told", "sent"]


def test_ctrl_c_is_heeded_while_the_service_is_away(fake, witness):
    class CtrlC(Closing):
        def __call__(self, seconds):
            super().__call__(seconds)
            if self.now() > HOUR:
                runner.stop()
                self.heard = min(getattr(self, "heard", self.now()), self.now())

    clock = CtrlC(fake, (5, 9 * HOUR))
    runner = runner_of(fake, clock, witness)
    runner.submit(remote(part("a")))
    fake.jobs[0].states = ["Queued"] * 99
    assert list(runner.arrivals()) == []
    assert clock.now() == clock.heard
    assert fake.jobs[0].status == "Queued"
    assert witness.of("unsent", "missed") == []


def test_ctrl_c_while_a_receipt_is_looked_for_leaves_it_unsure(fake, witness):
    class CtrlC(Closing):
        def __call__(self, seconds):
            super().__call__(seconds)
            if self.now() > HOUR:
                runner.stop()

    clock = CtrlC(fake, (1, 9 * HOUR))
    runner = runner_of(fake, clock, witness)
    post = fake._run

    def run(body):
        post(body)
        clock.slept.append(1)
        raise requests.ReadTimeout("lost")

    fake._run = run
    runner.submit(remote(part("a")))
    assert list(runner.arrivals()) == []
    assert [kind for kind, *_ in witness.noted] == ["sending", "told"]
    fake.send = clock.send
    again = runner_of(fake, Clock())
    assert again.find(remote(part("a"))).id == "job1"


def test_waiting_ends_when_it_is_told_to():
    class Ending(Wait):
        asked = 0

        def now(self):
            self.asked += 1
            self.stopped = self.asked > 2
            return super().now()

    wait = Ending()
    wait(9999)
    assert wait.asked <= 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1 h"), (21600, "6 h")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_a_service_that_was_never_there_is_not_waited_for(fake):
    clock = Closing(fake, (0, 9 * HOUR))
    with pytest.raises(Away, match="tried 8 times"):
        runner_of(fake, clock)
    assert clock.now() < 180


def test_a_state_is_known_when_the_service_is_back(fake, witness):
    clock = Closing(fake, (1, 1 + HOUR))
    runner = runner_of(fake, clock, witness)
    job = runner.submit(remote(part("a")))
    clock.slept.append(1)
    with pytest.raises(Away):
        runner.states([job])
    clock.slept.append(HOUR)
    assert runner.states([job])[job.id] is State.QUEUED
