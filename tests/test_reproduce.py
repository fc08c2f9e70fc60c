"""A logged point run again from MLflow alone, in a folder that has nothing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from qexp.command.cli import main
from tests.reliability.tracking import MlflowServer
from tests.sweeps import FAST, PARENT

SECRET = "very-secret-word"

QASM = """OPENQASM 2.0;
include "qelib1.inc";
gate mine(angle) a, b { ry(angle) a; cx a, b; }
qreg q[3];
creg c[3];
mine(pi/3) q[0], q[1];
mine(pi/5) q[1], q[2];
measure q -> c;
"""


@pytest.fixture(scope="module")
def store(database, tmp_path_factory):
    """A folder in which everything is logged that is reproduced elsewhere."""
    folder = tmp_path_factory.mktemp("then")
    shutil.copy(database, folder / "mlflow.db")
    return folder


@pytest.fixture
def then(store, qexp, monkeypatch, tmp_path):
    """Run a command where the store is, and say what it was logged as."""

    def run(*arguments, status=0):
        before = {one.info.run_id for one in runs(store)}
        with monkeypatch.context() as there:
            there.chdir(store)
            finished = qexp(*arguments, "tracking.pictures=none")
        assert finished.status == status, finished.err
        return [one for one in runs(store) if one.info.run_id not in before]

    return run


@pytest.fixture
def again(store, folder, qexp):
    """Reproduce a run in an empty folder, that has nothing but the store's address."""

    def run(run_id, *more):
        finished = qexp("reproduce", run_id, f"tracking.uri={uri(store)}", *more)
        assert not (folder / "mlflow.db").exists()
        return finished

    return run


def uri(store):
    return f"sqlite:///{store}/mlflow.db"


def runs(store):
    client = MlflowClient(uri(store))
    ids = [one.experiment_id for one in client.search_experiments()]
    return client.search_runs(ids)


def new(store, run_id):
    """The only run that reproduces another."""
    (found,) = [
        one for one in runs(store) if one.data.tags.get("qexp.reproduces") == run_id
    ]
    return found


def artifact(store, run_id, path, scratch):
    return Path(MlflowClient(uri(store)).download_artifacts(run_id, path, str(scratch)))


def test_a_single_point(store, then, again, tmp_path_factory):
    (run,) = then(
        *FAST,
        "seed=4",
        "options.shots=4000",
        "options.initial_layout=[0,1,2,3,4]",
        "options.measurement_error_mitigation=true",
    )
    finished = again(run.info.run_id)
    assert finished.status == 0, finished.err
    assert "IDENTICAL  the counts are equal, outcome by outcome" in finished.out
    made = new(store, run.info.run_id)
    assert made.data.tags["qexp.reproduced"] == "identical"
    assert made.info.status == "FINISHED"
    assert made.info.experiment_id == run.info.experiment_id
    assert made.data.params == run.data.params
    scratch = tmp_path_factory.mktemp("scratch")
    file = artifact(store, made.info.run_id, "reproduction.json", scratch)
    told = json.loads(file.read_text())
    assert (told["verdict"], told["changes"]) == ("identical", [])
    # a run that reproduces another can be reproduced, here with another seed
    finished = again(made.info.run_id, "seed=5")
    assert finished.status == 0, finished.err
    assert re.search(r"hellinger_fidelity .* ± 0\.0", finished.out)
    assert "not as it was  param seed: 4 → 5" in finished.out
    assert "EQUAL WITHIN NOISE  no circuit's counts differ" in finished.out
    other = new(store, made.info.run_id)
    assert other.data.tags["qexp.reproduced"] == "equal within noise"
    # and counts that are not what was measured are told to be different
    file = artifact(store, other.info.run_id, "counts.json", scratch)
    (counts,) = json.loads(file.read_text())
    counts["11111"] += counts.pop("00000")
    client = MlflowClient(uri(store))
    client.log_text(other.info.run_id, json.dumps([counts]), "counts.json")
    finished = again(other.info.run_id)
    assert finished.status == 1
    assert "DIFFERENT  the counts of circuit 0 (p = " in finished.out
    last = new(store, other.info.run_id)
    assert last.data.tags["qexp.reproduced"] == "different"


GRID = (
    "[{options.optimization_level:[0,3]},"
    "{options.shots:[1000000]},"
    "{options.translation_method:[unroller]},"
    "{circuit:[qasm],circuit.files:[gone.qasm]}]"
)


@pytest.fixture(scope="module")
def sweep(store):
    """A sweep of which some points fail; the file of one of its circuits is gone since.

    Returns:
        Its runs.
    """
    (store / "gone.qasm").write_text(QASM)
    command = (*FAST, f"+grid={GRID}", "repeats=2", "sentinel=readout")
    before = {one.info.run_id for one in runs(store)}
    with pytest.MonkeyPatch.context() as there:
        there.chdir(store)
        assert main([*command, "share_identical=true"]) == 1
    (store / "gone.qasm").unlink()
    return [one for one in runs(store) if one.info.run_id not in before]


@pytest.fixture
def child(sweep):
    """The point of the sweep with these params."""

    def find(**params):
        (found,) = [one for one in sweep if params.items() <= one.data.params.items()]
        return found

    return find


