"""Runs that are written many at once are the runs that MLflow itself would have written."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import _get_latest_schema_revision
from sqlalchemy import MetaData, create_engine, inspect, select, text

from qexp.errors import TrackingError
from qexp.track import bulk
from qexp.track.store import Store
from tests import postgres

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


@pytest.fixture(params=["sqlite", "postgresql"])
def uri(request, ready):
    if request.param == "sqlite":
        return f"sqlite:///{ready}/mlflow.db"
    return postgres.copy(request.getfixturevalue("served"), f"d{next(NUMBERS)}")


@pytest.fixture
def both(uri, monkeypatch):
    """A store with the same runs in two experiments, written by MLflow and at once."""
    slow = Store(uri, "slow")
    slow._bulk = None
    fast = Store(uri, "fast")
    monkeypatch.setattr(fast, "_one_by_one", lambda runs: [None for _ in runs])
    assert all(isinstance(one, str) for one in [*slow.log(RUNS), *fast.log(RUNS)])
    return slow, fast


def content(store):
    """All rows of all tables about an experiment's runs, without what is never the same."""
    engine = create_engine(store.uri)
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
    engine = create_engine(slow.uri)
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
    mlflow("db", "upgrade", slow.uri)
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


def test_all_or_none(uri, monkeypatch):
    store = Store(uri, "broken")
    insert = bulk.insert

    def broken(table):
        if table.__tablename__ == "metrics":
            raise RuntimeError("pulled out")
        return insert(table)

    monkeypatch.setattr(bulk, "insert", broken)
    with pytest.raises(MlflowException, match="pulled out"):
        store._bulk.log(RUNS[:1])
    assert not sum(map(len, content(store).values()))


def test_a_run_that_mlflow_refuses_takes_no_other_with_it(uri):
    store = Store(uri, "mixed")
    bad = run("bad", params={"no/../key": "1"})
    first, refused, after = store.log([run("a"), bad, run("b")])
    assert isinstance(first, str)
    assert "no/../key" in str(refused)
    assert isinstance(refused, TrackingError)
    assert after is None  # it is tried again with what comes later
    (again,) = store.log([run("b", again=True)])
    assert isinstance(again, str)
    names = Counter(row[0] for row in shown(store))
    assert names == {"a": 1, "bad": 1, "b": 1}


def test_what_is_there_already_is_completed_and_not_repeated(uri):
    store = Store(uri, "twice")
    ids = store.log([run("a"), run("b")])
    again = [run(name, again=True) for name in "abc"]
    third = store.log(again)
    assert third[:2] == ids
    assert len(set(third)) == 3
    assert Counter(row[0] for row in shown(store)) == {"a": 1, "b": 1, "c": 1}


def test_a_deleted_experiment_gets_nothing(uri):
    store = Store(uri, "gone")
    MlflowClient(uri).delete_experiment(store.experiment_id)
    (refused,) = store.log([run("a")])
    assert "must be in the 'active' state" in str(refused)
    assert not sum(map(len, content(store).values()))


def test_the_installed_schema_is_one_that_is_compared():
    assert _get_latest_schema_revision() in bulk.SCHEMAS


def test_another_schema_is_written_by_mlflow_itself(ready, monkeypatch):
    monkeypatch.setattr(bulk, "SCHEMAS", frozenset({"another"}))
    store = Store(f"sqlite:///{ready}/mlflow.db", "newer")
    assert store._bulk is None
    assert isinstance(*store.log([run("a")]), str)


def test_files_are_where_a_plain_client_looks(ready):
    store = Store(f"sqlite:///{ready}/mlflow.db", "files")
    (run_id,) = store.log([run("a")])
    there = MlflowClient(store.uri).download_artifacts(run_id, "circuits/0.qasm")
    assert Path(there).read_text() == "OPENQASM 3;\n"
