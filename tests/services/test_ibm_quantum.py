"""The client of today's platform, on a fake of it and a clock that is set by hand."""

from __future__ import annotations

import json

import pytest
from qiskit import QuantumCircuit

from qexp.errors import LedgerError, ServiceError
from qexp.results.result import split
from qexp.services import State
from qexp.services.http import Refused
from qexp.services.protocol import Exhausted
from tests.embedded import built, part
from tests.platforming import CRN
from tests.services.fake import Clock, Noting, never_connected
from tests.services.platform import KEY, Platform, client_of, remote


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("QEXP_IBM_API_KEY", KEY)


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def witness():
    return Noting()


@pytest.fixture
def client(platform, clock, witness):
    return client_of(platform, clock, witness)


def collected(client, *sent):
    by_id = {one.id: one for one in sent}
    for one in sent:
        client.submit(one)
    return {
        result.name: result
        for arrival in client.arrivals()
        for result in split(by_id[arrival.job.submission], client.decode(arrival.raw))
    }


# -- what is sent


def test_the_body_is_the_sampler_s(client, platform):
    sent = remote(
        part("a"),
        part("b", optimization_level=3),
        mark="the-mark",
        init_qubits=False,
        rep_delay=0.0,
        use_measure_esp=False,
        twirling={"enable_measure": True},
        dynamical_decoupling={"enable": True, "sequence_type": "XY4"},
    )
    client.submit(sent)
    (body,) = platform.bodies
    params = body.pop("params")
    assert body == {
        "program_id": "sampler",
        "backend": "ibmq_manila",
        "tags": ["qexp_sending:the-mark", f"qexp_submission:{sent.id}"],
    }
    assert params.keys() == {"pubs", "options", "version", "support_qiskit"}
    assert (params["version"], params["support_qiskit"]) == (2, False)
    assert params["options"] == {
        "execution": {"init_qubits": False, "rep_delay": 0.0},
        "twirling": {"enable_measure": True},
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "simulator": {"seed_simulator": 7},
    }
    for (text, values, shots), name in zip(params["pubs"], ("a-0", "b-0"), strict=True):
        first, second = text.splitlines()[:2]
        assert (first, second) == (f"// {name}", "OPENQASM 3;")
        assert "$" in text
        assert "qubit[" not in text
        assert (values, shots) == (None, 100)


def test_no_seed_is_sent_to_a_device(platform, clock, monkeypatch):
    """Where the address is IBM's own; here it only claims to be."""
    from qexp.services.ibm import address

    monkeypatch.setattr(address, "of_ibm", lambda url: True)
    client_of(platform, clock).submit(remote(part("a")))
    assert platform.bodies[0]["params"]["options"] == {"execution": {}}


def test_shots_are_those_of_each_point(client, platform):
    first, second = part("a"), part("b")
    sent = remote(first)
    sent = remote(*sent.parts, *remote(second, shots=7).parts, shots=1)
    found = collected(client, sent)
    shots = {name: one.measured[0].shots for name, one in found.items()}
    assert shots == {"a": 100, "b": 7}


def test_tags_are_short_enough_and_few(client, platform):
    client.submit(remote(part("a"), name="f" * 12, mark="0" * 32 + ".12"))
    tags = platform.bodies[0]["tags"]
    assert len(tags) <= 8
    assert max(map(len, tags)) <= 86


def test_a_receipt_that_was_lost_is_found_by_the_tags(client, platform, witness):
    platform.fail("POST", "/jobs", "lost")
    job = client.submit(remote(part("a"), mark="m"))
    assert (job.id, len(platform.jobs)) == ("job1", 1)
    assert [kind for kind, *_ in witness.noted] == ["sending", "sent"]
    path, query = platform.queries[-1]
    assert path.endswith("/jobs")
    assert query["tags"] in platform.bodies[0]["tags"]


def test_a_job_that_never_arrived_is_sent_again_after_two_looks(
    client, platform, clock
):
    platform.fail("POST", "/jobs", 500)
    client.submit(remote(part("a")))
    assert platform.asked("GET", "/jobs") == 2
    assert clock.now() >= 10
    assert len(platform.jobs) == 1


def test_what_cannot_be_written_fails_alone(client):
    circuit = QuantumCircuit(9, 9)
    circuit.measure(range(9), range(9))
    found = collected(
        client, remote(part("wide", circuits=built(circuit)), part("good"))
    )
    assert "9" in found["wide"].error
    assert found["good"].error is None


