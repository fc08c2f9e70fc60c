"""What MLflow has, read in this process: runs, sweeps, artifacts, as plain values.

Nothing is written, and nothing made: a database that is not there stays that way.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qexp.errors import TrackingError
from qexp.track.target import Target, probe, target

PARENT = "mlflow.parentRunId"
"""The tag by which MLflow knows the run that another belongs to."""

PAGE = 1000
"""Runs, or experiments, that are asked for at once."""

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
"""What MLflow is asked for where the user does not ask for something else."""


@dataclass(frozen=True)
class LoggedRun:
    """One MLflow run.

    Attributes:
        run_id: Its id.
        experiment: Name of its MLflow experiment.
        name: Its name.
        status: MLflow's word: RUNNING, FINISHED, FAILED, KILLED.
        start: When it began, in seconds since 1970.
        params: Params by name, as text.
        metrics: The last value of each metric, by name.
        tags: Tags by name, MLflow's own (`mlflow.…`) included.
        parent: The run of the sweep that it belongs to, or None.
    """

    run_id: str
    experiment: str
    name: str
    status: str
    start: float
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    parent: str | None


class Reader:
    """Reads one tracking store."""

    def __init__(self, uri: str | None = None) -> None:
        """Open a store that is there.

        Args:
            uri: Tracking URI, what `tracking.uri` would say; None is
                `MLFLOW_TRACKING_URI`, else the database of this folder.

        Raises:
            TrackingError: There is no store, or nobody answers.
        """
        self.target = target(uri)
        probe(self.target)
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        # it reads its environment when it is imported
        from mlflow import MlflowClient

        from qexp.track import database

        file = database.sqlite_file(self.target.uri)
        if file is not None and not file.exists():
            raise TrackingError(
                f"{self.target.key} = {self.target.shown}: there is no such file, so "
                f"nothing was logged there. {another(self.target)}"
            )
        self._explained: Callable[[str], AbstractContextManager[None]] = (
            database.explained
        )
        with self._explained(self.target.uri):
            self._client = MlflowClient(tracking_uri=database.absolute(self.target.uri))
        self._experiments: dict[str, str] = {}

    def run(self, run_id: str) -> LoggedRun:
        """A run.

        Args:
            run_id: Its id, 32 hexadecimal digits.

        Raises:
            TrackingError: There is none, or it is deleted; says where it was looked for.
        """
        from mlflow.exceptions import MlflowException

        with self._explained(self.target.uri):
            try:
                found = self._client.get_run(run_id)
            except MlflowException as error:
                if error.error_code not in (
                    "RESOURCE_DOES_NOT_EXIST",
                    "INVALID_PARAMETER_VALUE",
                ):
                    raise
                raise self._no_run(run_id) from None
            if found.info.lifecycle_stage != "active":
                raise TrackingError(
                    f"run {run_id}: is deleted in MLflow at {self.target.shown}. "
                    f"Restore it (mlflow runs restore --run-id {run_id})."
                )
            return self._logged(found)

    def _no_run(self, run_id: str) -> TrackingError:
        return TrackingError(
            f"run {run_id}: no such run in MLflow at {self.target.shown}. A run's id has "
            f"32 hexadecimal digits; qexp prints it, and MLflow shows it. "
            f"{another(self.target)}"
        )

    def sweep(self, sweep_id: str) -> tuple[LoggedRun | None, list[LoggedRun]]:
        """The runs of a sweep, in all experiments.

        Args:
            sweep_id: The sweep's id, its tag `qexp.sweep`.

        Returns:
            The run of the sweep itself, None where it is gone, and those of its points
            and of its cells that could not be run, in the order of time. A single point
            is both: its run is the first, and the only one of the second.

        Raises:
            TrackingError: There is no run of it; says where it was looked for.
        """
        found = self._tagged("qexp.sweep", sweep_id)
        if not found:
            raise TrackingError(
                f"sweep {sweep_id}: no run of it in MLflow at {self.target.shown}. "
                f"{another(self.target)}"
            )
        parents = [one for one in found if is_parent(one)]
        children = [one for one in found if not is_parent(one)]
        if not parents and len(children) == 1 and children[0].parent is None:
            return children[0], children
        return (parents[0] if parents else None), children

    def children(self, run_id: str) -> list[LoggedRun]:
        """The runs that belong to the run of a sweep, in the order of time."""
        return self._tagged(PARENT, run_id)

    def _tagged(self, tag: str, value: str) -> list[LoggedRun]:
        quoted = value.replace("'", "")
        with self._explained(self.target.uri):
            ids = list(self._all_experiments())
            return [
                self._logged(run)
                for run in _pages(
                    self._client.search_runs,
                    experiment_ids=ids,
                    filter_string=f"tags.`{tag}` = '{quoted}'",
                    order_by=["attributes.start_time ASC"],
                )
            ]

    def artifact(self, run_id: str, path: str) -> bytes | None:
        """The content of an artifact; None where the run has none of this path.

        Args:
            run_id: The run.
            path: Path of the file inside the run's artifacts, such as `counts.json`.

        Raises:
            TrackingError: The run, or the place where artifacts are kept, is not there.
        """
        with self._explained(self.target.uri):
            folder = path.rpartition("/")[0] or None
            listed = self._client.list_artifacts(run_id, folder)
            if path not in {one.path for one in listed if not one.is_dir}:
                return None
            with tempfile.TemporaryDirectory(prefix="qexp-") as aside:
                file = self._client.download_artifacts(run_id, path, aside)
                return Path(file).read_bytes()

    def _logged(self, run: Any) -> LoggedRun:
        tags = dict(run.data.tags)
        return LoggedRun(
            run_id=str(run.info.run_id),
            experiment=self._name(str(run.info.experiment_id)),
            name=str(run.info.run_name),
            status=str(run.info.status),
            start=run.info.start_time / 1000,
            params=dict(run.data.params),
            metrics=dict(run.data.metrics),
            tags=tags,
            parent=tags.get(PARENT),
        )

    def _name(self, experiment_id: str) -> str:
        if experiment_id not in self._experiments:
            found = self._client.get_experiment(experiment_id)
            self._experiments[experiment_id] = str(found.name)
        return self._experiments[experiment_id]

    def _all_experiments(self) -> dict[str, str]:
        for found in _pages(self._client.search_experiments):
            self._experiments[str(found.experiment_id)] = str(found.name)
        return self._experiments


def is_parent(run: LoggedRun) -> bool:
    """Whether a run is that of a sweep as a whole: of no point, and inside no other."""
    return (
        "qexp.sweep" in run.tags and "qexp.point" not in run.tags and run.parent is None
    )


def another(store: Target) -> str:
    """How another store than this one is named."""
    return (
        "Name the store with tracking.uri=… (or MLFLOW_TRACKING_URI), or run where "
        + (
            "its mlflow.db is."
            if store.uri.startswith("sqlite:")
            else "the mlflow.db is that you mean, with both unset."
        )
    )


def _pages(search: Callable[..., Any], **wanted: Any) -> Iterator[Any]:
    """What a search of MLflow's finds, all pages of it."""
    token: str | None = None
    while token is None or token:
        page = search(max_results=PAGE, page_token=token, **wanted)
        yield from page
        token = page.token or ""
