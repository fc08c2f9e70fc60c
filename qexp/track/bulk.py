"""Many runs in one transaction, straight into the tables of MLflow's database.

MLflow's public interface takes a dozen transactions and 40 ms and more for a run, so that a
long sweep would wait for its bookkeeping. What is written here is row for row what the
public interface writes (`tests/test_bulk.py` compares the two), by MLflow's own models and
session, and only into a schema for which that has been compared.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, Metric, Param, RunStatus, RunTag, SourceType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.db.utils import _get_schema_version
from mlflow.store.tracking.dbmodels import models
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER
from mlflow.utils.uri import append_to_uri_path
from mlflow.utils.validation import _validate_batch_log_data
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, aliased

from qexp.track import aside

SCHEMAS = frozenset({"dc11669786a5"})
"""Revisions of MLflow's schema that runs are written to like this: that of 3.17."""

Rows = dict[Any, list[dict[str, Any]]]


class Bulk:
    """Writes whole runs of one experiment."""

    def __init__(self, store: SqlAlchemyStore, experiment_id: str) -> None:
        """Write to a store; see `bulk`."""
        self._store = store
        self._experiment_id = experiment_id
        self._last = 0
        self._place = str(store.get_experiment(experiment_id).artifact_location)
        repository = get_artifact_repository(self._place)
        local = isinstance(repository, LocalArtifactRepository)
        self._folder = Path(repository.artifact_dir) if local else None

    def log(self, runs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write runs that are not there, all or none of them.

        Files come first: what is killed in the middle leaves some that belong to no run,
        and no run without its files.

        Args:
            runs: As `qexp.track.store.Store.log` takes them, with all their tags, and
                values no longer than MLflow takes.

        Returns:
            Their ids.
        """
        self._require_active()
        tables: Rows = {}
        made: list[str] = []
        for run in runs:
            run_id = uuid.uuid4().hex
            # in milliseconds, by which MLflow puts runs in order
            start = self._last = max(_now(), self._last + 1)
            self._write_files(run_id, run)
            for table, row in self._rows(run_id, start, run):
                tables.setdefault(table, []).append(row)
            made.append(run_id)
        self._insert(tables)
        return made

    def known(self, tags: Sequence[Mapping[str, str]]) -> set[tuple[str, str]]:
        """Which points have a run, finished or not.

        Args:
            tags: Those of their runs; the sweep and the point are looked for.

        Returns:
            Sweep and point of each that is there.
        """
        points = {one["qexp.point"] for one in tags if "qexp.point" in one}
        if not points:
            return set()
        sweep, point = aliased(models.SqlTag), aliased(models.SqlTag)
        query = (
            select(sweep.value, point.value)
            .join_from(point, sweep, sweep.run_uuid == point.run_uuid)
            .where(sweep.key == "qexp.sweep", point.key == "qexp.point")
            .where(point.value.in_(points))
        )
        with self._store.ManagedSessionMaker(read_only=True) as session:
            return {(row[0], row[1]) for row in session.execute(query)}

    def _require_active(self) -> None:
        # it may have been deleted since it was opened
        experiment = self._store.get_experiment(self._experiment_id)
        self._store._check_experiment_is_active(experiment)

    def _write_files(self, run_id: str, run: Mapping[str, Any]) -> None:
        if self._folder is not None:
            place = self._folder / run_id / SqlAlchemyStore.ARTIFACTS_FOLDER_NAME
            aside.put(place, aside.encoded(run["files"]))
            return
        with aside.folder(aside.encoded(run["files"])) as folder:
            get_artifact_repository(self._artifacts(run_id)).log_artifacts(folder)

    def _artifacts(self, run_id: str) -> str:
        folder = SqlAlchemyStore.ARTIFACTS_FOLDER_NAME
        return str(append_to_uri_path(self._place, run_id, folder))

    def _insert(self, tables: Rows) -> None:
        with self._store.ManagedSessionMaker(read_only=False) as session:
            for table, rows in tables.items():
                self._put(session, table, rows)

    def _put(self, session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
        session.execute(insert(table), rows)

    def _rows(
        self, run_id: str, start: int, run: Mapping[str, Any]
    ) -> Iterator[tuple[Any, dict[str, Any]]]:
        metrics, params, tags = _checked(run, start)
        yield models.SqlRun, self._run(run_id, start, run)
        key = {"run_uuid": run_id}
        for one in (*tags, RunTag(MLFLOW_RUN_NAME, run["name"])):
            yield models.SqlTag, {**key, "key": one.key, "value": one.value}
        for one in params:
            yield models.SqlParam, {**key, "key": one.key, "value": one.value}
        for one in metrics:
            is_nan, value = self._store.sanitize_metric_value(one.value)
            row = {
                **key,
                "key": one.key,
                "value": value,
                "timestamp": one.timestamp,
                "step": one.step,
                "is_nan": is_nan,
            }
            yield models.SqlMetric, row
            yield models.SqlLatestMetric, row

    def _run(self, run_id: str, start: int, run: Mapping[str, Any]) -> dict[str, Any]:
        status = RunStatus.FAILED if run["error"] else RunStatus.FINISHED
        return {
            "run_uuid": run_id,
            "name": run["name"],
            "artifact_uri": self._artifacts(run_id),
            "experiment_id": int(self._experiment_id),
            "source_type": SourceType.to_string(SourceType.UNKNOWN),
            "source_name": "",
            "entry_point_name": "",
            "user_id": run["tags"].get(MLFLOW_USER, "unknown"),
            "status": RunStatus.to_string(status),
            "start_time": start,
            "end_time": max(_now(), start),
            "deleted_time": None,
            "source_version": "",
            "lifecycle_stage": LifecycleStage.ACTIVE,
        }


def bulk(client: MlflowClient, experiment_id: str) -> Bulk | None:
    """What writes whole runs to a client's store; None where there is no such way.

    There is one where the store is a database that this process reaches itself, in MLflow's
    own class and in a schema that the tests compare.
    """
    store = client._tracking_client.store
    if type(store) is not SqlAlchemyStore:
        return None
    if _get_schema_version(store.engine) not in SCHEMAS:
        return None
    return Bulk(store, experiment_id)


def _checked(
    run: Mapping[str, Any], now: int
) -> tuple[list[Metric], list[Param], list[RunTag]]:
    """What a run is logged with, refused where MLflow would refuse it."""
    metrics = [Metric(key, value, now, 0) for key, value in run["metrics"].items()]
    params = [Param(key, value) for key, value in run["params"].items()]
    tags = [RunTag(key, value) for key, value in run["tags"].items()]
    checked: tuple[list[Metric], list[Param], list[RunTag]] = _validate_batch_log_data(
        metrics, params, tags
    )
    return checked


def _now() -> int:
    return math.floor(time.time() * 1000)
