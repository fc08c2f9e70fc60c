"""The main job as a user runs it, read back through MLflow's own interface."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient
from PIL import Image
from qiskit import qasm3
from qiskit.quantum_info import hellinger_fidelity

from qexp.declare.options import Options
from tests.conftest import Finished, qexp_process
from tests.ports import free_port

SCORES = [
    "hellinger_fidelity",
    "normalised_hellinger_fidelity",
    "success_probability",
    "total_variation_distance",
]
ARTIFACTS = {
    "config.yaml",
    "counts.json",
    "circuits/0.qasm",
    "transpiled/0.qasm",
    "circuit.png",
    "histogram.png",
    "frozen.json",
    "plan.json",
    "summary.csv",
    "effects.csv",
    "effects.png",
    "report.html",
    "backend.json",
}


class Logged:
    """The only run in a folder, its artifacts downloaded."""

    def __init__(self, folder: Path, uri: str | None = None):
        self.client = MlflowClient(uri or f"sqlite:///{folder}/mlflow.db")
        experiments = [
            one.experiment_id
            for one in self.client.search_experiments()
            if one.name != "Default"
        ]
        (self.run,) = self.client.search_runs(experiments)
        target = tempfile.mkdtemp(prefix="qexp-test-", dir=folder.parent)
        run_id = self.run.info.run_id
        self.files = Path(self.client.download_artifacts(run_id, "", target))
        self.params, self.tags = self.run.data.params, self.run.data.tags
        self.metrics = self.run.data.metrics

    def artifacts(self) -> set[str]:
        files = [path for path in self.files.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.files)) for path in files}

    def read(self, path: str) -> str:
        return (self.files / path).read_text()


@pytest.fixture(scope="module")
def main_job(tmp_path_factory):
    """The README's first command in an empty folder."""
    folder = tmp_path_factory.mktemp("main")
    finished = qexp_process("+experiment=ghz", "backend=ibmq_montreal", cwd=folder)
    return folder, finished


@pytest.fixture(scope="module")
def logged(main_job):
    folder, finished = main_job
    assert finished.status == 0, finished.err
    return Logged(folder)


def test_it_says_what_it_found_and_how_to_see_it(main_job):
    _, finished = main_job
    assert "hellinger_fidelity" in finished.out
    assert "95 % interval" in finished.out
    assert "FINISHED  ghz-5 on ibmq_montreal" in finished.out
    assert "see it    mlflow ui" in finished.out


def test_it_says_nothing_else(main_job):
    # no progress when piped, no deprecations, no INFO
    _, finished = main_job
    assert finished.err == ""


def test_it_leaves_a_database_and_artifacts_and_nothing_else(main_job):
    folder, _ = main_job
    assert {path.name for path in folder.iterdir()} == {".qexp", "mlflow.db", "mlruns"}


def test_the_run_is_finished_and_alone(logged):
    assert logged.run.info.status == "FINISHED"
    assert logged.run.info.run_name == "ghz-5 on ibmq_montreal"
    assert "mlflow.parentRunId" not in logged.tags


def test_params_are_what_took_effect(logged):
    params = logged.params
    assert params["experiment"] == "ghz"
    assert params["circuit"] == "ghz"
    assert params["circuit.num_qubits"] == "5"
    assert params["circuit.variant"] == "linear"
    assert params["backend"] == "ibmq_montreal"
    assert params["service"] == "local"
    assert params["repeat"] == "0"
    assert set(Options.model_fields) <= set(params)
    assert params["shots"] == "4000"
    assert params["rep_delay"] == "0.00025"
    assert params["use_measure_esp"] == "False"
    assert params["layout_method"] == "default"
    assert params["routing_method"] == "sabre"
    assert params["translation_method"] == "translator"
    assert int(params["seed_transpiler"]) >= 0
    assert len(json.loads(params["physical_qubits"])) == 5
    assert len(params["compiled_hash"]) == 12


def test_metrics_have_intervals_raw_values_and_the_ideal_machine(logged):
    metrics = logged.metrics
    for name in SCORES:
        assert metrics[f"raw_{name}"] == metrics[name]
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]
        assert f"raw_{name}_low" in metrics
        assert f"{name}_ideal" in metrics
    assert 0.8 < metrics["hellinger_fidelity"] < 0.97
    assert metrics["two_qubit_gates"] == 4
    assert metrics["depth"] > 4
    assert 0.8 < metrics["estimated_success_probability"] < 0.97
    assert metrics["transpile_seconds"] > 0
    assert metrics["quantum_seconds"] == pytest.approx(2 + 4000 * 2.61e-4, rel=0.01)


def test_the_plug_in_is_what_terra_computes(logged):
    counts = json.loads(logged.read("counts.json"))[0]
    ideal = {"00000": 0.5, "11111": 0.5}
    expected = hellinger_fidelity(counts, ideal)
    assert logged.metrics["hellinger_fidelity_plugin"] == pytest.approx(expected)


