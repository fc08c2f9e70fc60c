"""What every service promises, whichever it is.

A service joins by an entry in `SERVICES`: a fixture that gives a `Stand`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qexp.declare.config import CircuitRunnerService, LocalService, Service
from qexp.declare.twin import Twin
from qexp.errors import LedgerError, ServiceError
from qexp.planning.limits import limits
from qexp.results.result import split
from qexp.services import Runner, State
from qexp.services.connect import connect
from tests.embedded import built, manila, part, submission
from tests.platforming import platform_of
from tests.services import fake as fakes


@dataclass
class Stand:
    """A service to be tested.

    Attributes:
        service: Its section.
        connect: A new connection to it; takes a witness.
        lose_next: Have the receipt of the next job be lost, after it was accepted; None
            where there is no receipt to lose.
    """

    service: Service
    connect: Callable[..., Runner]
    lose_next: Callable[[], None] | None = None

    def submission(self, *parts: Any, mark: str | None = None, **inputs: Any) -> Any:
        made = submission(*parts, **inputs)
        # a real service remembers what was sent to it before
        own = uuid.uuid4().hex[:12]
        return replace(made, service=self.service, id=own, mark=mark)


@pytest.fixture
def local():
    service = LocalService()
    return Stand(service, lambda witness=None: connect(service, 1, witness=witness))


def faked(compile):
    """The program behind a fake of the protocol, on no network."""
    from qexp.services.engine import machine as machine_of
    from qexp.services.program import run
    from qexp.services.task import encoded

    machine = machine_of(manila(), "device", Twin(), None)

    def answer(params):
        circuits = fakes.circuits(params)
        inputs = {key: v for key, v in params.items() if key != "circuits"}
        return encoded(run(machine, circuits, inputs), "job").decode()

    fake = fakes.Fake(answer, maximum=2)
    service = fakes.section(compile=compile)
    return Stand(
        service,
        lambda witness=None: fakes.runner_of(
            fake, fakes.Clock(), witness, compile=compile
        ),
        lambda: fake.fail("POST", "/jobs", "lost"),
    )


@pytest.fixture
def faked_server(monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", fakes.TOKEN)
    return faked("server")


@pytest.fixture
def faked_client(monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", fakes.TOKEN)
    return faked("client")


def emulated(emulator, compile):
    """The emulator, over a real network."""
    service = CircuitRunnerService(
        url=emulator.url,
        compile=compile,
        settle_seconds=0.5,
        poll_seconds=0.1,
        poll_longest=0.5,
    )
    return Stand(service, lambda witness=None: connect(service, 1, witness=witness))


@pytest.fixture
def emulated_server(emulator, monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    return emulated(emulator, "server")


@pytest.fixture
def emulated_client(emulator, monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    return emulated(emulator, "client")


@pytest.fixture
def emulated_platform(emulator, monkeypatch):
    """Today's API of the emulator."""
    monkeypatch.setenv("QEXP_IBM_API_KEY", emulator.token)
    service = platform_of(emulator)
    return Stand(service, lambda witness=None: connect(service, 1, witness=witness))


SERVICES = [
    "local",
    "faked_server",
    "faked_client",
    "emulated_server",
    "emulated_client",
    "emulated_platform",
]


