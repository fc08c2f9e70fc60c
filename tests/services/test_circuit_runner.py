"""circuit-runner over HTTP: what is sent, what is waited for, what is made of it."""

from __future__ import annotations

import json
import time

import pytest
import requests
from qiskit import QuantumCircuit

from qexp.errors import ServiceError
from qexp.planning.submission import Job
from qexp.services import State
from qexp.services.circuit_runner import CircuitRunner
from qexp.services.compiling import decoded
from qexp.services.runtime import PAGE
from tests.embedded import built, experiments, part
from tests.services.fake import (
    Clock,
    circuits,
    never_connected,
    recorded,
    remote,
    runner_of,
)
from tests.services.fake import Job as Faked

LOST = requests.ReadTimeout("slow")


def answered(runner, *submissions):
    for one in submissions:
        runner.submit(one)
    return experiments(runner.decode(arrival.raw) for arrival in runner.arrivals())


# -- what is sent


def test_a_job_is_sent_as_recorded(runner, fake):
    sent = remote(
        part("a"), part("b"), init_qubits=False, rep_delay=0.0, header={"u": 1}
    )
    job = runner.submit(sent)
    assert job == Job("circuit_runner", "job1", "a-b")
    (body,) = fake.bodies
    official = recorded()["POST", "/runtime/jobs"]["json"]
    assert body.keys() == official.keys()
    same = ("program_id", "hub", "group", "project", "runtime")
    assert all(body[key] == official[key] for key in same)
    assert body["backend"] == "ibmq_manila"
    params = body["params"]
    assert [one.name for one in circuits(params)] == ["a-0", "b-0"]
    assert params["init_qubits"] is False
    assert params["rep_delay"] == 0.0
    assert params["seed_simulator"] == 7
    assert params["optimization_level"] == 1
    assert params["header"]["u"] == 1
    assert params["header"]["qexp_submission"] == "a-b"


def test_methods_reach_the_compiler_of_the_original_program(runner, fake):
    methods = {"layout_method": "dense", "routing_method": "basic"}
    runner.submit(
        remote(part("a", **methods, transpiler_options={"timing_constraints": {}}))
    )
    params = fake.bodies[0]["params"]
    assert params["layout_method"] == "dense"
    assert params["transpiler_options"] == {"timing_constraints": {}, **methods}


def test_circuits_compiled_here_are_sent_as_they_are(runner, fake):
    parts = [part("a", initial_layout=[4, 3, 2]), part("b", optimization_level=3)]
    found = answered(runner, remote(*parts, compile="client"))
    params = fake.bodies[0]["params"]
    assert params["skip_transpilation"] is True
    assert "optimization_level" not in params
    assert "initial_layout" not in params
    first, second = circuits(params)
    assert (first.name, second.name) == ("a-0", "b-0")
    assert first.num_qubits == 5
    for sent in (first, second):
        header = found[sent.name]["header"]
        assert decoded(header["compiled"]) == sent
        assert header["transpile_seconds"] > 0


def test_a_circuit_that_cannot_be_compiled_here_keeps_none_from_the_others(
    runner, fake
):
    wide = part("wide", circuits=built(QuantumCircuit(9, 9, name="wide")))
    found = answered(runner, remote(wide, part("good"), compile="client"))
    assert "TranspilerError" in found["wide-0"]["status"]
    assert found["good-0"]["success"]
    assert [one.name for one in circuits(fake.bodies[0]["params"])] == ["good-0"]
    found = answered(runner, remote(wide, name="alone", compile="client"))
    assert list(found) == ["wide-0"]
    assert len(fake.jobs) == 1


def test_an_unknown_device_is_told_before_anything_is_sent(runner, fake):
    sent = remote(part("a"))
    fake.device = type(sent.device)("other", sent.device.configuration, None, {})
    with pytest.raises(ServiceError, match=r"no such device\. It has: other"):
        runner.submit(sent)
    assert fake.jobs == []


# -- whether it was accepted


@pytest.mark.parametrize("fault", [429, never_connected(), requests.ConnectTimeout()])
def test_what_was_not_accepted_is_sent_again_at_once(runner, fake, fault):
    fake.fail("POST", "/jobs", fault)
    assert runner.submit(remote(part("a"))).id == "job1"
    assert fake.asked("GET", "/jobs") == 0