def test_tags_say_where_it_comes_from(logged):
    names = ["point", "sweep", "submission", "job", "version", "calibration"]
    assert all(logged.tags[f"qexp.{name}"] for name in names)
    assert logged.tags["qexp.calibration"].startswith("2021-03-15")


def test_every_artifact_is_there_and_opens(logged):
    assert logged.artifacts() >= ARTIFACTS
    config = yaml.safe_load(logged.read("config.yaml"))
    assert config["effective"]["shots"] == 4000
    assert config["declared"]["options"]["shots"] is None
    assert config["versions"]["qiskit-terra"] == "0.46.3"
    assert "tracking" not in config["declared"]
    (counts,) = json.loads(logged.read("counts.json"))
    assert sum(counts.values()) == 4000
    backend = json.loads(logged.read("backend.json"))
    assert backend["properties"]["backend_name"] == "ibmq_montreal"
    assert backend["declared"] == {"measure_esp_enabled": True}
    plan = json.loads(logged.read("plan.json"))
    assert plan["points"][0]["id"] == logged.tags["qexp.point"]
    assert logged.read("effects.csv").startswith("metric,option,level,reference,effect")
    assert "<img" in logged.read("report.html")
    assert 'src="http' not in logged.read("report.html")
    for picture in ("circuit.png", "histogram.png", "effects.png"):
        with Image.open(logged.files / picture) as image:
            assert image.width > 400


def test_the_circuits_are_openqasm_3_with_their_name(logged):
    text = logged.read("circuits/0.qasm")
    assert re.match(r"// [0-9a-f]{12}-0\n", text)
    circuit = qasm3.loads(text)
    assert dict(circuit.count_ops())["cx"] == 4
    compiled = logged.read("transpiled/0.qasm")
    first = json.loads(logged.params["physical_qubits"])[0]
    assert f"= measure ${first};" in compiled


def test_the_same_seed_gives_the_same_counts_and_another_does_not(ready, qexp):
    def counts(*arguments: str) -> list[dict[str, int]]:
        name = f"run{len(list(ready.iterdir()))}"
        finished = qexp(
            "circuit=ghz",
            "circuit.num_qubits=3",
            "backend=ibmq_manila",
            f"name={name}",
            "tracking.pictures=none",
            *arguments,
        )
        assert finished.status == 0, finished.err
        (ready / name).mkdir()
        client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
        found = client.get_experiment_by_name(name)
        (run,) = client.search_runs([found.experiment_id])
        path = client.download_artifacts(
            run.info.run_id, "counts.json", str(ready / name)
        )
        return json.loads(Path(path).read_text())

    assert counts("seed=3") == counts("seed=3")
    assert counts("seed=3") != counts("seed=4")
    assert counts() != counts()


def test_a_point_that_fails_is_recorded_as_failed(ready, qexp):
    finished = qexp(
        "+experiment=ghz", "backend=ibmq_manila", "options.translation_method=unroller"
    )
    assert finished.status == 1
    assert "Unable to define instruction 'u' in the basis" in finished.err
    assert "FAILED" in finished.out
    failed = Logged(ready)
    assert failed.run.info.status == "FAILED"
    assert "Unable to define instruction" in failed.tags["qexp.error"]
    assert failed.params["translation_method"] == "unroller"
    assert {"config.yaml", "circuits/0.qasm", "report.html"} <= failed.artifacts()
    assert "counts.json" not in failed.artifacts()
    assert "Unable to define instruction" in failed.read("report.html")


def test_mitigation_stands_beside_what_was_measured(ready, qexp):
    finished = qexp(
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.measurement_error_mitigation=true",
        "options.shots=2000",
        "seed=1",
    )
    assert finished.status == 0, finished.err
    run = Logged(ready)
    assert "quasi.json" in run.artifacts()
    (quasi,) = json.loads(run.read("quasi.json"))
    assert sum(quasi.values()) == pytest.approx(1)
    assert (
        run.metrics["hellinger_fidelity"] > run.metrics["raw_hellinger_fidelity_high"]
    )
    assert "hellinger_fidelity_low" not in run.metrics
    assert run.tags["qexp.note.hellinger_fidelity"] == "mitigated"
    assert "raw_hellinger_fidelity" in finished.out


def test_a_set_option_without_effect_is_said(ready, qexp):
    finished = qexp(
        "+experiment=ghz",
        "backend=ibmq_montreal",
        "options.use_measure_esp=true",
        "options.rep_delay=0",
        "service.noise=aer",
        "tracking.pictures=none",
    )
    assert finished.status == 0
    assert (
        "options.use_measure_esp has no effect with service.noise=aer" in finished.err
    )
    run = Logged(ready)
    assert "options.rep_delay has no effect" in run.tags["qexp.notes"]
    assert run.params["rep_delay"] == "0.0"
    assert run.params["use_measure_esp"] == "True"
    assert not {name for name in run.artifacts() if name.endswith(".png")}
    assert "report.html" in run.artifacts()


