"""Many runs in one transaction, by MLflow's own models and session.

For databases that MLflow reaches by itself; `direct` does the same for SQLite, without
MLflow.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.db.utils import _get_schema_version
from mlflow.store.tracking.dbmodels import models
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.uri import append_to_uri_path
from mlflow.utils.validation import _validate_batch_log_data
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, aliased

from qexp.track import aside, rows

MODELS = {
    "runs": models.SqlRun,
    "tags": models.SqlTag,
    "params": models.SqlParam,
    "metrics": models.SqlMetric,
    "latest_metrics": models.SqlLatestMetric,
}


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
        tables: dict[str, list[rows.Row]] = {}
        made: list[str] = []
        for run in runs:
            _require_valid(run)
            run_id = uuid.uuid4().hex
            # in milliseconds, by which MLflow puts runs in order
            start = self._last = max(rows.now(), self._last + 1)
            self._write_files(run_id, run)
            place = self._artifacts(run_id)
            for table, row in rows.of_run(
                run_id, start, run, place, self._experiment_id
            ):
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
        files = aside.encoded(run["files"])
        if self._folder is not None:
            aside.put(self._folder / run_id / rows.ARTIFACTS, files)
            return
        with aside.folder(files) as folder:
            get_artifact_repository(self._artifacts(run_id)).log_artifacts(folder)

    def _artifacts(self, run_id: str) -> str:
        return str(append_to_uri_path(self._place, run_id, rows.ARTIFACTS))

    def _insert(self, tables: Mapping[str, list[rows.Row]]) -> None:
        with self._store.ManagedSessionMaker(read_only=False) as session:
            for table, some in tables.items():
                self._put(session, table, some)

    def _put(self, session: Session, table: str, some: list[rows.Row]) -> None:
        session.execute(insert(MODELS[table]), some)


def bulk(client: MlflowClient, experiment_id: str) -> Bulk | None:
    """What writes whole runs to a client's store; None where there is no such way.

    There is one where the store is a database that this process reaches itself, in MLflow's
    own class and in a schema that the tests compare.
    """
    store = client._tracking_client.store
    if type(store) is not SqlAlchemyStore:
        return None
    if _get_schema_version(store.engine) not in rows.SCHEMAS:
        return None
    return Bulk(store, experiment_id)


def _require_valid(run: Mapping[str, Any]) -> None:
    """Refuse what MLflow would refuse."""
    metrics = [Metric(key, value, 0, 0) for key, value in run["metrics"].items()]
    params = [Param(key, value) for key, value in run["params"].items()]
    tags = [RunTag(key, value) for key, value in run["tags"].items()]
    _validate_batch_log_data(metrics, params, tags)
