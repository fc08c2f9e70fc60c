"""A small sweep on an emulator: how it is run, and what it has to come to."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from tests.emulating import TOKEN
from tests.platforming import CRN
from tests.sweeps import PARENT

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

SHOTS = 50
TIMES = {
    "transpile_seconds",
    "quantum_seconds",
    "queue_seconds",
    "run_seconds",
    "job_quantum_seconds",
}
"""Metrics that are never the same twice, or that the service's clock tells."""

AXES = {
    # compile options are job-wide there: a job for each level
    "server": ["options.optimization_level=0,1,3"],
    # a job for each delay, with two points
    "client": [
        "options.rep_delay=5e-5,1e-4,2.5e-4",
        "options.optimization_level=0,1",
    ],
}
AXES["platform"] = AXES["client"]
POINTS = {"server": 3, "client": 6, "platform": 6}
JOBS = 3


def arguments(url: str, compile: str, *more: str) -> list[str]:
    """The command line of the sweep."""
    return [
        "-m",
        "+experiment=ghz",
        "backend=ibmq_manila",
        f"options.shots={SHOTS}",
        "seed=7",
        "tracking.pictures=none",
        *_service(url, compile),
        "service.poll_seconds=0.05",
        "service.poll_longest=0.2",
        "service.settle_seconds=0.5",
        *AXES[compile],
        *more,
    ]


def _service(url: str, compile: str) -> list[str]:
    """What chooses the service: circuit-runner's protocol, or today's platform."""
    if compile != "platform":
        return [
            "service=circuit_runner",
            f"service.url={url}",
            f"service.compile={compile}",
        ]
    base = url.removesuffix("/api")
    return [
        "service=ibm_quantum",
        f"service.url={base}/api/v1",
        f"service.iam_url={base}",
        "service.jobs_per_minute=100000",
    ]


@dataclass
class Server:
    """An emulator's jobs, as its own database has them."""

    url: str
    data: Path

    def last(self) -> int:
        """The number of the newest job."""
        return int(self._rows("SELECT coalesce(max(number), 0) FROM jobs")[0][0])

    def submissions(self, since: int) -> Counter[str]:
        """How often each submission was accepted, of jobs after a number."""
        rows = self._rows("SELECT request FROM jobs WHERE number > ?", since)
        return Counter(submission(json.loads(row[0])) for row in rows)

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        database = sqlite3.connect(f"file:{self.data / 'jobs.db'}?mode=ro", uri=True)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()


def submission(request: dict[str, Any]) -> str:
    """The submission that a job was sent with, in whichever protocol."""
    if request.get("tags"):
        marks = dict(tag.split(":", 1) for tag in request["tags"])
    else:
        marks = request.get("params", request)["header"]
    return str(marks["qexp_submission"])


def prepared(folder: Path, database: Path) -> Path:
    """A folder to run in, with an MLflow database."""
    folder.mkdir(parents=True)
    shutil.copy(database, folder / "mlflow.db")
    return folder


def environment() -> dict[str, str]:
    return {
        "QEXP_TOKEN": TOKEN,
        "QEXP_IBM_API_KEY": TOKEN,
        "QISKIT_IBM_INSTANCE": CRN,
    }


def state(folder: Path, uri: str | None = None) -> dict[str, Any]:
    """What MLflow has of the sweep: each run by its point, the sweep's own as ''.

    Fails where a point has several runs, or one does not belong to the sweep's own.
    """
    client = MlflowClient(uri or f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("ghz")
    assert experiment is not None, "no experiment"
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    parents = [run for run in runs if PARENT not in run.data.tags]
    assert len(parents) == 1, f"{len(parents)} runs of sweeps"
    found = {"": _parent(client, parents[0], folder)}
    for run in runs:
        if run is parents[0]:
            continue
        point = run.data.tags["qexp.point"]
        assert point not in found, f"point {point} has two runs"
        assert run.data.tags[PARENT] == parents[0].info.run_id
        assert "qexp.error" not in run.data.tags, run.data.tags["qexp.error"]
        found[point] = {
            **_shown(run),
            "counts": _artifact(client, run, "counts.json", folder),
            "files": sorted(one.path for one in client.list_artifacts(run.info.run_id)),
        }
    return found


def _shown(run: Any) -> dict[str, Any]:
    return {
        "status": run.info.status,
        "params": dict(run.data.params),
        "metrics": {k: v for k, v in run.data.metrics.items() if k not in TIMES},
    }


def _parent(client: Any, run: Any, folder: Path) -> dict[str, Any]:
    summary = _artifact(client, run, "summary.csv", folder)
    return {**_shown(run), "points": sorted(_points(summary))}


def _points(summary: str) -> list[str]:
    return [line.split(",")[0] for line in summary.splitlines()[1:]]


def _artifact(client: Any, run: Any, name: str, folder: Path) -> str:
    aside = folder / "fetched" / str(run.info.run_id)
    aside.mkdir(parents=True, exist_ok=True)
    return Path(
        client.download_artifacts(run.info.run_id, name, str(aside))
    ).read_text()