def test_the_ideal_machine_is_ideal(ready, qexp):
    summary = "tracking.pictures=summary"
    finished = qexp("+experiment=ghz", "backend=aer_ideal", summary, "seed=1")
    assert finished.status == 0, finished.err
    run = Logged(ready)
    assert run.metrics["success_probability"] == 1
    assert run.metrics["hellinger_fidelity_high"] > 0.9999
    assert "quantum_seconds" not in run.metrics
    assert "effects.png" in run.artifacts()
    assert "histogram.png" not in run.artifacts()


def test_several_circuits_are_one_point(ready, qexp):
    (ready / "mine.py").write_text(
        "from qiskit import QuantumCircuit\n"
        "def make(widths):\n"
        "    made = []\n"
        "    for width in widths:\n"
        "        circuit = QuantumCircuit(width, name=f'x-{width}')\n"
        "        circuit.x(range(width))\n"
        "        circuit.measure_all()\n"
        "        made.append(circuit)\n"
        "    return made\n"
    )
    finished = qexp(
        "circuit=python",
        "circuit.function=mine.make",
        "+circuit.arguments.widths=[1,2]",
        "backend=ibmq_manila",
    )
    assert finished.status == 0, finished.err
    run = Logged(ready)
    first, second = json.loads(run.read("counts.json"))
    assert len(next(iter(first))) == 1
    assert len(next(iter(second))) == 2
    assert {"circuits/1.qasm", "transpiled/1.qasm"} <= run.artifacts()
    assert run.params["circuit.arguments"] == '{"widths": [1, 2]}'
    both = [first.get("1", 0) / 4000, second.get("11", 0) / 4000]
    assert run.metrics["success_probability"] == pytest.approx(sum(both) / 2, abs=1e-3)


def test_a_circuit_without_an_ideal_is_run_and_not_scored(ready, qexp):
    (ready / "dynamic.qasm").write_text(
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[1];\ncreg d[1];\n'
        "x q[0];\nmeasure q[0] -> c[0];\nif(c==1) x q[1];\nmeasure q[1] -> d[0];\n"
    )
    finished = qexp("circuit=qasm", "circuit.files=dynamic.qasm", "backend=aer_ideal")
    assert finished.status == 0, finished.err
    assert "nothing is scored" in finished.err
    run = Logged(ready)
    assert json.loads(run.read("counts.json")) == [{"11": 4000}]
    assert "hellinger_fidelity" not in run.metrics


def test_control_flow_runs_on_the_ideal_machine(ready, qexp):
    (ready / "flow.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[1] a;\nbit[1] b;\n'
        "x q[0];\na[0] = measure q[0];\nif (a[0]) { x q[1]; }\nb[0] = measure q[1];\n"
    )
    finished = qexp("circuit=qasm", "circuit.files=flow.qasm", "backend=aer_ideal")
    assert finished.status == 0, finished.err
    assert json.loads(Logged(ready).read("counts.json")) == [{"11": 4000}]


def test_a_reader_that_has_seen_enough_costs_nothing(ready):
    command = f"{sys.executable} -m qexp +experiment=ghz backend=ibmq_manila | true"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=ready,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert Logged(ready).artifacts() >= ARTIFACTS


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_long_simulation_and_leaves_nothing(folder, ending):
    command = ["-m", "qexp", "+experiment=ghz", "backend=ibm_washington"]
    further = ["circuit.num_qubits=25", "options.shots=100000", "service.noise=aer"]
    running = subprocess.Popen(
        [sys.executable, *command, *further],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    # long enough for the simulation to have begun, too short for it to end
    time.sleep(20)
    assert running.poll() is None
    running.send_signal(ending)
    try:
        _, errors = running.communicate(timeout=20)
    finally:
        running.kill()
    # the second is what a shell makes of it
    assert running.returncode in (-ending, 128 + ending)
    assert "Traceback" not in errors
    runs = MlflowClient(f"sqlite:///{folder}/mlflow.db").search_runs(["0", "1"])
    assert runs == []


@pytest.fixture(scope="module")
def server(tmp_path_factory, database):
    """A real MLflow server on a free port."""
    import shutil

    import requests

    folder = tmp_path_factory.mktemp("server")
    shutil.copy(database, folder / "mlflow.db")
    port = free_port()
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, *command, *stores], cwd=folder, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                if requests.get(f"{url}/health", timeout=1).ok:
                    break
            except requests.RequestException:
                time.sleep(0.5)
        else:
            pytest.fail((folder / "log").read_text())
        yield url
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def test_an_mlflow_server_gets_the_same(folder, server, monkeypatch):
    finished: Finished = qexp_process(
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.shots=100",
        cwd=folder,
        MLFLOW_TRACKING_URI=server,
    )
    assert finished.status == 0, finished.err
    assert f"see it    {server}/#/experiments/" in finished.out
    assert not (folder / "mlflow.db").exists()
    run = Logged(folder, server)
    assert run.run.info.status == "FINISHED"
    assert run.artifacts() >= ARTIFACTS
    assert run.metrics["success_probability_high"] > 0
