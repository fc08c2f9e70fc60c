"""Sweepers and launchers of others: Optuna's, joblib's, Hydra's; and others' jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml

import qexp as package
from tests.conftest import qexp_process
from tests.sweeps import MANILA, Logged

OPTUNA = (
    "hydra/sweeper=optuna",
    "hydra.sweeper.sampler.seed=1",
    "hydra.sweeper.n_jobs=1",
    "hydra.sweeper.direction=maximize",
    "optimize=hellinger_fidelity",
)
BASIC = "hydra/launcher=basic"


@pytest.fixture
def scratch(tmp_path_factory, monkeypatch):
    """Where temporary files go; nothing must be left there."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def only_mlflow_s(folder: Path) -> bool:
    return {path.name for path in folder.iterdir()} == {".qexp", "mlflow.db", "mlruns"}


def test_optuna_is_told_the_objective(ready, qexp, scratch, tmp_path_factory):
    finished = qexp(
        *MANILA, *OPTUNA, "hydra.sweeper.n_trials=5", "circuit.num_qubits=2,3"
    )
    assert finished.status == 0, finished.err
    assert finished.err == ""
    assert only_mlflow_s(ready)
    logged = Logged(ready)
    assert logged.parent.info.status == "FINISHED"
    # five trials of two different circuits: each is run once
    assert logged.values("circuit.num_qubits") == ["2", "3"]
    names = sorted(run.info.run_name for run in logged.children)
    assert names == ["num_qubits=2", "num_qubits=3"]
    target = tmp_path_factory.mktemp("read")
    results = yaml.safe_load(logged.read("optimization_results.yaml", target))
    best = max(logged.children, key=lambda run: run.data.metrics["hellinger_fidelity"])
    assert results["best_value"] == best.data.metrics["hellinger_fidelity"]
    assert len(logged.summary(target)) == 2
    assert "2 points on ibmq_manila: 2 finished, 0 failed" in finished.out
    assert "num_qubits=" not in logged.parent.data.params


def test_a_failed_point_ends_optuna_s_sweep_with_its_results(ready, qexp, scratch):
    finished = qexp(
        *MANILA, *OPTUNA, "hydra.sweeper.n_trials=8", "circuit.num_qubits=2,6"
    )
    assert finished.status == 1
    logged = Logged(ready)
    assert logged.parent.info.status == "FAILED"
    assert "FAILED" in logged.statuses
    assert "circuit.num_qubits = 6: ibmq_manila has 5 qubits" in finished.err
    assert only_mlflow_s(ready)


def test_a_failed_point_is_nan_where_that_is_asked_for(ready, qexp, scratch):
    finished = qexp(
        *MANILA,
        *OPTUNA,
        "optimize_failed=nan",
        "hydra.sweeper.n_trials=8",
        "hydra.sweeper.n_jobs=2",
        "circuit.num_qubits=2,3,6",
    )
    assert finished.status == 1
    logged = Logged(ready)
    assert logged.parent.info.status == "FINISHED"
    assert logged.values("circuit.num_qubits") == ["2", "3", "6"]
    assert logged.statuses == ["FAILED", "FINISHED", "FINISHED"]
    assert "optimization_results.yaml" in logged.files()


def test_optuna_s_results_go_where_a_folder_is_named(ready, qexp):
    finished = qexp(
        *MANILA,
        *OPTUNA,
        "hydra.sweeper.n_trials=1",
        "circuit.num_qubits=2,3",
        "hydra.sweep.dir=here",
    )
    assert finished.status == 0, finished.err
    assert (ready / "here/optimization_results.yaml").exists()


def test_an_objective_that_is_no_metric_is_an_error(ready, qexp, scratch):
    finished = qexp(
        *MANILA,
        *OPTUNA[:-1],
        "optimize=fidelity",
        "hydra.sweeper.n_trials=1",
        "circuit.num_qubits=2,3",
    )
    assert finished.status == 2
    assert "optimize = fidelity: must be one of hellinger_fidelity" in finished.err
    # one that this point has not: an ideal machine takes no time that is known
    missing = qexp(
        *MANILA,
        *OPTUNA[:-1],
        "optimize=quantum_seconds",
        "hydra.sweeper.n_trials=1",
        "backend=aer_ideal",
        "circuit.num_qubits=2,3",
    )
    assert missing.status == 1
    assert "has no such metric" in missing.err


