"""The grid of four options over HTTP: the same counts, in the planned number of jobs."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.conftest import qexp_process
from tests.emulating import emulating

GRID = ["+experiment=ghz_options", "backend=ibmq_montreal", "seed=7"]
FAST = ["options.shots=500", "tracking.pictures=none"]


def logged(folder):
    """Counts of each cell, and the tags of its run."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("ghz_options")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    found = {}
    for run in (one for one in runs if "mlflow.parentRunId" in one.data.tags):
        assert run.info.status == "FINISHED"
        target = tempfile.mkdtemp(prefix="qexp-test-", dir=folder)
        path = client.download_artifacts(run.info.run_id, "counts.json", target)
        names = ("optimization_level", "layout_method", "use_measure_esp", "rep_delay")
        cell = tuple(run.data.params[name] for name in names)
        found[cell] = (json.loads(Path(path).read_text()), run.data.tags)
    return found


@pytest.fixture(scope="module")
def local(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("local")
    shutil.copy(database, folder / "mlflow.db")
    finished = qexp_process(*GRID, *FAST, cwd=folder)
    assert finished.status == 0, finished.err
    return logged(folder)


@pytest.mark.parametrize(("compile", "jobs"), [("server", 64), ("client", 4)])
def test_the_grid_gives_what_it_gives_here(ready, emulator, local, compile, jobs):
    finished = qexp_process(
        *GRID,
        *FAST,
        "service=circuit_runner",
        f"service.url={emulator.url}",
        f"service.compile={compile}",
        "service.poll_seconds=0.1",
        "service.poll_longest=0.5",
        cwd=ready,
        QEXP_TOKEN=emulator.token,
    )
    assert finished.status == 0, finished.err
    there = logged(ready)
    assert len(there) == 64
    assert {cell: counts for cell, (counts, _) in there.items()} == {
        cell: counts for cell, (counts, _) in local.items()
    }
    sent = Counter(tags["qexp.job"] for _, tags in there.values())
    assert len(sent) == jobs
    assert set(sent.values()) == {64 // jobs}
    assert emulator.token not in finished.out + finished.err


def test_a_sweep_outlasts_a_maintenance(ready, tmp_path_factory):
    folder = tmp_path_factory.mktemp("down")
    script = folder / "faults.yaml"
    down = "{request: '* *', skip: 12, do: maintenance, seconds: 8}"
    script.write_text(f"faults:\n  - {down}\n")
    with emulating(folder / "data", "--faults", str(script)) as one:
        finished = qexp_process(
            "+experiment=ghz",
            "backend=ibmq_manila",
            "circuit.num_qubits=3",
            "options.optimization_level=0,1",
            "-m",
            *FAST,
            "service=circuit_runner",
            f"service.url={one.url}",
            "service.poll_seconds=0.1",
            "service.poll_longest=0.5",
            cwd=ready,
            QEXP_TOKEN=one.token,
        )
        assert finished.status == 0, finished.err
        assert one.client().get("jobs").json()["count"] == 2
    assert finished.err.count("note: the service is away (") == 1
    assert "503" in finished.err
    assert finished.err.count("note: the service is there again, after") == 1
