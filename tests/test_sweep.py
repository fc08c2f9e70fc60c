"""Sweeps as a user runs them, read back through MLflow's own interface."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from tests.conftest import qexp_process

GRID = [
    "-m",
    "+experiment=ghz",
    "backend=ibmq_montreal",
    "options.optimization_level=0,1,2,3",
    "options.layout_method=trivial,dense,noise_adaptive,sabre",
    "options.use_measure_esp=false,true",
    "options.rep_delay=5e-5,2.5e-4",
]
SMALL = ["+experiment=ghz", "backend=ibmq_manila", "options.shots=200"]
QUICK = [*SMALL, "circuit.num_qubits=3", "tracking.pictures=none"]


class Swept:
    """The runs of one MLflow experiment in a folder: a parent and its children."""

    def __init__(self, folder: Path, name: str = "ghz"):
        self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiment = self.client.get_experiment_by_name(name)
        runs = self.client.search_runs([experiment.experiment_id], max_results=1000)
        self.parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
        self.children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]

    @property
    def parent(self):
        (parent,) = self.parents
        return parent

    def files(self, run) -> Path:
        target = tempfile.mkdtemp(prefix="qexp-test-")
        return Path(self.client.download_artifacts(run.info.run_id, "", target))

    def counts(self) -> dict[str, list[dict[str, int]]]:
        return {
            child.data.tags["qexp.point"]: json.loads(
                (self.files(child) / "counts.json").read_text()
            )
            for child in self.children
        }


def points(finished) -> set[str]:
    assert finished.status == 0, finished.err
    return {one["id"] for one in json.loads(finished.out)["points"]}


@pytest.fixture(scope="module")
def full(tmp_path_factory, database):
    """The declared grid of four options, run once."""
    import shutil

    folder = tmp_path_factory.mktemp("full")
    shutil.copy(database, folder / "mlflow.db")
    finished = qexp_process(
        "+experiment=ghz_options", "backend=ibmq_montreal", cwd=folder
    )
    return folder, finished


def test_the_declared_grid_and_the_one_of_m_are_the_same_64_points(folder, qexp):
    by_m = points(qexp("plan", "--json", *GRID))
    declared = qexp("plan", "--json", "+experiment=ghz_options", GRID[2])
    assert by_m == points(declared)
    assert len(by_m) == 64
    assert len(json.loads(declared.out)["jobs"]) == 4


def test_it_leaves_64_children_under_one_parent_in_the_planned_jobs(full, qexp):
    folder, finished = full
    assert finished.status == 0, finished.err
    swept = Swept(folder, "ghz_options")
    assert len(swept.children) == 64
    parent = swept.parent.info.run_id
    assert {c.data.tags["mlflow.parentRunId"] for c in swept.children} == {parent}
    assert {c.info.status for c in [swept.parent, *swept.children]} == {"FINISHED"}
    planned = points(qexp("plan", "--json", "+experiment=ghz_options", GRID[2]))
    assert {c.data.tags["qexp.point"] for c in swept.children} == planned
    jobs = Counter(c.data.tags["qexp.submission"] for c in swept.children)
    assert sorted(jobs.values()) == [16, 16, 16, 16]
    assert len({c.data.tags["qexp.job"] for c in swept.children}) == 4


def test_what_it_prints_is_short_and_says_how_to_see_it(full):
    _, finished = full
    assert len(finished.out.splitlines()) < 26
    assert "optimization_level" in finished.out.splitlines()[0]
    assert "64 finished, 0 failed" in finished.out
    assert "see it    mlflow ui" in finished.out
    assert finished.err == ""  # on the twin every option has an effect


def test_the_parent_carries_plan_table_and_device(full):
    folder, _ = full
    swept = Swept(folder, "ghz_options")
    files = swept.files(swept.parent)
    plan = json.loads((files / "plan.json").read_text())
    assert len(plan["points"]) == 64
    assert plan["sweep"] == swept.parent.data.tags["qexp.sweep"]
    rows = list(csv.DictReader(io.StringIO((files / "summary.csv").read_text())))
    assert len(rows) == 64
    assert {row["point"] for row in rows} == {one["id"] for one in plan["points"]}
    order = [(int(row["job"]), int(row["position"])) for row in rows]
    assert order == sorted(order)
    backend = json.loads((files / "backend.json").read_text())
    assert backend["name"] == "ibmq_montreal"
    config = yaml.safe_load((files / "config.yaml").read_text())
    assert config["sweep"]["grid"]["options.rep_delay"] == [5e-5, 2.5e-4]
    params = swept.parent.data.params
    assert params["swept"].count("options.") == 4
    assert params["shots"] == "4000"
    assert "optimization_level" not in params
    assert swept.parent.data.metrics["points_finished"] == 64


def test_a_child_has_what_a_point_has_and_its_place(full):
    folder, _ = full
    child = Swept(folder, "ghz_options").children[0]
    files = Swept(folder, "ghz_options").files(child)
    names = {str(p.relative_to(files)) for p in files.rglob("*") if p.is_file()}
    expected = {"config.yaml", "counts.json", "circuits/0.qasm", "transpiled/0.qasm"}
    assert expected <= names
    assert not {"plan.json", "summary.csv", "backend.json", "report.html"} & names
    assert not any(name.endswith(".png") for name in names)  # more than 16 points
    config = yaml.safe_load((files / "config.yaml").read_text())
    assert config["place"]["job"] == int(child.data.tags["qexp.job_number"])
    assert "grid" not in config["declared"]
    assert "optimization_level=" in child.info.run_name
    assert {"qexp.block", "qexp.position"} <= set(child.data.tags)
    assert len(child.data.params["physical_qubits_short"]) <= 10


def test_all_points_of_a_block_share_one_compiler_seed(full):
    folder, _ = full
    children = Swept(folder, "ghz_options").children
    assert len({child.data.params["seed_transpiler"] for child in children}) == 1


def test_quantum_seconds_of_the_children_are_those_of_the_jobs(full):
    folder, _ = full
    children = Swept(folder, "ghz_options").children
    total = sum(child.data.metrics["quantum_seconds"] for child in children)
    shots = sum(
        4000 * (float(c.data.params["rep_delay"]) + c.data.metrics["duration"] + 4e-6)
        for c in children
    )
    assert total == pytest.approx(4 * 2 + shots)


MIXED = [
    "-m",
    "circuit=ghz",
    "circuit.num_qubits=2,3,6",
    "backend=ibmq_manila,ibmq_montreal",
    "options.shots=100",
    "tracking.pictures=none",
]


def test_one_illegal_cell_fails_alone(ready, qexp):
    finished = qexp(*MIXED)
    assert finished.status == 1
    assert "ibmq_manila has 5 qubits" in finished.err
    assert "5 finished, 1 failed" in finished.out
    swept = Swept(ready)
    status = Counter(child.info.status for child in swept.children)
    assert status == {"FINISHED": 5, "FAILED": 1}
    assert swept.parent.info.status == "FINISHED"
    (failed,) = [c for c in swept.children if c.info.status == "FAILED"]
    assert "ibmq_manila has 5 qubits" in failed.data.tags["qexp.error"]
    assert failed.data.params["circuit.num_qubits"] == "6"
    rows = (swept.files(swept.parent) / "summary.csv").read_text()
    assert rows.count("ibmq_manila has 5 qubits") == 1
    backends = json.loads((swept.files(swept.parent) / "backend.json").read_text())
    assert {one["name"] for one in backends} == {"ibmq_manila", "ibmq_montreal"}


def test_on_invalid_stop_submits_nothing(ready, qexp):
    finished = qexp(*MIXED, "on_invalid=stop")
    assert finished.status == 2
    assert "ibmq_manila has 5 qubits" in finished.err
    assert "Nothing was run" in finished.err
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    assert client.get_experiment_by_name("ghz") is None


def test_on_invalid_drop_leaves_out(ready, qexp):
    finished = qexp(*MIXED, "on_invalid=drop")
    assert finished.status == 0
    assert "1 cell dropped" in finished.err
    assert len(Swept(ready).children) == 5


def test_a_point_that_fails_while_it_runs_fails_alone(ready, qexp):
    finished = qexp(*QUICK, "grid.options.translation_method=[unroller,translator]")
    assert finished.status == 1
    assert "Unable to define instruction 'u' in the basis" in finished.err
    status = {
        child.data.params["translation_method"]: child.info.status
        for child in Swept(ready).children
    }
    assert status == {"unroller": "FAILED", "translator": "FINISHED"}


def test_two_repeats_of_a_cell_differ(ready, qexp):
    assert qexp(*QUICK, "repeats=2", "seed=1").status == 0
    swept = Swept(ready)
    one, other = swept.counts().values()
    assert one != other
    assert {child.data.params["repeat"] for child in swept.children} == {"0", "1"}
    seeds = {child.data.params["seed_transpiler"] for child in swept.children}
    assert len(seeds) == 2


def test_counts_depend_neither_on_company_nor_order_nor_processes(ready, qexp):
    def counts(name, *arguments):
        finished = qexp(*QUICK, "seed=5", f"name={name}", *arguments)
        assert finished.status == 0, finished.err
        return Swept(ready, name).counts()

    alone = counts("alone", "grid.options.rep_delay=[0]")
    few = counts("few", "grid.options.rep_delay=[1e-4,0]", "service.workers=1")
    many = counts(
        "many",
        "grid.options.rep_delay=[0,5e-5,1e-4]",
        "grid.options.optimization_level=[3,1]",
        "service.workers=3",
        "repeats=2",
    )
    assert len(many) == 12
    for some in (alone, few):
        assert some.items() <= many.items()


def test_identical_circuits_are_measured_once_where_that_is_asked_for(ready, qexp):
    levels = "grid.options.optimization_level=[1,2,3]"
    again = ["options.layout_method=noise_adaptive", "seed=3", levels]
    assert qexp(*QUICK, *again, "share_identical=true", "name=shared").status == 0
    assert qexp(*QUICK, *again, "name=own").status == 0
    shared, own = Swept(ready, "shared"), Swept(ready, "own")
    hashes = {child.data.params["compiled_hash"] for child in shared.children}
    assert len({json.dumps(one) for one in shared.counts().values()}) == len(hashes)
    assert len({json.dumps(one) for one in own.counts().values()}) == 3


def test_a_sentinel_opens_and_closes_each_job_and_is_logged_over_time(ready, qexp):
    delays = "grid.options.rep_delay=[0,1e-4,2e-4]"
    assert qexp(*QUICK, delays, "sentinel=ghz-3", "repeats=2").status == 0
    swept = Swept(ready)
    assert len(swept.children) == 6
    files = swept.files(swept.parent)
    rows = list(csv.DictReader(io.StringIO((files / "sentinel.csv").read_text())))
    assert [row["place"] for row in rows] == ["open", "close"] * 6
    assert all(0.6 < float(row["success_probability"]) < 1 for row in rows)
    assert all(float(row["low"]) < float(row["high"]) for row in rows)
    run_id = swept.parent.info.run_id
    history = swept.client.get_metric_history(run_id, "sentinel")
    assert [point.step for point in history] == list(range(12))


def test_the_readout_sentinel_and_one_that_does_not_fit(ready, qexp):
    assert qexp(*QUICK, "sentinel=readout").status == 0
    assert Swept(ready).parent.data.metrics["sentinel"] > 0.7
    refused = qexp(*QUICK, "sentinel=ghz-8")
    assert refused.status == 2
    assert "sentinel = ghz-8: ibmq_manila has 5 qubits" in refused.err


def test_up_to_16_points_have_pictures(ready, qexp):
    assert qexp(*SMALL, "grid.circuit.num_qubits=[2,3]").status == 0
    swept = Swept(ready)
    for child in swept.children:
        names = {path.name for path in swept.files(child).iterdir()}
        assert {"circuit.png", "histogram.png"} <= names


def test_a_grid_over_groups_and_circuits_of_one_s_own(ready, qexp):
    (ready / "bell.qasm").write_text(
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
        "h q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
    )
    (ready / "conf" / "experiment").mkdir(parents=True)
    (ready / "conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "defaults: [{override /circuit: ghz}]\n"
        "name: mine\n"
        "options: {shots: 100}\n"
        "tracking: {pictures: none}\n"
        "grid:\n"
        "  - circuit: [ghz]\n"
        "    circuit.num_qubits: [2, 3]\n"
        "    backend: [ibmq_manila, aer_ideal]\n"
        "  - circuit: [qasm]\n"
        "    circuit.files: [bell.qasm]\n"
        "    backend: [ibmq_manila]\n"
        "exclude:\n"
        "  - {backend: aer_ideal, circuit.num_qubits: 3}\n"
    )
    finished = qexp("+experiment=mine")
    assert finished.status == 0, finished.err
    swept = Swept(ready, "mine")
    made = {
        (c.data.params["backend"], c.data.params.get("circuit.num_qubits"))
        for c in swept.children
    }
    assert made == {
        ("ibmq_manila", "2"),
        ("ibmq_manila", "3"),
        ("aer_ideal", "2"),
        ("ibmq_manila", None),
    }


def test_values_that_begin_alike_have_short_names(ready, qexp):
    (ready / "circuits").mkdir()
    qasm = "OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nU({},0,0) q[0];\nmeasure q[0] -> c[0];\n"
    for name, angle in {"one": 0.1, "two": 0.2}.items():
        (ready / "circuits" / f"rotation-{name}.qasm").write_text(qasm.format(angle))
    files = "[circuits/rotation-one.qasm,circuits/rotation-two.qasm]"
    finished = qexp(
        "circuit=qasm",
        "circuit.files=x",
        "backend=ibmq_manila",
        "options.shots=100",
        "tracking.pictures=none",
        f"grid.circuit.files={files}",
    )
    assert finished.status == 2  # an override of what is swept would do nothing
    assert "circuit.files=x: has no effect, because grid sweeps over" in finished.err
    again = qexp(
        "-m",
        "circuit=qasm",
        f"circuit.files={files[1:-1]}",
        "backend=ibmq_manila",
        "options.shots=100",
        "tracking.pictures=none",
    )
    assert again.status == 0, again.err
    shorts = {
        child.data.params["circuit.files"]: child.data.params["circuit.files_short"]
        for child in Swept(ready, "qasm").children
    }
    assert shorts == {
        "circuits/rotation-one.qasm": "one.qasm",
        "circuits/rotation-two.qasm": "two.qasm",
    }


def run_in_background(folder, *arguments):
    command = [sys.executable, "-m", "qexp", *QUICK, *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def logged(folder) -> int:
    try:
        return len(Swept(folder).children)
    except Exception:  # not there yet
        return 0


def until(condition, seconds=120):
    for _ in range(seconds * 10):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen")


MANY = ["repeats=300", "options.optimization_level=0"]


def test_ctrl_c_once_ends_a_sweep_in_good_order(ready):
    running = run_in_background(ready, *MANY)
    try:
        until(lambda: logged(ready) > 3)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode in (130, -signal.SIGINT), err
    assert "interrupted:" in err
    assert "Traceback" not in err
    swept = Swept(ready)
    assert swept.parent.info.status == "KILLED"
    assert {child.info.status for child in swept.children} == {"FINISHED"}
    assert 3 < len(swept.children) < 300
    assert f"{len(swept.children)} finished" in out
    files = swept.files(swept.parent)
    rows = list(csv.DictReader(io.StringIO((files / "summary.csv").read_text())))
    assert len(rows) == len(swept.children)


def test_ctrl_c_twice_ends_it_at_once(ready):
    running = run_in_background(ready, *MANY)
    try:
        until(lambda: logged(ready) > 1)
        running.send_signal(signal.SIGINT)
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    swept = Swept(ready)
    assert swept.parent.info.status == "KILLED"
    assert len(swept.children) < 300


def test_progress_is_shown_on_a_terminal(ready):
    import os
    import pty

    main, side = pty.openpty()
    command = [sys.executable, "-m", "qexp", *QUICK, "repeats=3"]
    running = subprocess.Popen(command, cwd=ready, stdout=subprocess.PIPE, stderr=side)
    os.close(side)
    seen = b""
    try:
        while True:
            read = os.read(main, 4096)
            if not read:
                break
            seen += read
    except OSError:  # the other end is closed
        pass
    assert running.wait(60) == 0
    assert b"0/3" in seen
    assert b"running" in seen


def test_sigterm_leaves_no_run_that_looks_as_if_it_went_on(ready):
    running = run_in_background(ready, *MANY)
    try:
        until(lambda: logged(ready) > 1)
        running.terminate()
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in err
    assert Swept(ready).parent.info.status == "KILLED"


def test_ctrl_c_while_pictures_are_drawn_leaves_a_finished_sweep_finished(ready):
    pictures = ["repeats=12", "tracking.pictures=all"]
    command = [one for one in QUICK if not one.startswith("tracking.")]
    running = subprocess.Popen(
        [sys.executable, "-m", "qexp", *command, *pictures],
        cwd=ready,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("see it"):  # what is left is drawing
                break
        running.send_signal(signal.SIGINT)
        running.wait(60)
    finally:
        running.kill()
    swept = Swept(ready)
    assert swept.parent.info.status == "FINISHED"
    assert {child.info.status for child in swept.children} == {"FINISHED"}


def test_ctrl_c_before_anything_runs_is_heard(folder):
    command = [sys.executable, "-m", "qexp", *QUICK, "repeats=200"]
    for seconds in (0.15, 0.4, 0.7, 1.0):
        running = subprocess.Popen(
            command, cwd=folder, stderr=subprocess.PIPE, text=True
        )
        time.sleep(seconds)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=100)
        assert running.returncode in (130, -signal.SIGINT)
        assert "fault of qexp's" not in err


def test_a_cell_that_is_dropped_is_no_failure_whoever_launches(ready, qexp):
    swept = ["circuit.num_qubits=3,6", "on_invalid=drop", "hydra/launcher=basic"]
    arguments = [one for one in QUICK if not one.startswith("circuit.")]
    finished = qexp("-m", *arguments, *swept)
    assert finished.status == 0, finished.err