def test_a_sweep_is_told_from_its_points(sweep, again, child, folder):
    (parent,) = [one for one in sweep if PARENT not in one.data.tags]
    finished = again(parent.info.run_id)
    assert finished.status == 2
    assert "is a sweep of 9 points. Name the run of one of them:" in finished.err
    listed = re.findall(r"^    ([0-9a-f]{32})  ", finished.err, re.MULTILINE)
    assert set(listed) < {one.info.run_id for one in sweep}
    assert (len(listed), "and 1 more" in finished.err) == (8, True)
    finished = again(child(shots="1000000").info.run_id)
    assert finished.status == 0, finished.err
    assert "IDENTICAL  it was refused for the same reason" in finished.out
    assert not (folder / ".qexp").exists()


def test_a_point_of_a_sweep(store, again, child):
    run = child(circuit="ghz", optimization_level="3", repeat="1")
    finished = again(run.info.run_id)
    assert finished.status == 0, finished.err
    assert "IDENTICAL" in finished.out
    made = new(store, run.info.run_id)
    assert PARENT not in made.data.tags
    for name in ("qexp.point", "qexp.block", "qexp.calibration"):
        assert made.data.tags[name] == run.data.tags[name]
    assert made.data.tags["qexp.sweep"] != run.data.tags["qexp.sweep"]


def test_what_failed_fails_again(store, again, child):
    run = child(translation_method="unroller", repeat="0")
    finished = again(run.info.run_id)
    assert finished.status == 0, finished.err
    assert "IDENTICAL  it fails as it did: " in finished.out
    assert new(store, run.info.run_id).info.status == "FAILED"


def test_a_circuit_whose_file_is_gone(again, child):
    finished = again(child(circuit="qasm", repeat="0").info.run_id)
    assert finished.status == 0, finished.err
    assert "IDENTICAL" in finished.out


def test_passwords_are_in_no_plan(then, store):
    from qexp.declare.choice import choice
    from qexp.declare.expand import single
    from qexp.declare.read import read_tree
    from qexp.planning.cell import make
    from qexp.planning.plan import plan
    from qexp.track.sweep import Table, files

    def cells(address, shots):
        tree = {
            "name": "x",
            "circuit": {"kind": "ghz"},
            "backend": choice("backend", "ibmq_manila"),
            "options": {"shots": shots},
            "tracking": {"uri": address},
        }
        return make(single(read_tree(tree)).cells)

    from dataclasses import replace

    address = f"postgresql://me:{SECRET}@host/db"
    first, second = (
        plan(cells(*one), swept=True) for one in ((uri(store), 1), (address, 2))
    )
    # a sweep that went on with another store: cells of both are in one plan
    both = replace(
        first,
        cells=(*first.cells, *second.cells),
        places={**first.places, **second.places},
    )
    for one in (both, second):
        found = files(one, Table())
        assert all(SECRET not in str(content) for content in found.values())
    assert json.loads(str(files(both, Table())["frozen.json"]))["cells"][1][
        "experiment"
    ]


def test_mistakes_are_said(store, then, again, qexp, folder):
    for arguments, words in (
        ((), "reproduce takes the id of one run"),
        (("a", "b"), "reproduce takes the id of one run"),
        (("a", "options.shots=3"), "options.shots: cannot be changed"),
        (("a", "--now"), "--now: no such flag. reproduce takes --send"),
        (("a",), "there is no such file, so nothing was logged there"),
    ):
        finished = qexp("reproduce", *arguments)
        assert (finished.status, finished.out) == (2, "")
        assert words in finished.err
    finished = again("f" * 32)
    assert finished.status == 2
    assert f"run {'f' * 32}: no such run in MLflow at {uri(store)}" in finished.err
    client = MlflowClient(uri(store))
    other = client.create_run("0").info.run_id
    finished = again(other)
    assert finished.status == 2
    assert "was not logged by qexp" in finished.err
    half = client.create_run(
        "0", tags={"qexp.sweep": "aaa", "qexp.point": "bbb", PARENT: other}
    ).info.run_id
    finished = again(half)
    assert finished.status == 2
    assert "is RUNNING, so it is not complete" in finished.err
    client.set_terminated(half)
    finished = again(half)
    assert finished.status == 2
    assert "(frozen.json of run " in finished.err
    assert "`python -m qexp resume aaa`" in finished.err
    assert not list(folder.iterdir())


@pytest.fixture
def server(store, tmp_path_factory):
    """An MLflow server that keeps database and artifacts for itself."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(store / "mlflow.db", folder / "mlflow.db")
    started = MlflowServer(folder)
    try:
        started.start()
        yield started
    finally:
        started.kill()


def test_a_point_of_a_server_s_sweep(server, folder, qexp, tmp_path, monkeypatch):
    tracking = f"tracking.uri={server.uri}"
    grid = "grid.options.optimization_level=[0,1]"
    swept = (grid, "repeats=2", "sentinel=readout", "seed=9", "name=served")
    done = qexp(*FAST, *swept, tracking)
    assert done.status == 0, done.err
    client = MlflowClient(server.uri)
    ids = [client.get_experiment_by_name("served").experiment_id]
    logged = client.search_runs(ids)
    children = [one for one in logged if PARENT in one.data.tags]
    (parent,) = [one for one in logged if PARENT not in one.data.tags]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    finished = qexp("reproduce", children[-1].info.run_id, tracking)
    assert finished.status == 0, finished.err
    assert "IDENTICAL  the counts are equal, outcome by outcome" in finished.out
    told = qexp("report", parent.data.tags["qexp.sweep"], tracking)
    assert told.status == 0, told.err
    page = (elsewhere / "report.html").read_text()
    assert "whether the device moved" in page
    assert not (elsewhere / "mlflow.db").exists()
    assert not (elsewhere / "mlruns").exists()
