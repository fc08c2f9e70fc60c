"""A run as rows of MLflow's tables, as MLflow itself would have written them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

SCHEMAS = frozenset({"dc11669786a5"})
"""Revisions of MLflow's schema that runs are written to like this: that of 3.17."""

ARTIFACTS = "artifacts"
"""The folder of a run's artifacts, in the run's own."""

NAME = "mlflow.runName"
USER = "mlflow.user"
PARENT = "mlflow.parentRunId"

LARGEST = 1.7976931348623157e308
"""What MLflow writes for infinity, which its tables have no word for."""

Row = dict[str, Any]


def of_run(
    run_id: str, start: int, run: Mapping[str, Any], artifacts: str, experiment: str
) -> Iterator[tuple[str, Row]]:
    """The rows of a run that is finished, each with the name of its table.

    Args:
        run_id: Its id.
        start: When it began, in milliseconds since 1970.
        run: Fields of a `qexp.track.record.Record`, with all tags.
        artifacts: The URI of its artifacts.
        experiment: MLflow's id of the experiment.
    """
    status = "FAILED" if run["error"] else "FINISHED"
    yield from begun(run_id, start, run, artifacts, experiment, status)
    for key, value in run["metrics"].items():
        row = metric(run_id, key, value, start)
        yield "metrics", row
        yield "latest_metrics", row


def begun(
    run_id: str,
    start: int,
    run: Mapping[str, Any],
    artifacts: str,
    experiment: str,
    status: str = "RUNNING",
) -> Iterator[tuple[str, Row]]:
    """The rows of a run without metrics; see `of_run`."""
    yield (
        "runs",
        {
            "run_uuid": run_id,
            "name": run["name"],
            "artifact_uri": artifacts,
            "experiment_id": int(experiment),
            "source_type": "UNKNOWN",
            "source_name": "",
            "entry_point_name": "",
            "user_id": run["tags"].get(USER, "unknown"),
            "status": status,
            "start_time": start,
            "end_time": None if status == "RUNNING" else max(now(), start),
            "deleted_time": None,
            "source_version": "",
            "lifecycle_stage": "active",
        },
    )
    for key, value in {**run["tags"], NAME: run["name"]}.items():
        yield "tags", {"run_uuid": run_id, "key": key, "value": value}
    for key, value in run["params"].items():
        yield "params", {"run_uuid": run_id, "key": key, "value": value}


def metric(run_id: str, key: str, value: float, when: int, step: int = 0) -> Row:
    """The row of a metric."""
    is_nan = math.isnan(value)
    if is_nan:
        value = 0.0
    elif math.isinf(value):
        value = math.copysign(LARGEST, value)
    return {
        "run_uuid": run_id,
        "key": key,
        "value": value,
        "timestamp": when,
        "step": step,
        "is_nan": is_nan,
    }


def now() -> int:
    """Milliseconds since 1970."""
    return math.floor(time.time() * 1000)
