"""`qexp.retrieve_job`: what `run_circuits` has sent is not lost with its process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from qexp import retrieve_job, run_circuits
from qexp.errors import LedgerError, ServiceError
from tests.conftest import ROOT
from tests.services import fake as fakes

REMOTE = {"kind": "circuit_runner", "url": fakes.URL, "poll_seconds": 0.01}

CALL = """
import os, qexp
from qiskit import QuantumCircuit
from qexp.services.runtime import Runtime

circuit = QuantumCircuit(2, 2, name="bell")
circuit.h(0)
circuit.cx(0, 1)
circuit.measure([0, 1], [0, 1])

def dies(*arguments, run=Runtime.run):
    if {when!r} == "before":
        os._exit(9)
    id_ = run(*arguments)
    if {when!r} == "unsure":
        os._exit(9)
    return id_

Runtime.run = dies
job = qexp.run_circuits(
    circuit, "ibmq_manila", 500, seed_transpiler=1, seed_simulator=2, service={service!r}
)
print(job.job_id(), flush=True)
if {when!r} == "sent":
    os._exit(9)
print(job.result(timeout=60).get_counts())
"""


@pytest.fixture
def bell():
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture(params=["server", "client"])
def service(request, emulator, monkeypatch, folder):
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    return {
        "kind": "circuit_runner",
        "url": emulator.url,
        "compile": request.param,
        "settle_seconds": 0.5,
        "poll_seconds": 0.1,
        "poll_longest": 0.5,
    }


def call(service, when):
    """What a process prints that calls `run_circuits` and dies at some moment."""
    done = subprocess.run(
        [sys.executable, "-c", CALL.format(service=service, when=when)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == (0 if when == "never" else 9), done.stderr
    return done.stdout.split("\n", 1)


def rows(table):
    with sqlite3.connect(Path(".qexp/ledger.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]


@pytest.mark.parametrize("when", ["sent", "unsure"])
def test_a_call_outlives_its_process(service, emulator, monkeypatch, when):
    expected = call(service, "never")[1].strip()
    before = emulator.client().get("jobs").json()["count"]
    printed, *_ = call(service, when)
    known = rows("submission")[-1]
    assert known["state"] == ("sent" if when == "sent" else "sending")
    job = retrieve_job(printed if when == "sent" else known["id"])
    result = job.result(timeout=60)
    assert str(result.get_counts()) == expected
    assert job.status() is JobStatus.DONE
    assert emulator.client().get("jobs").json()["count"] == before + 1
    assert [row["state"] for row in rows("sweep")] == ["done", "done"]
    assert rows("submission")[-1]["used"] > 2
    monkeypatch.delenv("QEXP_TOKEN")  # from here on no service is needed
    again = retrieve_job(job.job_id())
    assert again.status() is JobStatus.DONE
    assert again.job_id() == job.job_id()
    assert again.result().to_dict() == result.to_dict()
    assert again.inputs["shots"] == 500


def test_what_was_never_sent_is_not_there(service, emulator):
    before = emulator.client().get("jobs").json()["count"]
    call(service, "before")
    (known,) = rows("submission")
    with pytest.raises(ServiceError, match="has no such job"):
        retrieve_job(known["id"])
    assert emulator.client().get("jobs").json()["count"] == before


def test_a_call_is_a_sweep_of_one_submission(bell, folder):
    job = run_circuits(bell, "ibmq_manila", 100, seed_transpiler=0)
    counts = job.result(timeout=60).get_counts()
    (sweep,) = rows("sweep")
    assert (sweep["name"], sweep["service"]) == ("run_circuits", "local")
    assert (sweep["swept"], sweep["state"]) == (0, "done")
    (sent,) = rows("submission")
    assert (sent["state"], sent["job"]) == ("got", job.job_id())
    assert [row["state"] for row in rows("point")] == ["done"]
    for name in (job.job_id(), sent["id"]):
        assert retrieve_job(name).result().get_counts(bell) == counts
    assert retrieve_job(job.job_id()).logs() == ""


def test_a_failed_and_a_cancelled_call_stay_so(bell, served, folder, monkeypatch):
    served.next_states = [["Failed"], ["Queued"] * 10**6]
    served.results = ["it is cold"]
    failed = run_circuits(bell, "ibmq_montreal", service=REMOTE)
    failed.wait_for_final_state(60)
    gate = threading.Event()
    monkeypatch.setattr(
        "tests.services.fake.Clock.__call__", lambda *_: gate.wait(0.01)
    )
    cancelled = run_circuits(bell, "ibmq_montreal", service=REMOTE)
    with pytest.raises(LedgerError, match="is being run by process"):
        retrieve_job(cancelled.job_id())
    cancelled.cancel()
    cancelled.wait_for_final_state(60)
    assert [row["state"] for row in rows("sweep")] == ["done", "cancelled"]
    with pytest.raises(ServiceError, match="it is cold"):
        retrieve_job(failed.job_id()).result()
    again = retrieve_job(cancelled.job_id())
    assert again.status() is JobStatus.CANCELLED
    with pytest.raises(ServiceError, match="it was cancelled"):
        again.result()


def test_an_answer_that_is_none_can_be_fetched_again(bell, served, folder):
    served.results = ["<html>a proxy</html>"]
    job = run_circuits(bell, "ibmq_montreal", service=REMOTE)
    with pytest.raises(ServiceError, match="not JSON"):
        job.result(timeout=60)
    served.jobs[0].result = served.answer(served.bodies[0]["params"])
    again = retrieve_job(job.job_id())
    assert again.result(timeout=60).get_counts() == {"00": 4000}
    assert len(served.jobs) == 1


def test_a_job_that_the_service_does_not_tell_of_can_be_asked_for_again(
    bell, served, folder
):
    served.next_states = [["Paused"]]
    job = run_circuits(bell, "ibmq_montreal", service=REMOTE)
    with pytest.raises(ServiceError, match=r"Paused.*\n.*retrieve_job\('job1'\)"):
        job.result(timeout=60)
    served.jobs[0].states = ["Completed"]
    assert retrieve_job("job1").result(timeout=60).get_counts() == {"00": 4000}


def test_a_refused_call_leaves_nothing_behind(bell, served, folder):
    served.fail("POST", "/jobs", (400, {"error": {"message": "No.", "code": 1}}))
    with pytest.raises(ServiceError, match="No"):
        run_circuits(bell, "ibmq_montreal", service=REMOTE)
    assert rows("sweep") == []
    assert rows("submission") == []


def test_what_is_not_there_is_told(bell, folder, monkeypatch):
    with pytest.raises(LedgerError, match="there is no workspace"):
        retrieve_job("job1")
    assert not Path(".qexp").exists()
    run_circuits(bell, "ibmq_manila", 10).result(timeout=60)
    with pytest.raises(LedgerError, match="job1: run_circuits has sent no such job"):
        retrieve_job("job1")
    (folder / "file").write_text("")
    monkeypatch.setenv("QEXP_HOME", str(folder / "file" / "within"))
    with pytest.raises(LedgerError, match=r"cannot be made there.*set QEXP_HOME"):
        run_circuits(bell, "ibmq_manila", 10)


def test_a_job_of_a_sweep_is_left_to_it(ready, qexp):
    point = ("+experiment=ghz", "circuit.num_qubits=3", "backend=ibmq_manila")
    done = qexp(*point, "tracking.pictures=none", "options.shots=100")
    assert done.status == 0, done.err
    (sent,), (sweep,) = rows("submission"), rows("sweep")
    with pytest.raises(LedgerError, match=f"python -m qexp resume {sweep['id']}"):
        retrieve_job(sent["job"])
