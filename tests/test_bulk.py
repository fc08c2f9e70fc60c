"""Runs that are written many at once are the runs that MLflow itself would have written."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import _get_latest_schema_revision
from sqlalchemy import MetaData, create_engine, inspect, select, text

from qexp.errors import TrackingError
from qexp.track import database, rows
from qexp.track.database import create_sqlite, needs_mlflow
from qexp.track.store import Store
from tests import postgres
from tests.embedded import until
from tests.ports import free_port

TIMES = {"start_time", "end_time", "timestamp", "creation_time", "last_update_time"}
NUMBERS = itertools.count()


def run(name, **different):
    """A run as a point of a sweep has it."""
    return {
        "name": name,
        "params": {"optimization_level": "3", "layout_method": "sabre", "empty": ""},
        "metrics": {"fidelity": 0.93, "quantum_seconds": 1e-3, "hops": 4.0},
        "tags": {"qexp.sweep": "s-1", "qexp.point": name, "mlflow.note.content": "é"},
        "files": {"config.yaml": "a: 1\n", "circuits/0.qasm": "OPENQASM 3;\n"},
        "error": None,
        "parent": "f" * 32,
        "again": False,
    } | different


def mlflow(*arguments):
    command = [sys.executable, "-m", "mlflow", *arguments]
    subprocess.run(command, check=True, capture_output=True)


RUNS = [
    run("a"),
    run("b", error="refused", tags={"qexp.sweep": "s-1", "qexp.error": "refused"}),
    run("c", metrics={"nan": float("nan"), "inf": float("inf"), "low": -float("inf")}),
    run(
        "d", params={"long": "x" * 9000}, tags={"long": "y" * 9000, "mlflow.user": "u"}
    ),
    run("e", params={}, metrics={}, files={}, parent=None),
    run("f", metrics={"nan_too": float("nan"), "zero": -0.0, "tiny": 5e-324}),
]


@pytest.fixture(scope="module")
def served():
    """A PostgreSQL database that MLflow has made its tables in."""
    if postgres.programs() is None and os.environ.get("QEXP_POSTGRES") != "required":
        pytest.skip("there is no PostgreSQL")
    with postgres.serving() as uri:
        mlflow("db", "upgrade", uri)  # in a process, since it stays connected
        yield uri


@pytest.fixture(scope="module")
def server(tmp_path_factory, database):
    """An MLflow server, and the file of its database."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(database, folder / "mlflow.db")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(free_port()), "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{command[command.index('--port') + 1]}"
    try:
        until(lambda: answers(url), 120)
        yield url, f"sqlite:///{folder}/mlflow.db"
    finally:
        process.terminate()
        process.wait(30)


def answers(url):
    with suppress(requests.RequestException):
        return requests.get(f"{url}/health", timeout=5).ok
    return False


@pytest.fixture(params=["direct", "sqlite", "postgresql", "server"])
def kind(request):
    """By which way runs are written at once, and to what."""
    return request.param


@pytest.fixture
def uri(kind, request, ready):
    if kind in ("direct", "sqlite"):
        return f"sqlite:///{ready}/mlflow.db"
    if kind == "server":
        return request.getfixturevalue("server")[0]
    return postgres.copy(request.getfixturevalue("served"), f"d{next(NUMBERS)}")


@pytest.fixture
def opened(uri, kind, request):
    """Open a store that writes in the way that is tested."""

    def one(name):
        if kind == "server":  # which is the same for all tests
            name = f"{name} {next(NUMBERS)}"
        store = Store(uri, name)
        if kind == "sqlite":
            store.direct = None
            assert store.public.bulk is not None
        assert (store.direct is not None) == (kind == "direct")
        if kind == "server":
            assert store.public.bulk is not None
            store.database = request.getfixturevalue("server")[1]
        return store

    return one


@pytest.fixture
def both(opened, kind, monkeypatch):
    """A store with the same runs in two experiments, written by MLflow and at once."""
    slow, fast = by_mlflow(opened("slow")), opened("fast")
    if kind != "direct":
        monkeypatch.setattr(fast.public, "log", lambda runs: [None for _ in runs])
    for one in RUNS:  # in order, which MLflow's client does not keep to a server
        assert isinstance(*slow.log([one]), str)
    assert all(isinstance(one, str) for one in fast.log(RUNS))
    assert (fast._opened is None) == (kind == "direct")
    return slow, fast