def test_hydra_s_basic_launcher_runs_point_by_point(ready, qexp, scratch):
    finished = qexp(
        *MANILA,
        BASIC,
        "circuit.num_qubits=2,6,3",
        "exclude=[{circuit.num_qubits:3}]",
    )
    assert finished.status == 1
    assert only_mlflow_s(ready)
    logged = Logged(ready)
    assert logged.experiments == ["ghz"]
    assert logged.parent.info.status == "FINISHED"
    assert logged.values("circuit.num_qubits") == ["2", "6"]
    assert logged.statuses == ["FAILED", "FINISHED"]
    lines = finished.out.splitlines()
    assert [line for line in lines if line.startswith("circuit.num_qubits=2: ")]
    assert [line for line in lines if line.startswith("circuit.num_qubits=6: FAILED")]
    assert finished.out.count("see it") == 1


def test_with_optuna_and_the_basic_launcher(ready, qexp, scratch):
    finished = qexp(
        *MANILA,
        *OPTUNA,
        BASIC,
        "hydra.sweeper.n_trials=4",
        "circuit.num_qubits=2,3",
        "name=mine",
    )
    assert finished.status == 0, finished.err
    assert only_mlflow_s(ready)
    logged = Logged(ready)
    assert logged.experiments == ["mine"]
    assert logged.parent.info.status == "FINISHED"
    assert logged.values("circuit.num_qubits") == ["2", "3"]
    assert "optimization_results.yaml" in logged.files()


def test_an_mlflow_that_is_away_is_told_before_any_job(folder, qexp, scratch):
    away = "tracking.uri=http://127.0.0.1:9"
    for more in ([BASIC], [BASIC, *OPTUNA]):
        finished = qexp(*MANILA, *more, away, "circuit.num_qubits=2,3")
        assert finished.status == 2
        assert "127.0.0.1:9" in finished.err
        assert "Callback" not in finished.err
    assert list(folder.iterdir()) == []


