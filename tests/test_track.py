"""MLflow's process: databases made at once by several, errors, credentials."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mlflow import MlflowClient

from qexp.errors import TrackingError
from qexp.secrets import hide
from qexp.track.client import Tracker
from qexp.track.database import create_sqlite, sqlite_file
from qexp.track.record import Record
from qexp.track.store import Store
from qexp.track.target import DEFAULT_URI, Target, probe, target
from tests.conftest import ROOT

pytestmark = pytest.mark.cold

TRACK = """
import sys
from qexp.track.record import Record
from qexp.track.client import Tracker
from qexp.track.target import target

with Tracker(target(None)) as tracker:
    tracker.open("together")
    tracker.ready()
    made = Record(sys.argv[1], {"a": "1"}, {"m": 0.5}, {"t": "x"}, {"f.txt": "x"})
    tracker.log([(made, False)])
"""


@pytest.mark.parametrize("cached", [False, True])
def test_processes_that_start_at_once_in_an_empty_folder_all_log(
    folder, tmp_path_factory, cached
):
    cache = tmp_path_factory.mktemp("cache")
    if cached:
        first = [sys.executable, "-c", TRACK, "first"]
        apart = cache / "apart"
        apart.mkdir()
        subprocess.run(first, cwd=apart, env=_env(cache), check=True)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", TRACK, f"worker-{number}"],
            cwd=folder,
            env=_env(cache),
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=240)
        assert worker.returncode == 0, errors
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("together")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs) == [
        f"worker-{n}" for n in range(4)
    ]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {path.name for path in folder.iterdir()} == {"mlflow.db", "mlruns"}


def _env(cache):
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}


def test_a_database_is_never_seen_half_made(folder, monkeypatch):
    # another process's file appears while ours is being made: it stays
    theirs = folder / "mlflow.db"
    link = os.link

    def late(source, destination):
        theirs.write_bytes(b"theirs")
        link(source, destination)

    monkeypatch.setattr("qexp.track.database.os.link", late)
    create_sqlite("sqlite:///mlflow.db")
    assert theirs.read_bytes() == b"theirs"
    assert [path.name for path in folder.iterdir()] == ["mlflow.db"]


def test_a_made_database_is_mlflow_s_own_schema(database):
    with sqlite3.connect(database) as connection:
        tables = {
            row[0] for row in connection.execute("SELECT name FROM sqlite_master")
        }
    assert {"runs", "params", "metrics", "alembic_version"} <= tables


def test_artifacts_are_where_a_plain_client_puts_them(ready):
    # `mlflow ui` in the same folder has to find them
    store = Store("sqlite:///mlflow.db", "placed")
    one = {"name": "n", "params": {}, "metrics": {}, "tags": {}, "error": None}
    (run_id,) = store.log([{**one, "files": {"a.txt": "content"}}])
    expected = ready / "mlruns" / store.experiment_id / run_id / "artifacts" / "a.txt"
    assert expected.read_text() == "content"


def test_long_values_are_cut_not_refused(ready):
    record = Record("n", {"p": "x" * 9000}, {}, {"t": "y" * 9000}, {}, None)
    with Tracker(target(None)) as tracker:
        tracker.open("long")
        tracker.ready()
        (run_id,) = tracker.log([(record, False)])
    run = MlflowClient(f"sqlite:///{ready}/mlflow.db").get_run(run_id)
    assert run.data.params["p"] == "x" * 6000
    assert run.data.tags["t"] == "y" * 8000


def test_a_deleted_experiment_is_said_with_the_way_back(ready):
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    client.delete_experiment(client.create_experiment("gone"))
    with pytest.raises(TrackingError, match="is deleted"):
        Store("sqlite:///mlflow.db", "gone")


def test_a_file_that_is_no_database_is_refused(folder):
    (folder / "mlflow.db").write_text("not a database, by any means" * 100)
    with Tracker(target(None)) as tracker:
        tracker.open("any")
        with pytest.raises(TrackingError, match="file is not a database"):
            tracker.ready()


def test_a_process_that_dies_says_why(folder):
    tracker = Tracker(target(None))
    tracker._process.kill()
    tracker._process.wait()
    with pytest.raises(TrackingError, match="MLflow's process ended"):
        tracker.open("any")
    tracker.close()


def test_nothing_is_written_before_it_is_opened(folder):
    Tracker(target(None)).close()
    assert list(folder.iterdir()) == []


def test_the_order_of_where_results_go(monkeypatch):
    assert target(None) == Target(DEFAULT_URI, "tracking.uri")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://there")
    assert target(None) == Target("http://there", "MLFLOW_TRACKING_URI")
    assert target("http://here") == Target("http://here", "tracking.uri")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://me:secret@host:5000/path", "http://host:5000/path"),
        ("postgresql://me:secret@host/db", "postgresql://host/db"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
    ],
)
def test_credentials_are_never_shown(uri, shown):
    assert hide(uri) == shown


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("http://127.0.0.1:9", "no MLflow server answers there"),
        ("postgresql://user:secret@127.0.0.1:9/db", "no database answers there"),
        ("ftp://host", "not an MLflow store"),
        ("./mlruns", "not an MLflow store"),
    ],
)
def test_where_nobody_answers_is_said(uri, words):
    with pytest.raises(TrackingError, match=words) as caught:
        probe(target(uri))
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_mlflow_is_told_apart(folder):
    import threading
    from http.server import HTTPServer, SimpleHTTPRequestHandler

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(TrackingError, match="is not an MLflow server"):
            probe(target(f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_which_uris_are_files():
    assert sqlite_file("sqlite:///mlflow.db") == Path("mlflow.db")
    assert sqlite_file("sqlite:////somewhere/mlflow.db") == Path("/somewhere/mlflow.db")
    assert sqlite_file("sqlite://") is None
    assert sqlite_file("http://host") is None


def test_a_run_that_has_ended_is_not_ended_again(ready):
    from qexp.track.logbook import Logbook

    logbook = Logbook(Tracker(target(None)))
    logbook.open("ended")
    logbook.start(Record("sweep", {}, {}, {}))
    run_id = logbook.parent
    logbook.finish("FINISHED", [], {})
    logbook.abandon("KILLED")
    logbook.close()
    run = MlflowClient(f"sqlite:///{ready}/mlflow.db").get_run(run_id)
    assert run.info.status == "FINISHED"


def test_what_is_written_and_cannot_be_noted_is_not_written_again(ready):
    from qexp.errors import LedgerError
    from qexp.track.logbook import Logbook

    together, refused = threading.Event(), LedgerError("the disk is full")

    def refuse(run_id):
        raise refused

    def make(name):
        return lambda parent: Record(name, {}, {}, {}, parent=parent)

    logbook = Logbook(Tracker(target(None)))
    logbook.open("noted")
    logbook.start(Record("sweep", {}, {}, {}))
    logbook.log(make("first"), lambda run_id: together.wait(60) or None)
    futures = [
        logbook.log(make(f"batch {k}"), refuse if k == 0 else lambda run_id: None)
        for k in range(3)
    ]
    together.set()
    futures.append(logbook.log(make("last")))
    assert futures[0].exception(60) is refused
    ids = [future.result(60) for future in futures[1:]]
    logbook.close()
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    experiment = client.get_experiment_by_name("noted").experiment_id
    runs = client.search_runs([experiment])
    names = sorted(run.info.run_name for run in runs)
    assert names == ["batch 0", "batch 1", "batch 2", "first", "last", "sweep"]
    assert {run.info.run_id for run in runs} >= set(ids)


def test_a_temporary_folder_without_room_is_named(ready, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with Tracker(target(None)) as tracker:
        tracker.open("full")
        tracker.ready()
        monkeypatch.setattr("qexp.track.aside.put", full)
        with pytest.raises(TrackingError, match=r"No space left on device.*TMPDIR"):
            tracker.add("any", {"a.txt": b"x"})
