"""Sweeps on the emulator's platform, from the command line to MLflow."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.conftest import qexp_process
from tests.emulating import TOKEN, emulating
from tests.platforming import CRN, Speaker
from tests.sweeps import PARENT

GHZ = ["+experiment=ghz", "circuit.num_qubits=3", "tracking.pictures=none", "seed=7"]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    for name in ("QISKIT_IBM_TOKEN", "QISKIT_IBM_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QEXP_IBM_API_KEY", TOKEN)
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)


def there(emulator, *more):
    """The arguments that choose an emulator's platform."""
    base = emulator.url.removesuffix("/api")
    return [
        "service=ibm_quantum",
        f"service.url={base}/api/v1",
        f"service.iam_url={base}",
        "service.poll_seconds=0.1",
        "service.poll_longest=0.5",
        "service.settle_seconds=0.5",
        "service.jobs_per_minute=1000",
        *more,
    ]


class Logged:
    """What MLflow has of the only experiment."""

    def __init__(self, folder):
        self.folder = folder
        self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiment = self.client.get_experiment_by_name("ghz")
        self.runs = self.client.search_runs([experiment.experiment_id])
        self.points = [one for one in self.runs if PARENT in one.data.tags]
        self.whole = [one for one in self.runs if PARENT not in one.data.tags]

    def read(self, run, path):
        target = tempfile.mkdtemp(dir=self.folder)
        return json.loads(
            Path(
                self.client.download_artifacts(run.info.run_id, path, target)
            ).read_text()
        )


def test_one_job_holds_points_that_are_compiled_and_mitigated_differently(
    ready, emulator
):
    finished = qexp_process(
        "-m",
        *GHZ,
        "backend=ibmq_manila",
        "options.optimization_level=0,3",
        "options.measurement_error_mitigation=false,true",
        "options.shots=100,200",
        "tracking.predict=true",
        *there(emulator),
        cwd=ready,
    )
    assert finished.status == 0, finished.err
    assert TOKEN not in finished.out + finished.err
    logged = Logged(ready)
    assert len(logged.points) == 8
    assert len({run.data.tags["qexp.job"] for run in logged.points}) == 1
    for run in logged.points:
        tags, metrics, params = run.data.tags, run.data.metrics, run.data.params
        assert tags["qexp.job_created"] <= tags["qexp.job_running"]
        assert metrics["job_quantum_seconds"] > 2
        assert metrics["queue_seconds"] >= 0
        assert metrics["run_seconds"] >= 0
        counts = logged.read(run, "counts.json")[0]
        assert sum(counts.values()) == int(params["shots"])
        mitigated = params["measurement_error_mitigation"] == "True"
        files = [one.path for one in logged.client.list_artifacts(run.info.run_id)]
        assert ("quasi.json" in files) is mitigated
        name = "raw_hellinger_fidelity" if mitigated else "hellinger_fidelity"
        # the emulator is the twin, and has the same seeds
        assert metrics[f"{name}_twin"] == metrics[name]
        assert metrics[f"{name}_gap"] == 0
        if mitigated:
            gap = metrics["hellinger_fidelity"] - metrics["hellinger_fidelity_twin"]
            assert metrics["hellinger_fidelity_gap"] == gap
            assert abs(gap) < 0.05
    (whole,) = logged.whole
    device = logged.read(whole, "backend.json")
    assert device["properties"]["last_update_date"].startswith("2021")
    digest = {run.data.tags["qexp.calibration"] for run in logged.points}
    assert len(digest) == 1


def test_a_batch_of_jobs(ready, emulator):
    finished = qexp_process(
        "-m",
        *GHZ,
        "backend=ibmq_manila",
        "options.rep_delay=1e-4,2e-4",
        *there(emulator, "service.session=batch"),
        cwd=ready,
    )
    assert finished.status == 0, finished.err
    logged = Logged(ready)
    jobs = {run.data.tags["qexp.job"] for run in logged.points}
    speaker = Speaker(emulator)
    batches = {speaker.job(job)["session_id"] for job in jobs}
    assert (len(jobs), len(batches)) == (2, 1)
    found = speaker.get(f"/sessions/{batches.pop()}").json()
    assert (found["mode"], found["accepting_jobs"]) == ("batch", False)


