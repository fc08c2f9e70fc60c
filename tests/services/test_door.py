"""`qexp.run_circuits`: the arguments and the job of qiskit-ibmq-provider."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Qubit
from qiskit.exceptions import QiskitError
from qiskit.providers import JobStatus
from qiskit.result import Result
from qiskit.transpiler import Layout

import qexp
from qexp.errors import ConfigError, ServiceError
from qexp.services.local import Local
from tests.services import fake as fakes

REMOTE = {"kind": "circuit_runner", "url": fakes.URL, "poll_seconds": 0.01}


@pytest.fixture(autouse=True)
def _workspace(folder):
    """Calls are written down where they are made."""


@pytest.fixture
def bell():
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def test_the_arguments_are_those_of_the_provider():
    names = """circuits backend_name shots initial_layout layout_method routing_method
    translation_method seed_transpiler optimization_level init_qubits rep_delay
    transpiler_options measurement_error_mitigation use_measure_esp"""
    found = inspect.signature(qexp.run_circuits).parameters
    assert list(found) == [*names.split(), "service", "run_config"]
    defaults = {name: one.default for name, one in found.items()}
    assert defaults["optimization_level"] == 1
    assert defaults["init_qubits"] is True
    assert defaults["measurement_error_mitigation"] is False
    assert defaults["rep_delay"] is None


def test_qexp_alone_imports_no_terra():
    code = "import sys, qexp; print('qiskit' in sys.modules); qexp.nothing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert "has no attribute 'nothing'" in done.stderr


def test_one_circuit_on_the_embedded_service(bell):
    seeds = {"seed_simulator": 3, "seed_transpiler": 0}
    job = qexp.run_circuits(bell, "ibmq_manila", shots=200, **seeds)
    result = job.result(timeout=60)
    assert isinstance(result, Result)
    assert sum(result.get_counts().values()) == 200
    assert result.get_counts(bell) == result.get_counts("bell") == result.get_counts(0)
    assert job.status() is JobStatus.DONE
    assert job.job_id() == result.job_id
    assert job.error_message() is None
    assert job.logs() == ""
    assert job.backend.name() == "ibmq_manila"
    assert job.inputs["shots"] == 200
    assert job.inputs["circuits"] == [bell]
    with pytest.raises(QiskitError, match="No quasiprobabilities"):
        result.get_quasiprobabilities()
    again = qexp.run_circuits(bell, "ibmq_manila", 200, **seeds)
    assert again.result().get_counts() == result.get_counts()


def test_quasiprobabilities(bell):
    more = bell.copy("more")
    job = qexp.run_circuits(
        [bell, more], "ibmq_manila", measurement_error_mitigation=True
    )
    both = job.result().get_quasiprobabilities()
    assert [sum(one.values()) for one in both] == pytest.approx([1, 1])
    assert both[0].shots == 4000
    assert job.result().get_quasiprobabilities(more) == both[1]
    assert both[0][0] + both[0][3] == pytest.approx(1, abs=0.1)


def test_the_same_over_http(bell, served):
    job = qexp.run_circuits(
        bell, "ibmq_montreal", service=REMOTE, routing_method="sabre"
    )
    job.wait_for_final_state(timeout=60)
    assert job.result().get_counts() == {"00": 4000}
    assert job.job_id() == "job1"
    assert job.status() is JobStatus.DONE
    assert job.logs() == "log line 1\nlog line 2\n"
    params = served.bodies[0]["params"]
    assert params["transpiler_options"] == {"routing_method": "sabre"}
    assert params["init_qubits"] is True
    assert params["measurement_error_mitigation"] is False


def test_a_delay_is_as_long_there_as_it_was_here(bell, served):
    circuit = QuantumCircuit(1, 1, name="waits")
    circuit.delay(2, 0, unit="us")
    circuit.measure(0, 0)
    qexp.run_circuits(circuit, "ibmq_montreal", service=REMOTE).result(timeout=60)
    (sent,) = fakes.circuits(served.bodies[0]["params"])
    assert sent.data[0].operation == Delay(9000, "dt")  # of 2/9 ns each


def test_a_failed_job(bell, served):
    served.next_states = [["Failed"]]
    served.results = ["it is cold"]
    job = qexp.run_circuits(bell, "ibmq_montreal", service=REMOTE)
    with pytest.raises(ServiceError, match="it is cold"):
        job.result(timeout=60)
    assert job.status() is JobStatus.ERROR
    assert "it is cold" in job.error_message()


def test_a_failure_names_the_circuit_as_its_maker_does(bell, served, monkeypatch):
    def failing(params):
        (circuit,) = fakes.circuits(params)
        assert circuit.name != "bell"
        return f"circuit 0 ({circuit.name}): it is cold. Error code: 9999."

    monkeypatch.setattr(served, "answer", failing)
    served.next_states = [["Failed"]]
    job = qexp.run_circuits(bell, "ibmq_montreal", service=REMOTE)
    with pytest.raises(ServiceError, match=r"circuit 0 \(bell\): it is cold"):
        job.result(timeout=60)
    again = qexp.retrieve_job(job.job_id())
    assert again.error_message() == job.error_message()


def test_a_cancelled_job_and_one_that_takes_long(bell, served, monkeypatch):
    served.next_states = [["Queued"] * 10**6]
    gate = threading.Event()
    monkeypatch.setattr(
        "tests.services.fake.Clock.__call__", lambda *_: gate.wait(0.01)
    )
    job = qexp.run_circuits(bell, "ibmq_montreal", service=REMOTE)
    assert job.status() is JobStatus.QUEUED
    with pytest.raises(ServiceError, match=r"not over after 0\.05"):
        job.result(timeout=0.05)
    job.cancel()
    with pytest.raises(ServiceError, match="cancelled"):
        job.result(timeout=60)
    assert job.status() is JobStatus.CANCELLED


@pytest.fixture
def sent(monkeypatch):
    """What is submitted; nothing is run."""
    found = []
    submit = Local.submit
    monkeypatch.setattr(
        Local, "submit", lambda own, one: (found.append(one), submit(own, one))[1]
    )
    monkeypatch.setattr(Local, "arrivals", lambda own: iter(()))
    return found


def test_layouts_in_each_of_their_forms_and_numpy_s_numbers(bell, sent):
    first, second = bell.qubits
    for layout in (
        [3, 4],
        (3, 4),
        np.array([3, 4]),
        {0: 3, 1: 4},
        {second: 4, first: 3},
        Layout({first: 3, second: 4}),
    ):
        qexp.run_circuits(bell, "ibmq_manila", np.int64(7), layout)
        assert sent[-1].parts[0].compile["initial_layout"] == [3, 4]
        assert sent[-1].inputs["shots"] == 7


def test_a_method_may_stand_in_the_transpiler_options(bell, sent):
    further = {"layout_method": "dense"}
    qexp.run_circuits(bell, "ibmq_manila", transpiler_options=further)
    assert sent[-1].parts[0].compile["layout_method"] == "dense"
    with pytest.raises(ConfigError, match="layout_method is sabre"):
        qexp.run_circuits(
            bell, "ibmq_manila", layout_method="sabre", transpiler_options=further
        )


def test_what_cannot_be_done_is_told_before_anything_is_sent(bell, sent):
    for arguments, options, message in (
        ((bell, "ibmq_manilla"), {}, "Did you mean ibmq_manila"),
        ((bell, "ibmq_manila"), {"service": "lokal"}, "Did you mean local"),
        ((bell, "ibmq_manila"), {"shots": 0}, "shots"),
        ((bell, "ibmq_manila"), {"shot": 1}, "shot"),
        ((bell, "ibmq_manila"), {"service": "circuit_runner"}, "service.url: not set"),
        (([], "ibmq_manila"), {}, r"circuits = \[\]: must be .*; there are none"),
        (("bell", "ibmq_manila"), {}, "circuits = 'bell': must .*; a str is given"),
        ((None, "ibmq_manila"), {}, "circuits = None: must be"),
        (([bell, 1], "ibmq_manila"), {}, "circuits = .*; number 1 is a int"),
        ((bell, None), {}, "backend_name = None: must be a name"),
        ((bell, "ibmq_manila"), {"service": 7}, "service = 7: must be a name"),
        ((bell, "ibmq_manila", 9000), {}, "^shots = 9000: ibmq_manila takes 1 to 8192"),
        ((bell, "ibmq_manila", 7, 3), {}, "^initial_layout = 3: must be a list"),
        ((bell, "ibmq_manila", 7, "ab"), {}, "^initial_layout = ab: must be a list"),
        ((bell, "ibmq_manila", 7, [0]), {}, r"^initial_layout = \[0\]: .* Give 2"),
        ((bell, "ibmq_manila", 7, {Qubit(): 1}), {}, "no qubit of circuit bell"),
        ((bell, "ibmq_manila", 7, [0, 9]), {}, "its qubits are 0 to 4"),
        ((bell, "ibmq_manila"), {"memry": 1}, "^memry = 1: .*Did you mean memory?"),
        (
            (bell, "ibmq_manila"),
            {"transpiler_options": [1]},
            r"transpiler_options = \[1\]: must be a mapping",
        ),
        (
            ([bell] * 901, "ibmq_manila"),
            {"service": REMOTE},
            "^circuits = 901 circuits: ibmq_manila takes 1 to 900 circuits in a job",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            qexp.run_circuits(*arguments, **options)
    assert sent == []


def test_what_takes_long_or_changes_nothing_is_told(bell, sent):
    dense = QuantumCircuit(25, name="dense")
    for layer in range(8):
        dense.rx(0.3 + layer, range(25))
        dense.cx(range(24), range(1, 25))
    dense.measure_all()
    with pytest.warns(UserWarning, match="dense: simulating its 25 noisy") as told:
        qexp.run_circuits(dense, "ibmq_montreal")
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="^layout_method has no effect beside"):
        qexp.run_circuits(
            bell, "ibmq_montreal", initial_layout=[0, 1], layout_method="dense"
        )


def test_a_service_of_one_s_own(bell, served, folder):
    (folder / "conf" / "service").mkdir(parents=True)
    text = f"defaults: [circuit_runner]\nurl: {fakes.URL}\npoll_seconds: 0.01\n"
    (folder / "conf" / "service" / "mine.yaml").write_text(text)
    job = qexp.run_circuits(bell, "ibmq_montreal", service="mine")
    assert job.result(timeout=60).get_counts() == {"00": 4000}