def test_ctrl_c_ends_an_optimizer_s_sweep(ready, qexp, scratch, monkeypatch):
    """The first batch is logged, and no second is begun."""
    import qexp.command.run as pipeline

    collect = pipeline.collect

    def interrupted(*arguments):
        collect(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(pipeline, "collect", interrupted)
    finished = qexp(
        *MANILA,
        *OPTUNA,
        "hydra.sweeper.n_jobs=3",
        "hydra.sweeper.n_trials=9",
        "circuit.num_qubits=2,3,4,5",
    )
    assert finished.status == 130
    assert "interrupted: " in finished.err
    logged = Logged(ready)
    assert logged.parent.info.status == "KILLED"
    assert len(logged.children) == 1


JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.fixture(scope="module")
def with_joblib(tmp_path_factory, database):
    """A sweep in processes of joblib's: one point fails."""
    import shutil

    folder = tmp_path_factory.mktemp("joblib")
    shutil.copy(database, folder / "mlflow.db")
    arguments = [*MANILA, *JOBLIB, "circuit.num_qubits=2,3,6"]
    temporary = tmp_path_factory.mktemp("temporary")
    finished = qexp_process(*arguments, cwd=folder, TMPDIR=str(temporary))
    return folder, temporary, finished


def test_joblib_s_processes_log_under_one_parent(with_joblib):
    folder, _, finished = with_joblib
    assert finished.status == 1, finished.err
    logged = Logged(folder)
    assert logged.experiments == ["ghz"]
    assert logged.parent.info.status == "FINISHED"
    assert logged.parent.data.params["points"] == "2"
    assert logged.parent.data.metrics["points_failed"] == 1
    assert logged.values("circuit.num_qubits") == ["2", "3", "6"]
    assert logged.statuses == ["FAILED", "FINISHED", "FINISHED"]
    fine = [run for run in logged.children if run.info.status == "FINISHED"]
    seeds = {run.data.params["seed"] for run in [*fine, logged.parent]}
    assert len(seeds) == 1


def test_joblib_s_sweep_has_its_table(with_joblib, tmp_path):
    folder, _, _ = with_joblib
    logged = Logged(folder)
    rows = logged.summary(tmp_path)
    assert len(rows) == 3
    assert sum("ibmq_manila has 5 qubits" in row for row in rows) == 1
    assert {"summary.csv", "config.yaml", "backend.json"} <= logged.files()


def test_joblib_s_processes_print_a_line_for_each_point(with_joblib):
    _, _, finished = with_joblib
    lines = finished.out.splitlines()
    points = [line for line in lines if line.startswith("circuit.num_qubits=")]
    assert len(points) == 3
    assert "circuit.num_qubits" not in lines[-1]
    assert "3 points by JoblibLauncher: 2 finished, 1 failed" in finished.out


def test_joblib_leaves_nothing_behind(with_joblib):
    folder, temporary, _ = with_joblib
    assert only_mlflow_s(folder)
    left = [path.name for path in temporary.iterdir() if "qexp" in path.name]
    assert left == []


def test_joblib_s_sweep_ends_in_effects(ready, tmp_path, monkeypatch):
    swept = ("options.layout_method=trivial,sabre", "options.rep_delay=5e-5,2.5e-4")
    more = ("circuit.num_qubits=3", "repeats=3", "seed=1", "options.shots=1000")
    finished = qexp_process(*MANILA, *JOBLIB, *swept, *more, cwd=ready)
    assert finished.status == 0, finished.err
    logged = Logged(ready)
    assert {"effects.csv", "report.html", "outcomes.json"} <= logged.files()
    rows = logged.read("effects.csv", tmp_path).splitlines()
    monkeypatch.chdir(ready)
    sweep = package.load()
    assert len(rows) == 1 + len(sweep.effects)
    assert sweep.sentences
    assert sweep.sentences in finished.out
    note = logged.parent.data.tags["mlflow.note.content"]
    assert sweep.sentences in note
    assert "[Compare its 12 points](#/compare-runs" in note
    assert "effects.png" not in note  # MANILA draws nothing
    # each process numbers its own jobs, and none of them holds two settings
    assert len(logged.children) == 12
    assert sweep.frame.job.nunique() == 12
    told = logged.parent.data.tags["qexp.sweep"]
    there = package.load(told, tracking_uri=f"sqlite:///{ready}/mlflow.db")
    assert there.frame.job.nunique() == 12
    units = {one.estimate.unit for one in sweep.analysis().effects}
    assert "point" not in units


def test_joblib_under_optuna(ready, tmp_path):
    finished = qexp_process(
        *MANILA,
        *OPTUNA,
        *JOBLIB,
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=2",
        "optimize_failed=nan",
        "circuit.num_qubits=3,6",
        "hydra.sweeper.sampler.seed=3",
        cwd=ready,
    )
    logged = Logged(ready)
    assert logged.parent.info.status in ("FINISHED", "FAILED")
    assert len(logged.children) == 2
    failed = logged.statuses.count("FAILED")
    assert finished.status == int(failed > 0), finished.err
    assert logged.parent.data.metrics["points_failed"] == failed
    assert len(logged.summary(tmp_path)) == 2


def test_submitit_s_jobs_log_under_one_parent(ready):
    # on this machine, as jobs of Slurm's are on others
    local = ("hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5")
    finished = qexp_process(*MANILA, *local, "circuit.num_qubits=2,3", cwd=ready)
    assert finished.status == 0, finished.err
    logged = Logged(ready)
    assert logged.parent.info.status == "FINISHED"
    assert logged.values("circuit.num_qubits") == ["2", "3"]
    assert logged.statuses == ["FINISHED"] * 2


def test_ctrl_c_ends_joblib_s_sweep(ready):
    qubits = "circuit.num_qubits=2,3,4,5"
    shots = "options.shots=8192"
    arguments = [
        *MANILA,
        *JOBLIB,
        qubits,
        shots,
        "grid.options.init_qubits=[true,false]",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "qexp", *arguments],
        cwd=ready,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        if Logged(ready).children:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert Logged(ready).parent.info.status == "KILLED"


APP = """
import hydra

@hydra.main(version_base="1.3", config_path=None)
def main(cfg):
    print("a is", cfg.a)
    if cfg.a == 2:
        raise ValueError("two")

main()
"""


def stranger(folder: Path, *arguments: str):
    (folder / "app.py").write_text(APP)
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_application_s_sweep_is_unharmed(folder):
    finished = stranger(folder, "-m", "+a=1,3")
    assert finished.returncode == 0, finished.stderr
    assert "a is 1" in finished.stdout
    assert "a is 3" in finished.stdout
    assert not (folder / "mlflow.db").exists()


@pytest.mark.parametrize("what", ["launcher", "sweeper"])
def test_another_application_cannot_use_what_is_qexp_s(folder, what):
    finished = stranger(folder, "-m", f"hydra/{what}=qexp", "+a=1,2")
    assert finished.returncode != 0
    assert f"hydra/{what}=qexp" in finished.stderr
    assert "of qexp only" in finished.stderr
    assert "a is" not in finished.stdout