def test_a_lapsed_login_is_renewed_before_a_job_is_sent(runner, fake):
    runner.account.room("ibmq_manila")
    fake.fail("POST", "/jobs", 401)
    assert runner.submit(remote(part("a"))).id == "job1"
    assert fake.logins == 2


def test_a_receipt_lost_after_the_job_was_accepted_is_found(runner, fake, clock):
    fake.fail("POST", "/jobs", "lost")
    assert runner.submit(remote(part("a"))).id == "job1"
    assert len(fake.jobs) == 1
    assert fake.asked("POST", "/jobs") == 1
    assert clock.slept == []


@pytest.mark.parametrize("fault", [LOST, 500, 503, (200, "{"), (200, {"no": "id"})])
def test_a_job_lost_before_is_sent_again_when_all_has_settled(fake, clock, fault):
    runner = runner_of(fake, clock, settle_seconds=12.0)
    fake.fail("POST", "/jobs", fault)
    assert runner.submit(remote(part("a"))).id == "job1"
    assert len(fake.jobs) == 1
    assert fake.asked("POST", "/jobs") == 2
    assert fake.asked("GET", "/jobs") == 2
    assert [round(one) for one in clock.slept] == [12]


def test_a_job_that_is_listed_late_is_found_at_the_second_look(runner, fake):
    fake.fail("POST", "/jobs", "lost")
    fake.fail("GET", "/jobs", (200, {"jobs": [], "count": 0}))
    assert runner.submit(remote(part("a"))).id == "job1"
    assert len(fake.jobs) == 1


def test_an_earlier_job_of_the_same_submission_is_not_taken_for_a_lost_one(
    runner, fake
):
    runner.submit(remote(part("a")))
    fake.fail("POST", "/jobs", LOST)
    assert runner.submit(remote(part("a"))).id == "job2"


def test_it_gives_up_with_the_reason(fake, clock, witness):
    runner = runner_of(fake, clock, witness, patience=60)
    fake.fail("POST", "/jobs", *[(503, "the database is down")] * 99)
    with pytest.raises(
        ServiceError, match=r"down \(sent \d times, and the service has"
    ):
        runner.submit(remote(part("a")))
    assert fake.jobs == []
    assert 60 < clock.now() < 120
    assert [kind for kind, *_ in witness.noted] == ["sending", "unsent"]


def test_a_refusal_keeps_the_service_s_words(runner, fake):
    problem = {"code": 1103, "message": "Too many shots.", "solution": "Ask for fewer."}
    fake.fail("POST", "/jobs", (400, {"errors": [problem]}))
    with pytest.raises(ServiceError, match=r"shots \(code 1103\)\. Ask for fewer"):
        runner.submit(remote(part("a")))


def test_after_a_refusal_others_can_be_sent(runner, fake):
    fake.fail("POST", "/jobs", 400)
    with pytest.raises(ServiceError):
        runner.submit(remote(part("a")))
    assert list(answered(runner, remote(part("b")))) == ["b-0"]
    assert len(fake.jobs) == 1


def test_a_later_refusal_costs_only_its_own_job(runner, fake):
    runner.submit(remote(part("a")))
    fake.fail("POST", "/jobs", (400, {"errors": [{"code": 1103, "message": "No."}]}))
    found = answered(runner, remote(part("b")), remote(part("c")))
    assert found["a-0"]["success"]
    assert "No (code 1103)" in found["b-0"]["status"]
    assert found["c-0"]["success"]


# -- looking a job up


def test_find_goes_through_all_pages(runner, fake):
    runner.submit(remote(part("a"), name="s0"))
    (first,) = fake.jobs
    params = {"header": {"qexp_submission": "other"}}
    others = [Faked(n, {**first.body, "params": params}) for n in range(2 * PAGE + 2)]
    fake.jobs += others
    assert runner.find(remote(part("a"), name="s0")).id == "job1"
    assert runner.find(remote(part("a"), name="none")) is None
    assert fake.asked("GET", "/jobs") == 6


@pytest.fixture(autouse=True)
def _many(fake):
    fake.maximum = -1