@pytest.fixture(params=SERVICES)
def stand(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def runner(stand):
    opened = stand.connect()
    yield opened
    opened.close()


def results(runner, *sent):
    """The results of submissions, by the part's name, in the order of their arrival."""
    by_id = {one.id: one for one in sent}
    for one in sent:
        runner.submit(one)
    found = [
        result
        for arrival in runner.arrivals()
        for result in split(by_id[arrival.job.submission], runner.decode(arrival.raw))
    ]
    return {one.name: one for one in found}


def prepared(bits):
    """A circuit that gives these bits, and is measured into them; clbit 0 rightmost."""
    circuit = QuantumCircuit(len(bits), len(bits))
    for qubit, bit in enumerate(reversed(bits)):
        if bit == "1":
            circuit.x(qubit)
    circuit.measure(range(len(bits)), range(len(bits)))
    return circuit


def test_the_order_of_circuits_and_bits_is_kept(stand, runner):
    wanted = [["100", "010"], ["110"]]
    parts = [
        part(f"p{number}", circuits=built(*map(prepared, bits)))
        for number, bits in enumerate(wanted)
    ]
    found = results(runner, stand.submission(*parts))
    assert list(found) == ["p0", "p1"]
    for bits, result in zip(wanted, found.values(), strict=True):
        likeliest = [max(one.counts, key=one.counts.get) for one in result.measured]
        assert likeliest == bits


def test_every_submission_is_answered_however_many_there_are(stand, runner):
    sent = [stand.submission(part(name), part(f"{name}2")) for name in "abcde"]
    found = results(runner, *sent)
    assert sorted(found) == sorted(
        one for name in "abcde" for one in (name, f"{name}2")
    )
    assert all(one.measured[0].shots == 100 for one in found.values())
    assert runner.running == 0


def test_states_end_with_done(stand, runner):
    job = runner.submit(stand.submission(part("a")))
    begun = (State.QUEUED, State.RUNNING, State.DONE)
    assert runner.states([job])[job.id] in begun
    list(runner.arrivals())
    assert runner.states([job]) == {job.id: State.DONE}


def test_nothing_arrives_of_nothing(runner):
    assert list(runner.arrivals()) == []


def test_a_failure_is_reported_and_keeps_none_from_the_others(stand, runner):
    wide = part("wide", circuits=built(QuantumCircuit(9, 9, name="wide")))
    one_job = [wide, part("good")]
    together = limits(stand.service, manila()).own_compile_options
    sent = [one_job] if together else [[one] for one in one_job]
    found = results(runner, *[stand.submission(*parts) for parts in sent])
    assert "9" in found["wide"].error
    assert found["wide"].measured == ()
    assert found["good"].error is None


def test_bytes_that_are_no_answer_are_an_error(runner):
    with pytest.raises(ServiceError):
        runner.decode(b"no answer")


def counts(found):
    return {name: [one.counts for one in r.measured] for name, r in found.items()}


def test_equal_seeds_give_equal_counts(stand, runner):
    first = results(runner, stand.submission(part("a"), part("b")))
    second = results(runner, stand.submission(part("b")), stand.submission(part("a")))
    assert counts(first) == counts(second)
    other = results(runner, stand.submission(part("a"), seed_simulator=8))
    assert counts(other)["a"] != counts(first)["a"]


def test_counts_are_the_same_on_every_service(stand, runner):
    here = connect(LocalService(), 1)
    expected = results(here, submission(part("a", initial_layout=[4, 3, 2])))
    found = results(runner, stand.submission(part("a", initial_layout=[4, 3, 2])))
    assert counts(found) == counts(expected)


@pytest.mark.parametrize("on", [True, False])
def test_mitigation(stand, runner, on):
    sent = stand.submission(part("a"), measurement_error_mitigation=on)
    (measured,) = results(runner, sent)["a"].measured
    assert sum(measured.counts.values()) == 100
    if not on:
        assert measured.quasi is None
        return
    assert sum(measured.quasi.values()) == pytest.approx(1)
    assert sorted(measured.mapping.values()) == [0, 1, 2]


def test_the_compiled_circuit_comes_back(stand, runner):
    (measured,) = results(runner, stand.submission(part("a")))["a"].measured
    assert {"compiled", "transpile_seconds"} <= measured.header.keys()


def test_a_lost_receipt_is_found_again(stand, runner):
    if stand.lose_next is None:
        assert runner.find(stand.submission(part("a"))) is None
        return
    stand.lose_next()
    sent = stand.submission(part("a"))
    job = runner.submit(sent)
    assert stand.connect().find(sent) == job
    assert runner.find(stand.submission(part("b"))) is None
    assert [one.job for one in runner.arrivals()] == [job]


# the emulator is as fast as it can be: there nothing waits that could be called back
@pytest.mark.parametrize("stand", SERVICES[:3], indirect=True)
def test_after_stop_nothing_is_begun(stand):
    witness = fakes.Noting()
    runner = stand.connect(witness)
    jobs = [runner.submit(stand.submission(part(name))) for name in "abcd"]
    runner.stop()
    arrived = list(runner.arrivals())
    assert len(arrived) < len(jobs)
    if runner.remembers:  # what was sent stays where it is, and is known to be there
        assert len(witness.of("sent")) == 2
        assert State.CANCELLED not in runner.states(jobs).values()
    else:
        left = {job.id for job in jobs} - {one.job.id for one in arrived}
        states = runner.states(jobs)
        assert {states[id_] for id_ in left} == {State.CANCELLED}
    assert list(runner.arrivals()) == []
    runner.close()


def test_answers_tell_which_parts_they_have_and_which_is_the_last(stand, runner):
    sent = stand.submission(part("a"), part("b"))
    runner.submit(sent)
    arrived = list(runner.arrivals())
    assert sorted(name for one in arrived for name in one.parts) == ["a", "b"]
    for one in arrived:
        names = [result.name for result in split(sent, runner.decode(one.raw))]
        assert names == list(one.parts)
    if runner.remembers:
        assert [one.whole for one in arrived] == [True]


def test_what_was_used_is_told_as_a_time_or_not_at_all(stand, runner):
    runner.submit(stand.submission(part("a")))
    (arrived,) = runner.arrivals()
    if not runner.remembers:
        assert arrived.used is None
    else:
        assert arrived.used > 0


def test_the_witness_is_told_before_a_request_and_after_it(stand):
    """In order, and nothing has been sent when it hears of the sending."""

    class Looking(fakes.Noting):
        def sending(self, submission, aside):
            super().sending(submission, aside)
            found.append(other.find(submission))

        def sent(self, submission, job):
            super().sent(submission, job)
            found.append(other.find(submission))

    found = []
    other, witness = stand.connect(), Looking()
    runner = stand.connect(witness)
    sent = stand.submission(part("a"))
    job = runner.submit(sent)
    assert witness.noted[-1] == ("sent", sent.id, job.id)
    if runner.remembers:
        assert [kind for kind, *_ in witness.noted] == ["sending", "sent"]
        assert found == [None, job]
    assert len(list(runner.arrivals())) == 1
    for one in (other, runner):
        one.close()


def test_what_the_witness_does_not_allow_stays_here(stand):
    class Sparing(fakes.Noting):
        def allows(self, submission):
            return submission.parts[0].name != "dear"

    witness = Sparing()
    runner = stand.connect(witness)
    cheap, dear = (stand.submission(part(name)) for name in ("cheap", "dear"))
    assert list(results(runner, dear, cheap)) == ["cheap"]
    assert {one[1] for one in witness.noted} == {cheap.id}
    assert stand.connect().find(dear) is None
    runner.close()


def test_a_witness_that_cannot_write_keeps_a_job_from_being_sent(stand):
    class Full(fakes.Noting):
        def sending(self, submission, aside):
            raise LedgerError("the disk is full")

    runner = stand.connect(Full())
    if not runner.remembers:
        return  # nothing is paid for, and nothing is announced
    sent = stand.submission(part("a"))
    with pytest.raises(LedgerError, match="disk"):
        runner.submit(sent)
    assert stand.connect().find(sent) is None


def test_a_job_outlives_the_process_that_sent_it(stand):
    """What an undisturbed process gets of it: counts, and what it was compiled to."""
    parts = [part("a", initial_layout=[4, 3, 2])]
    if limits(stand.service, manila()).own_compile_options:
        parts.append(part("wide", circuits=built(QuantumCircuit(9, 9, name="wide"))))
        parts.append(part("b", optimization_level=3))
    undisturbed = stand.connect()
    expected = results(undisturbed, stand.submission(*parts, mark="first"))
    witness = fakes.Noting()
    lost = stand.connect(witness)
    sent = stand.submission(*parts, mark="second")
    job = lost.submit(sent)
    lost.close()
    later = stand.connect()
    if not later.remembers:
        assert later.find(sent) is None
        with pytest.raises(ServiceError, match="ended with its process"):
            later.adopt(sent, job)
        return
    assert later.find(sent) == job
    aside = witness.asides[sent.id]
    if aside is not None:
        later.recall(sent, aside)
    later.adopt(sent, job)
    arrived = list(later.arrivals())
    assert {one.job for one in arrived} == {job}
    assert [one.whole for one in arrived].count(True) == 1
    found = {
        one.name: one
        for arrival in arrived
        for one in split(sent, later.decode(arrival.raw))
    }
    assert found.keys() == expected.keys()
    assert counts(found) == counts(expected)
    for name, one in found.items():
        assert one.error == expected[name].error
        for measured, other in zip(one.measured, expected[name].measured, strict=True):
            assert measured.header["compiled"] == other.header["compiled"]
    if aside is not None:  # it was compiled once
        known = json.loads(aside)
        known = known.get("circuits", known)  # the platform's tells more
        seconds = {k: v["transpile_seconds"] for k, v in known.items()}
        again = [
            (f"{one.name}-{k}", m)
            for one in found.values()
            for k, m in enumerate(one.measured)
        ]
        assert {k: m.header["transpile_seconds"] for k, m in again} == seconds
    for one in (undisturbed, later):
        one.close()


def test_a_job_is_found_by_its_mark(stand, runner):
    if not runner.remembers:
        return
    sent = stand.submission(part("a"), mark="one")
    job = runner.submit(sent)
    assert runner.find(sent) == job
    assert runner.find(replace(sent, mark=None)) == job  # of whichever sweep
    assert runner.find(replace(sent, mark="another")) is None
    assert runner.find(replace(sent, id="f" * 12)) is None


@pytest.mark.parametrize("stand", SERVICES[:3], indirect=True)
def test_a_cancelled_job_does_not_arrive(stand, runner):
    jobs = [runner.submit(stand.submission(part(name))) for name in "ab"]
    runner.cancel(jobs[0])
    assert [one.job for one in runner.arrivals()] == [jobs[1]]
    assert runner.states(jobs)[jobs[0].id] is State.CANCELLED