def by_mlflow(store):
    """The same store, written by MLflow's public interface alone."""
    store.direct = None
    store.public.bulk = None
    return store


def content(store):
    """All rows of all tables about an experiment's runs, without what is never the same."""
    engine = create_engine(getattr(store, "database", store.uri))
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as database:
        runs = tables.tables["runs"]
        own = select(runs).where(runs.c.experiment_id == int(store.experiment_id))
        names = {row.run_uuid: row.name for row in database.execute(own)}
        found = {}
        for name, table in tables.tables.items():
            if "run_uuid" in table.c:
                rows = database.execute(
                    select(table).where(table.c.run_uuid.in_(names))
                ).mappings()
                found[name] = Counter(_plain(row, names) for row in rows)
    engine.dispose()
    return found


def _plain(row, names):
    plain = {}
    for key, value in row.items():
        if key in TIMES:
            value = value is not None
        elif key == "run_uuid":
            value = names[value]
        elif key == "artifact_uri":
            value = value.replace(row["run_uuid"], "RUN")
            value = value.replace(f"/{row['experiment_id']}/", "/EXPERIMENT/")
        elif key == "experiment_id":
            value = "own"
        plain[key] = value
    return tuple(sorted(plain.items(), key=lambda item: item[0]))


def test_row_by_row(both):
    slow, fast = both
    expected = content(slow)
    assert content(fast) == expected
    assert {name for name, rows in expected.items() if rows} == {
        "runs",
        "tags",
        "params",
        "metrics",
        "latest_metrics",
    }
    assert sum(expected["runs"].values()) == len(RUNS)


def test_every_other_table_is_as_empty(both):
    slow, _ = both
    engine = create_engine(getattr(slow, "database", slow.uri))
    with engine.connect() as database:
        for name in inspect(engine).get_table_names():
            rows = database.execute(text(f"select count(*) from {name}")).scalar()
            assert not rows or name in {
                "runs", "tags", "params", "metrics", "latest_metrics", "experiments",
                "alembic_version", "workspaces",
            }, name  # fmt: skip
    engine.dispose()


def shown(store, **asked):
    """What MLflow's own interface says of an experiment's runs."""
    client = MlflowClient(store.uri)
    found = client.search_runs([store.experiment_id], **asked)
    told = []
    for one in found:
        files = [file.path for file in client.list_artifacts(one.info.run_id)]
        history = {
            key: [(m.step, repr(m.value)) for m in
                  client.get_metric_history(one.info.run_id, key)]
            for key in one.data.metrics
        }  # fmt: skip
        tags = {k: v for k, v in one.data.tags.items() if "history" not in k}
        metrics = {k: repr(v) for k, v in one.data.metrics.items()}
        info = one.info.run_name, one.info.status, one.info.user_id
        told.append((*info, one.data.params, metrics, tags, files, history))
    return told


@pytest.mark.parametrize(
    "asked",
    [
        {"order_by": ["attributes.run_name ASC"]},
        {"filter_string": "params.layout_method = 'sabre' and metrics.fidelity > 0.9"},
        {
            "filter_string": "tags.`qexp.sweep` = 's-1'",
            "order_by": ["attributes.run_name"],
        },
        {"filter_string": "attributes.status = 'FAILED'"},
        {"order_by": ["start_time ASC"]},
    ],
    ids=str,
)
def test_through_search(both, asked):
    slow, fast = both
    expected = shown(slow, **asked)
    assert expected
    if "order_by" not in asked:
        expected.sort(key=lambda one: one[0])
        assert sorted(shown(fast, **asked), key=lambda one: one[0]) == expected
    else:
        assert shown(fast, **asked) == expected


def test_mlflow_s_own_migration_finds_nothing_to_do(both):
    slow, fast = both
    before = content(fast)
    mlflow("db", "upgrade", getattr(slow, "database", slow.uri))
    assert content(fast) == before