@pytest.mark.parametrize(
    "form", [lambda p: p, lambda p: [p], json.dumps, lambda p: json.dumps([p])]
)
def test_params_are_read_in_each_of_their_forms(runner, fake, form):
    job = runner.submit(remote(part("a")))
    fake.listed = lambda one: {**one.shown(), "params": form(one.body["params"])}
    assert runner.find(remote(part("a"))) == job


@pytest.mark.parametrize("params", [None, [], {}, "", "{"])
def test_a_service_that_does_not_tell_the_params_cannot_know(runner, fake, params):
    runner.submit(remote(part("a")))
    fake.listed = lambda one: {**one.shown(), "params": params}
    with pytest.raises(ServiceError, match="cannot tell"):
        runner.find(remote(part("a")))
    fake.fail("POST", "/jobs", LOST)
    with pytest.raises(ServiceError, match=r"receipt of a job was lost.*cannot tell"):
        runner.submit(remote(part("b")))


def test_a_job_that_was_found_is_waited_for(runner, fake, clock):
    sent = remote(part("a"), compile="client")
    runner.submit(sent)
    another = runner_of(fake, clock)
    another.adopt(sent, another.find(sent))
    (found,) = answered(another).values()
    assert found["header"]["transpile_seconds"] > 0


# -- how many at a time


@pytest.fixture
def narrow(fake):
    fake.maximum = 2
    return fake


def test_no_more_jobs_than_allowed_are_under_way(runner, narrow):
    most = []
    run = narrow._run

    def counting(sent):
        done = run(sent)
        most.append(sum(job.pending for job in narrow.jobs))
        return done

    narrow._run = counting
    jobs = [runner.submit(remote(part(name))) for name in "abcde"]
    assert [job.id for job in jobs[:2]] == ["job1", "job2"]
    assert runner.states(jobs)[jobs[4].id] is State.QUEUED
    arrived = list(runner.arrivals())
    assert [one.job.submission for one in arrived] == list("abcde")
    assert [one.job.id for one in arrived] == [f"job{n}" for n in range(1, 6)]
    assert max(most) == 2
    assert set(runner.states(jobs).values()) == {State.DONE}


@pytest.mark.parametrize("code", [3458, 1012])
def test_a_service_that_is_full_all_the_same_is_asked_again(runner, fake, code):
    fake.fail(
        "POST", "/jobs", *[(400, {"error": {"message": "full", "code": code}})] * 3
    )
    assert list(answered(runner, remote(part("a")))) == ["a-0"]
    assert fake.asked("POST", "/jobs") == 4


def test_what_cannot_be_compiled_is_told_once_however_full_the_service_is(runner, fake):
    wide = part("wide", circuits=built(QuantumCircuit(9, 9, name="wide")))
    full = (400, {"error": {"message": "full", "code": 3458}})
    fake.fail("POST", "/jobs", full, full)
    runner.submit(remote(wide, part("good"), compile="client"))
    arrived = list(runner.arrivals())
    assert len(arrived) == 2
    assert len(fake.jobs) == 1


# -- waiting


def test_the_pauses_grow_while_nothing_changes(fake, clock):
    runner = runner_of(fake, clock, poll_seconds=0.1, poll_longest=0.2)
    fake.next_states = [["Queued"] * 9 + ["Running"] * 2 + ["Completed"]]
    answered(runner, remote(part("a")))
    rounded = [round(one, 3) for one in clock.slept]
    assert rounded[:4] == [0.15, 0.2, 0.2, 0.2]
    assert rounded.count(0.1) == 1


def test_running_counts_parts(runner, fake):
    fake.next_states = [["Running", "Running", "Completed"], ["Completed"]]
    runner.submit(remote(part("a"), part("b")))
    runner.submit(remote(part("c")))
    assert [runner.running for _ in runner.arrivals()] == [2, 0]


def test_results_that_are_not_there_yet_are_asked_for_again(runner, fake):
    fake.fail("GET", "/results", 204, 503)
    assert list(answered(runner, remote(part("a")))) == ["a-0"]


def test_an_unknown_status_is_that_job_s_alone(runner, fake, witness):
    fake.next_states = [["Paused"]]
    found = answered(runner, remote(part("a")), remote(part("b")))
    assert list(found) == ["b-0"]
    ((_, id_, why),) = witness.of("missed")
    assert id_ == "a"
    assert "job job1: the service says 'Paused'" in why


