"""What MLflow has, read back as plain values."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient

from qexp.errors import TrackingError
from qexp.track.reader import Reader


@pytest.fixture
def stored(ready):
    """A store with a sweep of two points, one of them refused, and a single point."""
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    first, second = (client.create_experiment(name) for name in ("one", "two"))

    def create(experiment, name, **tags):
        tags = {key.replace("__", "."): value for key, value in tags.items()}
        return client.create_run(experiment, tags=tags, run_name=name).info.run_id

    parent = create(first, "sweep", qexp__sweep="aaa")
    of = {"qexp__sweep": "aaa", "mlflow__parentRunId": parent}
    child = create(first, "point", qexp__point="p1", **of)
    client.log_param(child, "shots", "100")
    client.log_metric(child, "depth", 3)
    client.log_text(child, "[{}]", "counts.json")
    client.log_text(child, "qasm", "circuits/0.qasm")
    client.set_terminated(child)
    refused = create(first, "refused", **of)
    client.set_terminated(refused, "FAILED")
    single = create(second, "single", qexp__sweep="bbb", qexp__point="p2")
    return client, {
        "parent": parent,
        "child": child,
        "refused": refused,
        "single": single,
    }


def test_runs_sweeps_and_artifacts_are_read(stored, tmp_path_factory):
    client, ids = stored
    uri = f"sqlite:///{tmp_path_factory.getbasetemp()}/elsewhere"
    reader = Reader()
    run = reader.run(ids["child"])
    assert (run.experiment, run.name, run.status) == ("one", "point", "FINISHED")
    assert (run.params, run.metrics) == ({"shots": "100"}, {"depth": 3})
    assert (run.tags["qexp.point"], run.parent) == ("p1", ids["parent"])
    assert run.start == client.get_run(ids["child"]).info.start_time / 1000
    parent, children = reader.sweep("aaa")
    assert parent.run_id == ids["parent"]
    assert [one.run_id for one in children] == [ids["child"], ids["refused"]]
    assert [one.run_id for one in reader.children(ids["parent"])] == [
        ids["child"],
        ids["refused"],
    ]
    single, (only,) = reader.sweep("bbb")
    assert single == only
    assert (only.run_id, only.experiment) == (ids["single"], "two")
    assert reader.artifact(ids["child"], "counts.json") == b"[{}]"
    assert reader.artifact(ids["child"], "circuits/0.qasm") == b"qasm"
    assert reader.artifact(ids["child"], "circuits") is None
    assert reader.artifact(ids["single"], "none/at/all") is None
    client.delete_run(ids["parent"])
    assert reader.sweep("aaa")[0] is None
    with pytest.raises(TrackingError, match="is deleted in MLflow at sqlite:///mlflow"):
        reader.run(ids["parent"])
    for id_ in ("f" * 32, "../x", "'"):
        with pytest.raises(
            TrackingError, match=rf"run {id_}: no such run .*tracking\.uri="
        ):
            reader.run(id_)
        with pytest.raises(
            TrackingError, match="no run of it in MLflow at sqlite:///m"
        ):
            reader.sweep(id_)
    with pytest.raises(TrackingError, match=r"there is no such file.*tracking\.uri="):
        Reader(uri)


def test_nothing_is_made_where_nothing_is(folder):
    with pytest.raises(TrackingError, match=r"mlflow\.db: there is no such file"):
        Reader()
    assert list(folder.iterdir()) == []
