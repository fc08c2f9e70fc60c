"""The calibration in force when a job ran: kept, told of, and predicted with."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from qexp.results.executed import executed
from qexp.services.ibm import client
from tests.embedded import manila
from tests.platforming import CRN
from tests.services.fake import HOST, Clock, http_to
from tests.services.platform import API, KEY, Platform

IN_FORCE = "2026-11-26T09:00:00Z"


class Worse(Platform):
    """A platform whose device reads badly, since it was calibrated anew."""

    def _device(self, path, query):
        if not path.endswith("properties"):
            return super()._device(path, query)
        properties = copy.deepcopy(manila().properties)
        for qubit in properties["qubits"]:
            for one in qubit:
                if one["name"] in ("readout_error", "prob_meas0_prep1"):
                    one["value"] = 0.3
        for qubit in properties["qubits"]:
            for one in qubit:
                if one["name"] == "prob_meas1_prep0":
                    one["value"] = 0.3
        return 200, {**properties, "last_update_date": IN_FORCE}


@pytest.fixture
def logged(ready, qexp, monkeypatch):
    """Runs a GHZ state on such a platform; its only run, and its artifacts as JSON."""

    def run(platform, *more):
        monkeypatch.setenv("QEXP_IBM_API_KEY", KEY)
        monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
        clock = Clock()
        monkeypatch.setattr(
            client, "Http", lambda timeout, wait: http_to(platform, clock)
        )
        finished = qexp(
            "+experiment=ghz",
            "circuit.num_qubits=3",
            "backend=ibmq_manila",
            "options.shots=1000",
            "tracking.pictures=none",
            "service=ibm_quantum",
            f"service.url={API}",
            f"service.iam_url={HOST}",
            *more,
        )
        assert finished.status == 0, finished.err
        store = MlflowClient(f"sqlite:///{ready}/mlflow.db")
        experiment = store.get_experiment_by_name("ghz")
        (found,) = store.search_runs([experiment.experiment_id])

        def read(path):
            file = store.download_artifacts(found.info.run_id, path, str(ready))
            return json.loads(Path(file).read_text())

        return found.data, read

    return run


def test_it_is_logged_with_its_date_and_the_twin_has_it(logged):
    data, read = logged(Worse(), "tracking.predict=true")
    assert read("backend.json")["properties"]["last_update_date"] == IN_FORCE
    assert data.tags["qexp.calibration"].startswith(IN_FORCE)
    (planned,) = read("frozen.json")["devices"].values()
    assert not planned["properties"]["last_update_date"].startswith("2026")
    metrics = data.metrics
    # every shot was 000, of which a perfect GHZ state gives half
    assert metrics["success_probability"] == 1
    # and the twin reads three qubits rightly with probability 0.7 each, or all wrongly
    assert metrics["success_probability_twin"] == pytest.approx(0.37, abs=0.07)
    gap = 1 - metrics["success_probability_twin"]
    assert metrics["success_probability_gap"] == pytest.approx(gap)
    assert metrics["job_quantum_seconds"] == 2.5
    assert (metrics["queue_seconds"], metrics["run_seconds"]) == (5, 2)
    assert data.tags["qexp.job_finished"] == "2026-11-26T10:00:07Z"


def test_without_one_the_planned_one_is_told_of(logged):
    platform = Worse()
    platform.fail("GET", "/properties", *[404] * 50)
    data, read = logged(platform)
    assert read("backend.json")["properties"] == manila().properties
    assert data.tags["qexp.calibration"].startswith(manila().calibrated)
    assert not [name for name in data.metrics if name.endswith(("_twin", "_gap"))]


@pytest.mark.parametrize("told", [None, "no", {}, {"usage": 1, "created": 3}])
def test_what_is_not_told_is_not_there(told):
    found = executed(told)
    if not isinstance(told, dict):
        assert found is None
        return
    assert (found.figures, found.times) == ({}, {})
    assert found.device(manila()) is manila()


def test_times_that_are_none_give_no_seconds():
    times = {"created": "yesterday", "running": "2026-11-26T10:00:05Z"}
    late = {"created": "2026-11-26T10:00:09Z", "running": "2026-11-26T10:00:05"}
    assert executed(times).figures == executed(late).figures == {}
    early = {"created": "2026-11-26T10:00:09Z", "running": "2026-11-26T10:00:05Z"}
    assert executed(early).figures == {"queue_seconds": 0}
