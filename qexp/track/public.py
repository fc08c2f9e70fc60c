"""MLflow itself, to write to: stores, experiments, runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from qexp.errors import TrackingError
from qexp.track import aside
from qexp.track.bulk import Bulk, bulk
from qexp.track.database import absolute, explained
from qexp.track.rows import PARENT
from qexp.track.served import Served, served

MAX_BATCH = 1000
"""Most metrics that MLflow takes at once."""

MAX_RUNS = 1000
"""Runs that are asked for at once."""

AT_ONCE = 4
"""Runs that are sent to an MLflow server at a time: it has as many workers by default."""

Logged = list[str | TrackingError | None]
"""Of each run its id, or why it is not there, or None where another one failed before."""


class Public:
    """One MLflow experiment in one tracking store, by MLflow's public interface."""

    def __init__(self, uri: str, experiment: str) -> None:
        """Open an experiment; as `qexp.track.store.Store`."""
        self.uri = uri
        with explained(uri):
            self._remote = uri.startswith(("http://", "https://"))
            self._client = MlflowClient(tracking_uri=absolute(uri))
            self.experiment_id = self._experiment(experiment)
            self.bulk = self._at_once()

    def _at_once(self) -> Bulk | Served | None:
        """What writes many new runs at once, where there is a way beside MLflow's."""
        if not self._remote:
            return bulk(self._client, self.experiment_id)
        found = self._client.get_experiment(self.experiment_id)
        return served(self.uri, self.experiment_id, found.artifact_location)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            found = self._client.get_experiment_by_name(name)  # another process's
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"name = {name}: the MLflow experiment of this name is deleted. Restore "
                f"it (mlflow experiments restore -x {found.experiment_id}) or choose "
                "another name=."
            )
        return str(found.experiment_id)

    def log(self, runs: Sequence[Mapping[str, Any]]) -> Logged:
        """Write runs one by one; after one that fails, no other is begun."""
        failed = threading.Event()

        def log(run: Mapping[str, Any]) -> str | TrackingError | None:
            if failed.is_set():
                return None
            try:
                files = aside.encoded(run["files"])
                with explained(self.uri), aside.folder(files) as folder:
                    return self._logged(run, folder)
            except TrackingError as error:
                failed.set()
                return error

        if len(runs) < 2 or not self._remote:
            return [log(run) for run in runs]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(log, runs))

    def _logged(self, run: Mapping[str, Any], files: str) -> str:
        run_id = self._found_or_created(run)
        try:
            params, metrics = _params(run["params"]), _metrics(run["metrics"])
            self._client.log_batch(run_id, params=params, metrics=metrics)
            self._client.log_artifacts(run_id, files)
        except Exception:
            with suppress(Exception):  # the first error is the one to tell
                self._client.set_terminated(run_id, "FAILED")
            raise
        status = "FAILED" if run["error"] else "FINISHED"
        self._client.set_terminated(run_id, status)
        return run_id

    def start(self, run: Mapping[str, Any]) -> str:
        """Start a run, or go on with one that is there."""
        with explained(self.uri):
            run_id = self._found_or_created(run)
            # of a run that is there, what it was started with stays
            known = self._client.get_run(run_id).data.params if run["again"] else {}
            new = {key: v for key, v in run["params"].items() if key not in known}
            self._client.log_batch(run_id, params=_params(new))
        return run_id

    def finish(
        self,
        run_id: str,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        folder: str,
        tags: Mapping[str, str],
    ) -> None:
        """End a run."""
        now = int(time.time() * 1000)
        entries = [Metric(name, value, now, step) for name, value, step in metrics]
        with explained(self.uri):
            for batch in range(0, len(entries), MAX_BATCH):
                part = entries[batch : batch + MAX_BATCH]
                self._client.log_batch(run_id, metrics=part)
            for name, value in tags.items():
                self._client.set_tag(run_id, name, value)
            self._client.log_artifacts(run_id, folder)
            self._client.set_terminated(run_id, status)

    def tagged(self, tags: Mapping[str, str]) -> list[dict[str, Any]]:
        """The runs with these tags, deleted ones left out, in the order of time."""
        with explained(self.uri):
            return [_told(run) for run in self._search(tags)]

    def _search(self, tags: Mapping[str, str]) -> Iterator[Any]:
        token: str | None = None
        wanted = " and ".join(f"tags.`{key}` = '{v}'" for key, v in tags.items())
        while token is None or token:
            page = self._client.search_runs(
                [self.experiment_id],
                wanted,
                max_results=MAX_RUNS,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            yield from page
            token = page.token or ""

    def _found_or_created(self, run: Mapping[str, Any]) -> str:
        """A run for these tags: a new one, or the one that is there already."""
        tags = run["tags"]
        if not run.get("again"):
            return self._create(run)
        identity = {k: tags[k] for k in ("qexp.sweep", "qexp.point") if k in tags}
        for found in self._search(identity):
            if _same(found, run):
                return self._reopened(found, run)
        return self._create(run)

    def _reopened(self, found: Any, run: Mapping[str, Any]) -> str:
        run_id = str(found.info.run_id)
        self._client.update_run(run_id, status="RUNNING")
        if "qexp.error" in found.data.tags and not run["error"]:
            self._client.delete_tag(run_id, "qexp.error")
        for key, value in run["tags"].items():
            self._client.set_tag(run_id, key, value)
        return run_id

    def _create(self, run: Mapping[str, Any]) -> str:
        created = self._client.create_run(
            self.experiment_id, tags=run["tags"], run_name=run["name"]
        )
        return str(created.info.run_id)

    def add(self, run_id: str, folder: str, tags: Mapping[str, str]) -> None:
        """Add artifacts and tags to a run, finished or not."""
        with explained(self.uri):
            self._client.log_artifacts(run_id, folder)
            for name, value in tags.items():
                self._client.set_tag(run_id, name, value)


def _same(found: Any, run: Mapping[str, Any]) -> bool:
    """Whether a run of a sweep is that of this point, of this cell, or of the sweep."""
    own, there = run["tags"], found.data.tags
    if "qexp.point" in own:
        return "qexp.point" in there
    if "qexp.point" in there:
        return False
    if run.get("parent") is None:
        return PARENT not in there
    return PARENT in there and found.info.run_name == run["name"]


def _told(run: Any) -> dict[str, Any]:
    return {
        "run_id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "params": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "tags": dict(run.data.tags),
    }


def _params(params: Mapping[str, str]) -> list[Param]:
    return [Param(key, value) for key, value in params.items()]


def _metrics(metrics: Mapping[str, float]) -> list[Metric]:
    now = int(time.time() * 1000)
    return [Metric(key, value, now, 0) for key, value in metrics.items()]
