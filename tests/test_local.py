"""The embedded service in one process, through the contract of all services."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import pytest
from qiskit import QuantumCircuit

from qexp.declare.config import Backend, LocalService
from qexp.declare.twin import Twin
from qexp.devices.device import Device, load
from qexp.errors import ServiceError
from qexp.planning.submission import Job
from qexp.services import State
from qexp.services.compiling import decoded
from qexp.services.connect import connect
from qexp.services.engine import machine as machines
from qexp.services.program import run
from tests.embedded import (
    answers,
    built,
    children,
    data,
    ghz,
    manila,
    part,
    submission,
)

pytestmark = pytest.mark.cold


@pytest.fixture
def local():
    service = connect(LocalService(), 1)
    yield service
    service.close()


def test_each_part_is_one_arrival_in_the_job_of_its_submission(local):
    jobs = [
        local.submit(submission(part("a"), part("b"))),
        local.submit(submission(part("c"))),
    ]
    arrived = [(one.job, local.decode(one.raw)) for one in local.arrivals()]
    assert [job for job, _ in arrived] == [jobs[0], jobs[0], jobs[1]]
    assert [job.submission for job in jobs] == ["a-b", "c"]
    for job, answer in arrived:
        assert uuid.UUID(job.id).version == 4
        assert answer["job_id"] == job.id
    names = [
        one["header"]["name"] for _, answer in arrived for one in answer["results"]
    ]
    assert names == ["a-0", "b-0", "c-0"]


def test_states_go_from_queued_to_done(local):
    job = local.submit(submission(part("a"), part("b")))
    assert local.states([job]) == {job.id: State.QUEUED}
    arrivals = local.arrivals()
    next(arrivals)
    assert local.states([job]) == {job.id: State.RUNNING}
    list(arrivals)
    assert local.states([job]) == {job.id: State.DONE}
    strange = Job("local", "not-one", "x")
    assert local.states([strange]) == {"not-one": State.FAILED}


def test_a_single_point_and_a_single_worker_start_no_process(local):
    before = children(os.getpid())
    alone = connect(LocalService(), 2, expected=1)
    assert len(answers(alone, submission(part("a")))) == 1
    assert len(answers(alone, submission(part("b")))) == 1
    assert len(answers(local, submission(part("a"), part("b")))) == 2
    assert children(os.getpid()) == before


def test_the_main_process_imports_no_simulator_for_the_pool():
    code = (
        "import sys; import qexp.services.connect as c, qexp.services.local;"
        "c.connect(None, 2, expected=2).close();"
        "print([m for m in ('qiskit_aer', 'mthree') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_more_may_be_submitted_while_answers_come_and_afterwards(local):
    local.submit(submission(part("a")))
    names = []
    for arrival in local.arrivals():
        names += [one["header"]["name"] for one in local.decode(arrival.raw)["results"]]
        if len(names) == 1:
            local.submit(submission(part("b")))
    assert names == ["a-0", "b-0"]
    assert list(answers(local, submission(part("c")))) == ["c-0"]


def test_after_stop_nothing_is_begun(local):
    job = local.submit(submission(part("a"), part("b"), part("c")))
    for _ in local.arrivals():
        local.stop()
    assert local.states([job]) == {job.id: State.CANCELLED}
    assert list(answers(local, submission(part("d")))) == ["d-0"]


def test_a_cancelled_job_is_not_run_and_others_are(local):
    cancelled = local.submit(submission(part("a")))
    local.cancel(cancelled)
    assert list(answers(local, submission(part("b")))) == ["b-0"]
    assert local.states([cancelled]) == {cancelled.id: State.CANCELLED}


def test_one_compilation_serves_all_parts_of_a_key(local):
    circuits = built(*ghz(4).circuits, *ghz(3).circuits)
    parts = [part(f"p{n}", "same", circuits) for n in range(3)]
    other = part("q", "other", circuits)
    found = answers(local, submission(*parts, other))
    headers = {name: one["header"] for name, one in found.items()}
    seconds = {name: header["transpile_seconds"] for name, header in headers.items()}
    for k in (0, 1):
        shared = {seconds[f"p{n}-{k}"] for n in range(3)}
        assert len(shared) == 1
        assert shared != {seconds[f"q-{k}"]}
    for name, header in headers.items():
        made = decoded(header["compiled"])
        assert header["name"] == name
        assert header["memory_slots"] == made.num_clbits == 4 - int(name[-1])
        assert made == decoded(headers[f"q-{name[-1]}"]["compiled"])
    assert found["p0-0"]["data"] != found["p1-0"]["data"]


@pytest.mark.parametrize("noise", ["device", "aer"])
def test_the_answer_is_that_of_the_program_without_any_memory(local, noise):
    parts = [part(f"p{n}", "same", optimization_level=3) for n in range(2)]
    sent = submission(*parts, noise=noise, measurement_error_mitigation=True)
    found = answers(local, sent)
    machine = machines.__wrapped__(manila(), noise, Twin(), None)
    inputs = {"shots": 100, "seed_simulator": 7, "measurement_error_mitigation": True}
    for one in parts:
        plain = run(machine, one.circuits(), {**inputs, **one.compile})["results"][0]
        again = local.decode(_json(plain))
        assert found[f"{one.name}-0"]["data"] == again["data"]
        different = {"transpile_seconds", "measurement_mitigation_time", "compiled"}
        headers = found[f"{one.name}-0"]["header"], again["header"]
        kept = [{k: h[k] for k in h.keys() - different} for h in headers]
        assert kept[0] == kept[1]
        compiled = [decoded(header["compiled"]) for header in headers]
        assert compiled[0] == compiled[1]
        assert compiled[0].layout == compiled[1].layout


def _json(answer):
    from qexp.services.task import encoded

    return encoded(answer, "")


def test_equal_keys_with_other_inputs_of_the_compiler_are_not_mixed_up(local):
    one = part("a", "same", optimization_level=0)
    with_approximation = part("b", "same", optimization_level=3)
    found = answers(local, submission(one), submission(with_approximation))
    seconds = {one["header"]["transpile_seconds"] for one in found.values()}
    assert len(seconds) == 2


def test_metadata_is_the_circuit_s_own_where_a_compilation_is_shared(local):
    parts = []
    for n in (1, 2):
        circuit = ghz().circuits[0].copy()
        circuit.metadata = {"which": n}
        parts.append(part(f"p{n}", "same", built(circuit)))
    found = answers(local, submission(*parts, share_identical=True))
    for n in (1, 2):
        assert found[f"p{n}-0"]["header"]["metadata"] == {"which": n}


def test_a_part_that_fails_says_so_and_others_go_on(local):
    bad = part("bad", circuits=built(QuantumCircuit(2)))
    job = local.submit(submission(bad, part("good"), measurement_error_mitigation=True))
    first, second = (local.decode(arrival.raw) for arrival in local.arrivals())
    assert not first["success"]
    assert first["results"][0]["status"].startswith("ERROR: ")
    assert second["success"]
    assert local.states([job]) == {job.id: State.DONE}


@pytest.mark.parametrize(("noise", "who"), [("device", "the twin"), ("aer", "Aer")])
def test_a_device_without_simulator_fails_its_own_parts(local, noise, who):
    device = load(Backend(name="ibmq_manila", snapshot="manila"))
    readout = [{"name": "readout_error", "value": 7, "unit": "", "date": None}]
    properties = {**device.properties, "qubits": [readout] * 5}
    broken = Device("broken", device.configuration, properties, {})
    bad = submission(part("a"), device=broken, noise=noise)
    found = answers(local, bad, submission(part("b")))
    said = f"ERROR: service.noise = {noise}: {who} cannot"
    assert found["a-0"]["status"].startswith(said)
    assert found["b-0"]["success"]


def test_devices_and_noise_are_each_submission_s_own(local):
    lima = load(Backend(name="ibmq_lima", snapshot="lima"))
    local.submit(submission(part("a")))
    local.submit(submission(part("b"), noise="ideal"))
    local.submit(submission(part("c"), device=lima))
    decoded = [local.decode(arrival.raw) for arrival in local.arrivals()]
    names = [answer["backend_name"] for answer in decoded]
    assert names == ["ibmq_manila", "ibmq_manila", "ibmq_lima"]
    counts = [answer["results"][0]["data"]["counts"] for answer in decoded]
    assert set(counts[1]) == {"0x0", "0x7"}
    assert set(counts[0]) > set(counts[1])


def test_equal_circuits_are_one_sample_where_that_is_asked_for(local):
    pair = [part("a"), part("b")]
    found = answers(local, submission(*pair, share_identical=True))
    assert found["a-0"]["data"] == found["b-0"]["data"]
    headers = [found[name]["header"] for name in ("a-0", "b-0")]
    assert headers[0]["shared"] == headers[1]["shared"]
    assert len(headers[0]["shared"]) == 12
    # that the machine was not asked again is seen by the time that it took
    assert found["a-0"]["time_taken"] == found["b-0"]["time_taken"]
    again = answers(local, submission(part("c"), share_identical=True, repeat=1))
    assert again["c-0"]["data"] != found["a-0"]["data"]
    assert "shared" not in answers(local, submission(part("d")))["d-0"]["header"]


@pytest.mark.parametrize(
    "other",
    [{"shots": 101}, {"seed_simulator": 8}, {"noise": "ideal"}, {"memory": True}],
    ids=str,
)
def test_what_is_shared_is_equal_in_all_that_matters(local, other):
    same = {"share_identical": True}
    found = answers(
        local, submission(part("a"), **same), submission(part("b"), **same, **other)
    )
    assert found["a-0"]["data"] != found["b-0"]["data"]


def test_sharing_does_not_depend_on_who_came_first():
    def shared(*names):
        local = connect(LocalService(), 1)
        mitigated = {"measurement_error_mitigation": True}
        parts = map(part, names)
        return data(
            answers(local, submission(*parts, share_identical=True, **mitigated))
        )

    both = shared("a", "b")
    assert both == shared("b", "a")
    assert both["b-0"] == shared("b")["b-0"]


def test_what_is_added_to_a_shared_sample_is_its_own(local):
    shared = {"share_identical": True}
    mitigated = submission(part("a"), measurement_error_mitigation=True, **shared)
    found = answers(local, mitigated, submission(part("b"), **shared))
    assert found["a-0"]["data"]["counts"] == found["b-0"]["data"]["counts"]
    assert "quasiprobabilities" in found["a-0"]["data"]
    assert "quasiprobabilities" not in found["b-0"]["data"]
    assert "final_measurement_mapping" not in found["b-0"]["header"]


def test_bytes_that_are_no_answer_are_refused(local):
    with pytest.raises(ServiceError):
        local.decode(b"{")