def test_a_vanished_job_is_that_job_s_alone(runner, fake, witness):
    for name in "ab":
        runner.submit(remote(part(name)))
    del fake.jobs[0]
    assert list(answered(runner)) == ["b-0"]
    ((_, id_, why),) = witness.of("missed")
    assert id_ == "a"
    assert "Job not found" in why


@pytest.mark.parametrize("status", ["Failed", "Cancelled - Ran too long", "Cancelled"])
def test_a_job_that_came_to_nothing_says_why(runner, fake, status):
    fake.next_states = [["Queued", status]]
    fake.results = ["Traceback: the qubits are cold"]
    found = answered(runner, remote(part("a"), part("b")), remote(part("c")))
    assert found["c-0"]["success"]
    for name in ("a-0", "b-0"):
        expected = f"ERROR: job job1: {status}. Traceback: the qubits are cold"
        assert found[name]["status"] == expected


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ("<html>", "not JSON"),
        ([], "no usable results"),
        ({"results": [{}]}, "no usable header"),
        ({"results": [{"header": {"name": "a-0"}}]}, "no usable success"),
        ({"results": [one := {"header": {"name": "a-0"}, "success": True}]}, "memory"),
    ],
)
def test_malformed_answers_are_reported(runner, fake, results, message):
    fake.results = [results]
    with pytest.raises(ServiceError, match=message):
        answered(runner, remote(part("a")))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"counts": {"zz": 1}},
        {"counts": {"0x0": -1}},
        {"counts": {"0x0": 1.5}},
        {"counts": {}, "quasiprobabilities": {"0x0": 1.0}},
        {"counts": {}, "quasiprobabilities": []},
    ],
)
def test_malformed_data_are_reported(runner, fake, data):
    header = {"name": "a-0", "memory_slots": 3}
    one = {"header": header, "success": True, "shots": 1, "data": data}
    fake.results = [{"results": [one]}]
    with pytest.raises(ServiceError, match="answer of circuit-runner"):
        answered(runner, remote(part("a")))


# -- what the service tells beside


def test_what_was_used_comes_with_the_answer(runner, fake):
    runner.submit(remote(part("a")))
    assert [one.used for one in runner.arrivals()] == [1.5]


@pytest.mark.parametrize("odd", [None, "1", True, -1, float("nan"), [1]])
def test_what_was_used_is_unknown_where_it_makes_no_sense(runner, fake, odd):
    fake.used = odd
    runner.submit(remote(part("a")))
    assert [one.used for one in runner.arrivals()] == [None]


def test_when_a_job_ran_comes_with_the_answer(runner, fake):
    fake.stamps = {
        "created": "2021-11-25T09:50:00.000Z",
        "running": "2021-11-25T09:57:00.500Z",
        "finished": "2021-11-25T10:57:02+01:00",
    }
    runner.submit(remote(part("a")))
    (arrival,) = runner.arrivals()
    assert (arrival.began, arrival.ended) == (1637834220.5, 1637834222.0)


@pytest.mark.parametrize("odd", [None, 3, "now", "2021-11-25T09:57:00"])
def test_where_no_time_is_told_it_is_that_of_the_answer(runner, fake, odd):
    fake.stamps = {"running": odd, "finished": odd}
    before = time.time()
    runner.submit(remote(part("a")))
    (arrival,) = runner.arrivals()
    assert arrival.began is None
    assert before <= arrival.ended <= time.time()


def test_a_service_without_metrics_is_no_worse(runner, fake):
    fake.fail("GET", "/metrics", 404, *[500] * 9)
    for name in "ab":
        runner.submit(remote(part(name)))
    assert [one.used for one in runner.arrivals()] == [None, None]


@pytest.mark.parametrize("group", ["usage", "bss"])
def test_older_forms_of_the_metrics(runner, fake, group):
    fake.fail("GET", "/metrics", (200, {group: {"seconds": 3}}))
    runner.submit(remote(part("a")))
    assert [one.used for one in runner.arrivals()] == [3]