def test_runs_can_be_gone_on_with(both):
    _, fast = both
    client = MlflowClient(fast.uri)
    (found,) = client.search_runs([fast.experiment_id], "attributes.run_name = 'a'")
    client.log_metric(found.info.run_id, "fidelity", 0.95, step=1)
    client.set_tag(found.info.run_id, "qexp.point", "other")
    client.delete_run(found.info.run_id)
    client.restore_run(found.info.run_id)
    again = client.get_run(found.info.run_id)
    assert again.data.metrics["fidelity"] == 0.95
    assert again.data.tags["qexp.point"] == "other"


def test_all_or_none(opened, kind, monkeypatch):
    if kind == "server":
        pytest.skip("one run at a time is sent to a server")
    store = opened("broken")
    writer = store.direct or store.public.bulk
    put = writer._put

    def broken(database, table, some):
        if table == "metrics":
            raise RuntimeError("pulled out")
        put(database, table, some)

    monkeypatch.setattr(writer, "_put", broken)
    with pytest.raises((MlflowException, RuntimeError), match="pulled out"):
        writer.log(RUNS[:1])
    assert not sum(map(len, content(store).values()))


def test_a_run_that_mlflow_refuses_takes_no_other_with_it(opened, kind):
    store = opened("mixed")
    bad = run("bad", params={"no/../key": "1"})
    first, refused, after = store.log([run("a"), bad, run("b")])
    assert isinstance(first, str)
    assert "no/../key" in str(refused)
    assert isinstance(refused, TrackingError)
    # it is tried again with what comes later; to a server it may be under way
    assert after is None or kind == "server"
    (again,) = store.log([run("b", again=True)])
    assert isinstance(again, str)
    names = Counter(row[0] for row in shown(store))
    assert names == {"a": 1, "bad": 1, "b": 1}


def test_what_is_there_already_is_completed_and_not_repeated(opened):
    store = opened("twice")
    ids = store.log([run("a"), run("b")])
    again = [run(name, again=True) for name in "abc"]
    third = store.log(again)
    assert third[:2] == ids
    assert len(set(third)) == 3
    assert Counter(row[0] for row in shown(store)) == {"a": 1, "b": 1, "c": 1}


def test_a_deleted_experiment_gets_nothing(opened):
    store = opened("gone")
    MlflowClient(store.uri).delete_experiment(store.experiment_id)
    (refused,) = store.log([run("a")])
    assert re.search("must be in the 'active' state|is deleted", str(refused))
    assert not sum(map(len, content(store).values()))


def test_the_installed_schema_is_one_that_is_compared():
    assert _get_latest_schema_revision() in rows.SCHEMAS


def test_another_schema_is_written_by_mlflow_itself(ready, monkeypatch):
    monkeypatch.setattr(rows, "SCHEMAS", frozenset({"another"}))
    store = Store(f"sqlite:///{ready}/mlflow.db", "newer")
    assert (store.direct, store.public.bulk) == (None, None)
    assert isinstance(*store.log([run("a")]), str)


def test_files_are_where_a_plain_client_looks(ready):
    store = Store(f"sqlite:///{ready}/mlflow.db", "files")
    (run_id,) = store.log([run("a")])
    there = MlflowClient(store.uri).download_artifacts(run_id, "circuits/0.qasm")
    assert Path(there).read_text() == "OPENQASM 3;\n"


STEPS = [("f", 0.5, 0), ("f", 0.7, 2), ("f", 0.6, 1), ("f", float("nan"), 2)]
SWEEP = {"qexp.sweep": "s-1", "kind": "sweep"}


def one_sweep(store, aside):
    """The run of a sweep with one point: begun, looked at, ended, added to."""
    sweep = run("sweep", tags=SWEEP, parent=None, metrics={}, files={})
    run_id = store.start(sweep)
    store.log([run("p", parent=run_id)])
    children = store.children(run_id)
    (aside / "deep").mkdir(parents=True)
    (aside / "deep" / "summary.csv").write_text("a,b\n")
    store.finish(run_id, "KILLED", STEPS, str(aside), {"kind": "ended", "new": "1"})
    (aside / "deep" / "summary.csv").write_text("a,b\n1,2\n")
    (aside / "late.png").write_bytes(b"\x89PNG")
    store.add(run_id, str(aside), {"late": "x" * 9000, "new": "2"})
    return run_id, children, store.present("s-1")