def test_a_submission_of_which_nothing_can_be_sent_is_answered(client, platform):
    circuit = QuantumCircuit(9, 9)
    circuit.measure(range(9), range(9))
    found = collected(client, remote(part("wide", circuits=built(circuit))))
    assert found["wide"].error
    assert platform.jobs == []


def test_a_witness_that_cannot_write_keeps_a_job_from_being_sent(platform, clock):
    class Full(Noting):
        def sending(self, submission, aside):
            raise LedgerError("the disk is full")

    with pytest.raises(LedgerError):
        client_of(platform, clock, Full()).submit(remote(part("a")))
    assert platform.jobs == []


# -- devices


def test_a_device_that_is_unknown_or_offline(client):
    from dataclasses import replace

    sent = remote(part("a"))
    for name, told in (
        ("ibmq_manilla", "has no such device. Did you mean ibmq_manila?"),
        ("ibm_asleep", r"is offline \(maintenance\). Online are: ibmq_manila"),
    ):
        with pytest.raises(ServiceError, match=told):
            client.submit(replace(sent, device=replace(sent.device, name=name)))


# -- pace and limits


def test_no_more_jobs_are_sent_in_a_minute_than_are_taken(platform, clock, witness):
    times = []
    started = platform._start
    platform._start = lambda body: (times.append(clock.now()), started(body))[1]
    client = client_of(platform, clock, witness, jobs_per_minute=2)
    sent = [remote(part(f"p{k}")) for k in range(5)]
    assert len(collected(client, *sent)) == 5
    assert len(times) == 5
    for earlier, later in zip(times, times[2:], strict=False):
        assert later - earlier >= 60


@pytest.mark.parametrize("seconds", [7, 42])
def test_too_many_requests_wait_for_as_long_as_they_are_asked_to(
    client, platform, clock, seconds
):
    times = []
    asked = platform.send

    def send(request, **more):
        if (request.method, request.url.endswith("/jobs")) == ("POST", True):
            times.append(clock.now())
        return asked(request, **more)

    platform.send = send
    error = {"errors": [{"code": 1202, "message": "Too many requests."}]}
    platform.fail("POST", "/jobs", (429, error, {"Retry-After": str(seconds)}))
    found = collected(client, remote(part("a")))
    assert found["a"].error is None
    first, second = times
    assert seconds <= second - first < seconds + 31


def test_a_limit_of_pending_jobs_is_waited_for(client, platform):
    message = "You have reached the limit of 3 pending jobs."
    full = (400, {"errors": [{"code": 1234, "message": message}]})
    platform.fail("POST", "/jobs", full, full)
    found = collected(client, remote(part("a")))
    assert found["a"].error is None


def test_an_instance_without_time_ends_the_sending_and_loses_nothing(
    client, platform, witness
):
    used_up = (409, {"errors": [{"code": 1309, "message": "Usage exceeds the limit."}]})
    first, second, third = (remote(part(name)) for name in "abc")
    client.submit(first)
    platform.fail("POST", "/jobs", *[used_up] * 9)
    client.submit(second)
    client.submit(third)
    arrived = []
    with pytest.raises(Exhausted, match="used up its time"):
        arrived += client.arrivals()
    assert [one.job.submission for one in arrived] == [first.id]
    assert platform.asked("POST", "/jobs") == 2
    assert [one[1] for one in witness.of("unsent")] == [second.id]


def test_an_instance_without_time_is_told_at_once(client, platform):
    used_up = (409, {"errors": [{"code": 1309, "message": "Usage exceeds the limit."}]})
    platform.fail("POST", "/jobs", used_up)
    with pytest.raises(Exhausted, match="409"):
        client.submit(remote(part("a")))


# -- what comes back


def test_results_that_are_still_being_written_are_asked_for_again(client, platform):
    job = client.submit(remote(part("a")))
    platform.jobs[0].no_content = 2
    (arrival,) = client.arrivals()
    assert arrival.job == job
    assert platform.asked("GET", "/results") == 3


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (
            {
                "status": "Failed",
                "reason": "Angle out of range.",
                "reason_code": 1517,
                "reason_solution": "Use 0 to pi/2.",
            },
            "job job1: Failed. Angle out of range (code 1517). Use 0 to pi/2.",
        ),
        ({"status": "Failed"}, "no words"),
        (
            {"status": "Cancelled", "reason_code": 1305, "reason": "Too long"},
            "job job1: Cancelled - Ran too long. Too long (code 1305).",
        ),
        (
            {"status": "Cancelled", "flat": "Cancelled - Ran too long"},
            "Cancelled - Ran too long",
        ),
        ({"status": "Cancelled", "reason": "By its owner"}, "Cancelled. By its owner."),
    ],
)
def test_a_job_that_came_to_nothing_says_why(client, platform, state, told):
    platform.next_states = [[state]]
    platform.answer = lambda params: "no words"
    found = collected(client, remote(part("a"), part("b")))
    assert told in found["a"].error
    assert found["a"].error == found["b"].error


