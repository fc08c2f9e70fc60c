"""MLflow goes away in the middle, or is locked: nothing is lost, nothing is there twice."""

from __future__ import annotations

import time

import pytest

from tests.embedded import until
from tests.reliability import small
from tests.reliability.tracking import MlflowServer, locked

RESULTS = {"request": "GET /runtime/jobs/*/results", "times": None}
SLOW = {**RESULTS, "do": "delay", "seconds": 0.5}
HELD = (
    {**RESULTS, "do": "delay", "seconds": 8, "skip": 1},
    {**RESULTS, "do": "truncate", "skip": 1},
)
"""All answers but the first: they break off, and are asked for again."""


@pytest.fixture
def mlflow_server(tmp_path_factory, database):
    root = tmp_path_factory.mktemp("tracking")
    server = MlflowServer(small.prepared(root / "server", database))
    server.start()
    try:
        yield server
    finally:
        server.kill()


def begun(bench, server, *faults):
    """A sweep whose server is killed when it has a first run; the command goes on."""
    life = bench.life("server", f"tracking.uri={server.uri}")
    life.uri = server.uri
    bench.service.fail(*faults)
    command = life.start()
    until(lambda: logged(life) >= 1, 60)
    server.kill()
    return life, command


def logged(life) -> int:
    """How many points the ledger knows to be in MLflow."""
    return life.rows("SELECT count(*) FROM run WHERE point != ''")


def got(life) -> int:
    return life.rows("SELECT count(*) FROM submission WHERE state = 'got'")


def test_a_server_that_is_killed_and_back_later(bench, mlflow_server):
    life, command = begun(bench, mlflow_server, SLOW)
    assert command.wait() == 1, command.errors
    assert "safe in the ledger" in command.errors
    assert got(life) == small.JOBS  # what came afterwards was collected all the same
    again = life.start()
    assert again.wait() == 1
    assert "Results are kept in the ledger" in again.errors
    life.require_once()
    mlflow_server.start()
    life.end()
    life.require()


def test_a_server_that_is_back_before_the_end(bench, mlflow_server):
    life, command = begun(bench, mlflow_server, *HELD)
    mlflow_server.start()
    bench.service.fail()
    assert command.wait() == 0, command.errors
    life.require()


@pytest.mark.parametrize(
    "patience", ["within", pytest.param("beyond", marks=pytest.mark.long)]
)
def test_a_database_that_another_process_keeps_to_itself(bench, patience):
    life = bench.life("server")
    bench.service.fail(SLOW)
    command = life.start()
    until(lambda: logged(life) >= 1, 60)
    with locked(life.folder / "mlflow.db"):
        if patience == "within":
            time.sleep(3)
        else:
            command.wait()
    status = command.wait()
    assert status == (0 if patience == "within" else 1), command.errors
    life.end()
    life.require()