def test_the_run_of_a_sweep(opened, tmp_path):
    slow, fast = by_mlflow(opened("slow")), opened("fast")
    ids = {}
    told = []
    for store in (slow, fast):
        aside = tmp_path / store._experiment
        run_id, children, present = one_sweep(store, aside)
        ids[run_id] = "SWEEP"
        told.append([children, present])
    assert _nameless(told[1], ids) == _nameless(told[0], ids)
    assert _nameless(shown_rows(fast), ids) == _nameless(shown_rows(slow), ids)
    expected = shown(slow, order_by=["attributes.run_name ASC"])
    assert _nameless(shown(fast, order_by=["attributes.run_name ASC"]), ids) == (
        _nameless(expected, ids)
    )
    (late,) = [id for id in ids if MlflowClient(fast.uri).get_run(id).data.tags["late"]
               and MlflowClient(fast.uri).get_run(id).info.experiment_id
               == fast.experiment_id]  # fmt: skip
    summary = MlflowClient(fast.uri).download_artifacts(late, "deep/summary.csv")
    assert Path(summary).read_text() == "a,b\n1,2\n"


def shown_rows(store):
    return {
        name: sorted(map(repr, of.elements())) for name, of in content(store).items()
    }


def _nameless(told, ids):
    """What was told, with the same names for other runs."""
    plain = json.dumps(told, sort_keys=True, default=repr)
    for run_id, name in ids.items():
        plain = plain.replace(run_id, name)
    return re.sub(r'"run_id": "\w{32}"', "", plain)


def test_an_experiment_is_made_as_mlflow_makes_it(ready):
    uri = f"sqlite:///{ready}/mlflow.db"
    direct = Store(uri, "direct")
    assert direct._opened is None
    client = MlflowClient(uri)
    client.create_experiment("by MLflow")
    made = {}
    for name in ("direct", "by MLflow"):
        one = dict(client.get_experiment_by_name(name))
        assert one.pop("creation_time") == one.pop("last_update_time") > 1e12
        number = one.pop("experiment_id")
        assert one.pop("name") == name
        made[name] = {k: str(v).replace(f"/{number}", "/N") for k, v in one.items()}
    assert made["direct"] == made["by MLflow"]
    assert Store(uri, "direct").experiment_id == direct.experiment_id


def test_names_that_mlflow_decides_about(ready):
    store = Store(f"sqlite:///{ready}/mlflow.db", "names: ä/b")
    assert store.direct is None
    assert isinstance(*store.log([run("a", metrics={"a/b": 1.0, "ü": 2.0})]), str)


def dumped(file):
    """All that a database has, but for the times; in no order, as MLflow makes it."""
    with sqlite3.connect(file) as opened:
        lines = [re.sub(r"\b\d{13}\b", "TIME", line) for line in opened.iterdump()]
    return sorted(sorted(re.split(r"[\s,()]+", line)) for line in lines)


def test_a_new_database_is_the_same_from_the_cache(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "there").mkdir()
    monkeypatch.chdir(folder / "there")
    assert needs_mlflow("sqlite:///made.db")
    create_sqlite("sqlite:///made.db")
    (kept,) = (folder / "cache" / "qexp").iterdir()
    assert not needs_mlflow("sqlite:///copied.db")
    with monkeypatch.context() as no_more:
        no_more.setattr(database, "_migrated", None)
        create_sqlite("sqlite:///copied.db")
    expected = folder / "elsewhere" / "made.db"
    expected.parent.mkdir()
    database._migrated(expected)
    assert dumped("copied.db") == dumped(expected) == dumped("made.db")
    kept.write_bytes(kept.read_bytes()[:100_000])  # torn
    create_sqlite("sqlite:///again.db")
    assert dumped("again.db") == dumped("made.db")