def test_a_status_that_is_unknown_is_told(client, platform, witness):
    platform.next_states = [[{"status": "Dreaming"}]]
    client.submit(remote(part("a")))
    assert list(client.arrivals()) == []
    assert "'Dreaming', which is unknown" in witness.of("missed")[0][2]


@pytest.mark.parametrize(
    ("usage", "used"),
    [
        ({"qpu_charge_time_seconds": 2.5, "status": "complete"}, 2.5),
        ({"qpu_charge_time_seconds": 0, "status": "complete"}, 0.0),
        ({"qpu_charge_time_seconds": 2.5, "status": "pending"}, None),
        ({"qpu_charge_time_seconds": True}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_a_job_is_charged(client, platform, usage, used):
    platform.usage = usage
    client.submit(remote(part("a")))
    (arrival,) = client.arrivals()
    assert arrival.used == used


def test_how_a_job_was_run_comes_with_its_answer(client, platform):
    client.submit(remote(part("a")))
    (arrival,) = client.arrivals()
    ran = client.decode(arrival.raw)["ran"]
    assert ran["running"] == "2026-11-26T10:00:05Z"
    assert ran["usage"]["qpu_charge_time_seconds"] == 2.5
    assert ran["calibration"]["last_update_date"] == "2026-11-26T09:00:00Z"
    asked = [query for path, query in platform.queries if path.endswith("/properties")]
    assert {"updated_before": "2026-11-26T10:00:05Z"} in asked


def test_a_calibration_is_asked_for_by_its_id(client, platform):
    platform.extra = {"calibration_id": "cal-7"}
    client.submit(remote(part("a")))
    list(client.arrivals())
    asked = [query for path, query in platform.queries if path.endswith("/properties")]
    assert {"calibration_id": "cal-7"} in asked


def test_a_device_that_has_retired_has_none(client, platform):
    client.submit(remote(part("a")))
    platform.fail("GET", "/properties", *[404] * 9)
    (arrival,) = client.arrivals()
    assert client.decode(arrival.raw)["ran"]["calibration"] is None


def test_a_cancelled_job_does_not_arrive(client, platform):
    jobs = [client.submit(remote(part(name))) for name in "ab"]
    client.cancel(jobs[0])
    assert [one.job for one in client.arrivals()] == [jobs[1]]
    assert client.states(jobs)[jobs[0].id] is State.CANCELLED


def test_the_queue_is_told(client, witness):
    client.submit(remote(part("a")))
    list(client.arrivals())
    assert {"state": "queued", "queue": 3} in [one[2] for one in witness.of("seen")]


def test_a_service_that_is_away_is_waited_for(client, platform, witness):
    client.submit(remote(part("a")))
    platform.fail("GET", "/jobs/job1", *[never_connected() for _ in range(12)])
    assert len(list(client.arrivals())) == 1
    assert [one for one in witness.of("told") if "away" in one[1]]


# -- mitigation


def test_calibration_circuits_ride_along_once_for_equal_qubits(client, platform):
    on = {"initial_layout": [0, 1, 2]}
    sent = remote(
        part("a", **on),
        part("b", optimization_level=3, **on),
        part("c", initial_layout=[4, 3, 2]),
        measurement_error_mitigation=True,
    )
    plain = remote(part("d", **on))
    sent = remote(*sent.parts, *plain.parts, shots=1)
    found = collected(client, sent)
    names = [text.partition("\n")[0][3:] for text, *_ in _pubs(platform)]
    assert names[:4] == ["a-0", "b-0", "c-0", "d-0"]
    calibrating = names[4:]
    assert len(calibrating) == len(set(calibrating)) == 12  # two for each of 3 qubits
    assert len({name.rpartition("-")[0] for name in calibrating}) == 2
    assert {shots for *_, shots in _pubs(platform)[4:]} == {-(-8192 // 3)}
    for name in "abc":
        (measured,) = found[name].measured
        assert measured.counts == {"000": 100}
        assert sum(measured.quasi.values()) == pytest.approx(1)
    assert found["d"].measured[0].quasi is None


def _pubs(platform):
    return platform.bodies[-1]["params"]["pubs"]


def test_readout_errors_are_taken_out(client, platform):
    """A device that reads every fourth 1 as 0, and nothing else wrongly."""
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    sent = remote(
        part("a", circuits=built(circuit), initial_layout=[3]),
        measurement_error_mitigation=True,
        shots=1000,
    )
    platform.answer = lambda params: json.dumps(
        {"results": [_one_qubit(*pub) for pub in params["pubs"]]}
    )
    (measured,) = collected(client, sent)["a"].measured
    assert measured.counts == {"0": 250, "1": 750}
    assert measured.quasi["1"] == pytest.approx(1, abs=0.01)
    assert measured.mapping == {3: 0}


def _one_qubit(text, _, shots):
    ones = shots * 3 // 4 if "\nx $3" in text else 0
    samples = ["0x1"] * ones + ["0x0"] * (shots - ones)
    return {"data": {"c": {"samples": samples, "num_bits": 1}}}


# -- batches


def test_jobs_are_sent_in_one_batch_that_is_closed_after_the_last(platform, clock):
    client = client_of(platform, clock, session="batch")
    assert len(collected(client, remote(part("a")), remote(part("b")))) == 2
    (batch,) = platform.sessions.values()
    assert (batch["mode"], batch["backend"]) == ("batch", "ibmq_manila")
    assert batch["instance"] == CRN
    assert {body["session_id"] for body in platform.bodies} == {batch["id"]}
    assert batch["accepting_jobs"] is False


def test_a_batch_of_a_process_that_was_killed_is_gone_on_with(platform, clock, witness):
    lost = client_of(platform, clock, witness, session="batch")
    first, second = remote(part("a")), remote(part("b"))
    job = lost.submit(first)
    client = client_of(platform, clock, session="batch")
    client.recall(first, witness.asides[first.id])
    client.adopt(first, job)
    client.submit(second)
    assert len(list(client.arrivals())) == 2
    (batch,) = platform.sessions.values()
    assert {body["session_id"] for body in platform.bodies} == {batch["id"]}
    assert batch["accepting_jobs"] is False


def test_a_batch_that_nothing_is_left_for_is_closed(platform, clock, witness):
    lost = client_of(platform, clock, witness, session="batch")
    first = remote(part("a"))
    job = lost.submit(first)
    client = client_of(platform, clock, session="batch")
    client.recall(first, witness.asides[first.id])
    client.adopt(first, job)
    assert len(list(client.arrivals())) == 1
    (batch,) = platform.sessions.values()
    assert batch["accepting_jobs"] is False


@pytest.mark.parametrize("how", ["closed", "forgotten", "closed meanwhile"])
def test_a_batch_that_takes_no_more_is_followed_by_another(
    platform, clock, witness, how
):
    lost = client_of(platform, clock, witness, session="batch")
    first, second = remote(part("a")), remote(part("b"))
    job = lost.submit(first)
    client = lost
    if how != "closed meanwhile":
        client = client_of(platform, clock, session="batch")
        client.recall(first, witness.asides[first.id])
        client.adopt(first, job)
    if how == "forgotten":
        platform.sessions["gone"] = platform.sessions.pop("batch1")
    else:
        platform.sessions["batch1"]["accepting_jobs"] = False
    client.submit(second)
    assert len(list(client.arrivals())) == 2
    assert [body["session_id"] for body in platform.bodies] == ["batch1", "batch2"]


# -- jobs of other processes


def test_an_answer_is_read_without_what_was_known_when_it_was_sent(
    client, platform, clock
):
    """The circuits are compiled again, to what they were."""
    sent = remote(part("a"), part("b"), measurement_error_mitigation=True)
    job = client.submit(sent)
    later = client_of(platform, clock)
    later.adopt(sent, job)
    (arrival,) = later.arrivals()
    found = split(sent, later.decode(arrival.raw))
    assert [one.name for one in found] == ["a", "b"]
    assert found[0].measured[0].quasi is not None


def test_an_answer_to_nobody_knows_what_is_told(client, platform, clock):
    client.submit(remote(part("a")))
    (arrival,) = client.arrivals()
    with pytest.raises(ServiceError, match="what was sent is not known"):
        client_of(platform, clock).decode(arrival.raw)


def test_the_submission_of_a_job_is_in_its_tags(client, platform):
    sent = remote(part("a"), name="abcabcabcabc")
    job = client.submit(sent)
    assert client.submission_of(job.id) == "abcabcabcabc"
    platform.jobs[0].body["tags"] = ["of somebody else's"]
    assert client.submission_of(job.id) is None
    with pytest.raises(Refused, match="404"):
        client.submission_of("job9")
    assert client.logs(job) == "log line 1\n"