def test_a_rehearsal_of_all_that_goes_wrong(ready, tmp_path_factory):
    """A token that ends in the middle, 429, a storm of 503, and a reply that is lost."""
    folder = tmp_path_factory.mktemp("rehearsal")
    script = folder / "faults.yaml"
    jobs = "/api/v1/jobs"
    faults = [
        {"do": "error", "status": 429, "code": 1202, "retry_after": 2},
        {"do": "drop_after", "skip": 2},
    ]
    lines = [{"request": f"POST {jobs}", **one} for one in faults]
    storm = {"request": f"GET {jobs}/*", "do": "maintenance", "seconds": 3, "skip": 1}
    slow = {"request": f"GET {jobs}/*/results", "do": "delay", "seconds": 1.5}
    script.write_text(json.dumps({"faults": [*lines, storm, {**slow, "times": 2}]}))
    options = ["--faults", str(script), "--jwt-ttl", "2", "--noise", "ideal"]
    with emulating(folder / "data", *options) as one:
        finished = qexp_process(
            "-m",
            *GHZ,
            "backend=ibmq_manila",
            "options.rep_delay=5e-5,1e-4,2.5e-4",
            "options.optimization_level=0,1",
            *there(one),
            cwd=ready,
        )
        assert finished.status == 0, finished.err
        speaker = Speaker(one)
        assert speaker.get("/jobs").json()["count"] == 3
    logged = Logged(ready)
    points = [run.data.tags["qexp.point"] for run in logged.points]
    assert len(points) == len(set(points)) == 6
    assert {run.info.status for run in logged.runs} == {"FINISHED"}


# -- before anything is run


def test_options_that_are_gone_are_named(qexp, folder):
    said = {
        "options.use_measure_esp=true": "no longer offers excited-state-promoted readout",
        "options.run_config.header={a:1}": "no header. Jobs are found by tags",
        "options.run_config.meas_level=1": "only classified outcomes",
        "options.run_config.resilience_level=1": "the sampler has none",
        "options.run_config.method=statevector": "no such option",
        "options.run_config.twirling={enable_gate:true}": "twirling takes: enable_gates",
        "options.run_config.twirling=true": "must be a mapping with some of",
        "options.run_config.dynamical_decoupling={sequence_type:CPMG}": "'XX', 'XpXm'",
        "options.run_config.shots=1": "is an option of its own; set options.shots",
    }
    usual = [*GHZ, "backend=ibmq_montreal", "service=ibm_quantum"]
    for option, told in said.items():
        finished = qexp("plan", *usual, option)
        assert finished.status == 2, option
        key = option.partition("=")[0]
        assert finished.err.startswith(f"error: {key}"), finished.err
        assert told in finished.err
    for option in (
        "options.use_measure_esp=false",
        "options.use_measure_esp=null",
        "options.run_config.memory=true",
        "options.run_config.twirling={enable_gates:true,num_randomizations:auto}",
        "options.run_config.dynamical_decoupling={enable:true,sequence_type:XY4}",
    ):
        assert qexp("plan", *usual, option).status == 0


def test_decoupling_is_refused_where_timing_depends_on_outcomes(qexp, folder):
    Path("dynamic.qasm").write_text(
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2];'
        "h q[0]; measure q[0] -> c[0]; x q[0]; measure q[0] -> c[1];"
    )
    finished = qexp(
        "plan",
        "circuit=qasm",
        "circuit.files=dynamic.qasm",
        "backend=ibmq_montreal",
        "service=ibm_quantum",
        "options.run_config.dynamical_decoupling={enable:true}",
    )
    assert finished.status == 2
    assert "dynamical_decoupling.enable = True: circuit dynamic" in finished.err


def test_a_cell_with_esp_stops_the_sweep_or_is_left_out(qexp, folder):
    usual = ["plan", "-m", *GHZ, "backend=ibmq_montreal", "service=ibm_quantum"]
    esp = "options.use_measure_esp=false,true"
    assert "Nothing was run" in qexp(*usual, esp).err
    finished = qexp(*usual, esp, "on_invalid=drop")
    assert finished.status == 0
    assert "1 cell dropped" in finished.out


def test_a_plan_says_how_long_the_sending_takes(qexp, folder):
    usual = ["plan", "-m", *GHZ, "backend=ibmq_montreal", "service=ibm_quantum"]
    finished = qexp(*usual, "options.init_qubits=false", "repeats=11")
    assert "2 min at least: 5 jobs a minute" in finished.out
    assert "at once: 5 jobs a minute" in qexp(*usual).out
    quick = qexp(*usual, "repeats=11", "service.jobs_per_minute=10")
    assert "1 min at least: 10 jobs" in quick.out