def test_the_witness_sees_a_job_queue_and_run_with_the_device_s_queue(
    runner, fake, witness
):
    status = {"state": True, "status": "active", "lengthQueue": 7}
    fake.fail("GET", "queue/status", (200, status))
    fake.next_states = [["Queued"] * 3 + ["Running"] * 3 + ["Completed"]] * 2
    answered(runner, remote(part("a")), remote(part("b")))
    for name in "ab":
        assert [one for one in witness.of("seen") if one[1] == name] == [
            ("seen", name, {"state": "queued", "queue": 7}),
            ("seen", name, {"state": "running"}),
        ]
    assert fake.asked("GET", "queue/status") == 1


def test_a_queue_that_is_not_told_is_left_out(runner, fake, witness):
    fake.fail("GET", "queue/status", *[503] * 9)
    fake.next_states = [["Queued", "Completed"]]
    answered(runner, remote(part("a")))
    assert witness.of("seen") == [("seen", "a", {"state": "queued"})]


# -- calling back


def test_a_cancelled_job_does_not_arrive(runner, fake):
    fake.maximum = 2
    jobs = [runner.submit(remote(part(name))) for name in "abc"]
    runner.cancel(jobs[1])
    runner.cancel(jobs[2])
    assert list(answered(runner)) == ["a-0"]
    assert fake.jobs[1].status == "Cancelled"
    assert len(fake.jobs) == 2
    states = runner.states(jobs)
    assert [states[job.id] for job in jobs[1:]] == [State.CANCELLED] * 2


def test_a_job_may_be_cancelled_while_answers_come(runner, fake):
    fake.next_states = [["Completed"], ["Running"] * 9]
    jobs = [runner.submit(remote(part(name))) for name in "ab"]
    arrived = []
    for arrival in runner.arrivals():
        runner.cancel(jobs[1])
        arrived.append(arrival.job)
    assert arrived == jobs[:1]
    assert runner.states(jobs)[jobs[1].id] is State.CANCELLED


def test_a_job_that_is_over_cannot_be_cancelled(runner, fake):
    job = runner.submit(remote(part("a")))
    fake.jobs[0].states = ["Completed"]
    runner.cancel(job)
    assert list(answered(runner)) == ["a-0"]


def test_after_stop_nothing_is_sent_and_what_the_service_has_stays(fake, witness):
    class CtrlC(Clock):
        def __call__(self, seconds):
            super().__call__(seconds)
            runner.stop()

    fake.maximum = 2
    fake.next_states = [["Completed"], ["Queued"] * 99]
    runner = runner_of(fake, CtrlC(), witness)
    for name in "abc":
        runner.submit(remote(part(name)))
        fake.others += name == "b"
    assert list(answered(runner)) == ["a-0"]
    assert [job.status for job in fake.jobs] == ["Completed", "Queued"]
    assert witness.of("unsent", "missed", "told") == []
    later = runner_of(fake, Clock())
    fake.jobs[1].states = ["Completed"]
    later.adopt(remote(part("b")), later.find(remote(part("b"))))
    assert list(answered(later)) == ["b-0"]


def test_states_of_another_process_s_jobs(runner, fake):
    job = runner.submit(remote(part("a")))
    fake.jobs[0].states = ["Running"]
    another = Job("circuit_runner", job.id, "a")
    assert runner.states([another]) == {"job1": State.RUNNING}


def test_logs_and_deletion(runner, fake):
    job = runner.submit(remote(part("a")))
    assert runner.runtime.logs(job.id) == "log line 1\nlog line 2\n"
    fake.fail("GET", "logs", 404)
    assert runner.runtime.logs(job.id) == ""
    runner.runtime.delete(job.id)
    assert fake.jobs == []


def test_a_status_is_asked_for_again_when_the_network_is_down(runner, fake):
    fake.fail("GET", "job1", never_connected(), 503, LOST)
    assert list(answered(runner, remote(part("a")))) == ["a-0"]


def test_it_is_a_runner():
    from qexp.services import Runner

    members = [name for name in vars(Runner) if not name.startswith("_")]
    assert all(hasattr(CircuitRunner, name) for name in members)


def test_a_lapsed_login_is_no_refusal_of_a_job(runner, fake):
    runner.submit(remote(part("a")))
    fake.fail("POST", "/jobs", 401, 401, 401)
    with pytest.raises(ServiceError, match="401"):
        runner.submit(remote(part("b")))
