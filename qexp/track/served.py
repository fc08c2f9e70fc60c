"""Runs of an MLflow server by the requests that a run cannot do without.

MLflow's own client asks the server twice as often, opens connections anew, and takes cores
from the server where both are on one machine. What is not plain is left to it.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from qexp.track import aside, rows

AT_ONCE = 4
"""Runs that are sent at a time: a server has as many workers by default."""

TIMEOUT = 120.0
"""Seconds that a server may take for an answer, as MLflow's client grants it."""

PROXY = "mlflow-artifacts"
"""Scheme of artifacts that go through the server."""

MOST_PARAMS, MOST_METRICS = 100, 1000
"""What a server takes in one request."""

PLAIN = {
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
}
"""Variables about a server that are understood here."""

Json = dict[str, Any]


class Served:
    """Writes whole runs of one experiment."""

    def __init__(self, url: str, experiment_id: str) -> None:
        """Write to a server; see `served`."""
        self._api = f"{url.rstrip('/')}/api/2.0"
        self._experiment_id = experiment_id
        self._own = threading.local()
        # for good, with its connections: a batch that opened them anew would wait for that
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="qexp-served")
        self._last = 0

    def log(self, runs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write runs that are not there.

        Raises:
            Exception: One could not be written; nobody knows how far the others are.
        """
        # in milliseconds, by which MLflow puts runs in order
        first = max(rows.now(), self._last + 1)
        self._last = first + len(runs) - 1
        sent = [
            self._threads.submit(self._log, run, start)
            for run, start in zip(runs, range(first, self._last + 1), strict=True)
        ]
        wait(sent, return_when=FIRST_EXCEPTION)
        for one in sent:
            one.cancel()  # after one that fails, no other is begun
        wait(sent)  # whoever looks for them next must find what there is
        return [one.result() for one in sent]

    def known(self, tags: Sequence[Mapping[str, str]]) -> set[tuple[str, str]]:
        """Points that may have a run: all, since to look is as much as to ask MLflow."""
        return {(one.get("qexp.sweep", ""), one.get("qexp.point", "")) for one in tags}

    def _log(self, run: Mapping[str, Any], start: int) -> str:
        if len(run["params"]) > MOST_PARAMS or len(run["metrics"]) > MOST_METRICS:
            raise ValueError("more than one request takes")
        tags = {**run["tags"], rows.NAME: run["name"]}
        info = self._post(
            "create",
            experiment_id=self._experiment_id,
            run_name=run["name"],
            user_id=tags.get(rows.USER, "unknown"),
            start_time=start,
            tags=_pairs(tags),
        )["run"]["info"]
        run_id = str(info["run_id"])
        metrics = [
            {"key": key, "value": _number(value), "timestamp": start, "step": 0}
            for key, value in run["metrics"].items()
        ]
        self._post(
            "log-batch", run_id=run_id, params=_pairs(run["params"]), metrics=metrics
        )
        self._put(info["artifact_uri"], aside.encoded(run["files"]))
        status = "FAILED" if run["error"] else "FINISHED"
        self._post(
            "update", run_id=run_id, status=status, end_time=max(rows.now(), start)
        )
        return run_id

    def _put(self, place: str, files: Mapping[str, bytes]) -> None:
        parts = urlsplit(place)
        if files and (parts.scheme != PROXY or parts.netloc):
            raise ValueError("artifacts that do not go through the server")
        for path, content in files.items():
            name = quote(f"{parts.path.lstrip('/')}/{path}")
            url = f"{self._api}/mlflow-artifacts/artifacts/{name}"
            self._session.put(url, data=content, timeout=TIMEOUT).raise_for_status()

    def _post(self, what: str, **content: Any) -> Json:
        url = f"{self._api}/mlflow/runs/{what}"
        answer = self._session.post(url, json=content, timeout=TIMEOUT)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    @property
    def _session(self) -> requests.Session:
        """Open connections, of this thread alone."""
        if not hasattr(self._own, "session"):
            self._own.session = _session()
        session: requests.Session = self._own.session
        return session


def served(uri: str, experiment_id: str, place: str) -> Served | None:
    """What writes whole runs to a server; None where MLflow's client has to.

    Args:
        uri: The tracking URI.
        experiment_id: The experiment.
        place: Where its artifacts are.
    """
    about = {key for key in os.environ if key.startswith("MLFLOW_TRACKING_")}
    asked = about - PLAIN - {"MLFLOW_TRACKING_URI"}
    if asked or os.environ.get("MLFLOW_ENABLE_WORKSPACES"):
        return None
    if not uri.startswith(("http://", "https://")) or not place.startswith(
        f"{PROXY}:/"
    ):
        return None
    return Served(uri, experiment_id)


def _session() -> requests.Session:
    session = requests.Session()
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    elif user:
        session.auth = (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))
    return session


def _number(value: float) -> float | str:
    """A number as MLflow's JSON has it, which has words for those that JSON lacks."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