def test_a_job_has_no_more_shots_than_the_platform_takes(qexp, folder):
    from qexp.devices import known
    from qexp.devices.device import snapshot

    configuration, properties = snapshot("montreal", "ibm_today")
    configuration = {**configuration, "max_shots": 1_000_000, "max_experiments": 300}
    known.keep(known.Known("ibm_today", time.time(), configuration, properties))
    usual = ["plan", "--json", *GHZ, "backend=ibm_today", "service=ibm_quantum"]
    finished = qexp(*usual, "repeats=1", "-m", "options.shots=1000000,999999,999998",
                    "options.optimization_level=0,1,2")  # fmt: skip
    assert finished.status == 0, finished.err
    jobs = json.loads(finished.out)["jobs"]
    assert sorted(one["circuits"] for one in jobs) == [4, 5]


def test_a_plan_prices_the_calibration_circuits(qexp, folder):
    usual = ["plan", "--json", *GHZ, "backend=ibmq_montreal", "service=ibm_quantum"]
    usual += ["options.rep_delay=5e-4", "options.shots=1000"]
    on = "options.measurement_error_mitigation=true"

    def seconds(*more):
        finished = qexp(*usual, *more)
        assert finished.status == 0, finished.err
        return json.loads(finished.out)["quantum_seconds"]

    for look in ([], ["--compile"]):
        dear = seconds(*look, on) - seconds(*look)
        # 8,192 shots (the device's most) of each preparation, 500 µs and some apart
        assert 2 * 8192 * 5e-4 < dear < 2 * 8192 * 5.2e-4
    once = seconds("--compile", "-m", on, "options.optimization_level=0,1,2,3")
    never = seconds("--compile", "-m", "options.optimization_level=0,1,2,3")
    assert once - never < 3 * dear  # some of the four measure the same qubits
    elsewhere = [one for one in usual if not one.startswith("service=")]
    usual[:] = [*elsewhere, "service=circuit_runner", "service.url=https://e.org/api"]
    assert seconds(on) == seconds()


def test_no_key_is_told(qexp, folder, monkeypatch):
    monkeypatch.delenv("QEXP_IBM_API_KEY")
    finished = qexp("plan", *GHZ, "backend=ibm_torino", "service=ibm_quantum")
    assert finished.status == 2
    assert "no API key. Put it into the environment (QEXP_IBM_API_KEY)" in finished.err


# -- devices


def test_devices_are_shown(qexp, folder, emulator):
    finished = qexp("devices", *there(emulator)[:3])
    assert finished.status == 0, finished.err
    lines = finished.out.splitlines()
    assert lines[0] == "service=ibm_quantum"
    assert lines[1].split() == "device qubits queue status calibrated ago".split()
    (manila,) = [line for line in lines if line.startswith("ibmq_manila ")]
    assert manila.split()[1:4] == ["5", "0", "online"]
    assert manila.endswith("years")
    found = json.loads(qexp("devices", "--json", *there(emulator)[:3]).out)
    by_name = {one["name"]: one for one in found["ibm_quantum"]}
    assert by_name["ibmq_manila"]["qubits"] == 5
    assert by_name["ibmq_manila"]["calibrated"].startswith("2021")


def test_devices_of_the_other_services_are_shown(qexp, folder, emulator, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    finished = qexp("devices")
    assert finished.status == 0
    (montreal,) = [
        line for line in finished.out.splitlines() if line.startswith("ibmq_montreal ")
    ]
    assert montreal.split()[1] == "27"
    assert "simulated here" in montreal
    assert "ibm_torino" not in finished.out  # nobody has told of it
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    finished = qexp("devices", "service=circuit_runner", f"service.url={emulator.url}")
    assert finished.status == 0, finished.err
    assert finished.out.startswith("service=circuit_runner")
    assert "ibmq_manila" in finished.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backend=ibmq_manila"], "devices takes service="),
        (["service=nowhere"], "service = nowhere: no such choice"),
        (["service=ibm_quantum", "service.jobs_per_minute=0"], "jobs_per_minute"),
        (["service=ibm_quantum", "service.key=1"], "service.key"),
    ],
)
def test_what_devices_does_not_take_is_named(qexp, folder, arguments, told):
    finished = qexp("devices", *arguments)
    assert finished.status == 2
    assert told in finished.err
