"""The process that owns MLflow: takes requests as JSON lines, answers each with one.

Requests are ``{"do": "open", "uri", "experiment", "lock"}``, then
``{"do": "log", "runs"}``, ``{"do": "start", "run"}``, ``{"do": "children", "run_id"}``,
``{"do": "present", "sweep"}``,
``{"do": "finish", "run_id", "status", "metrics", "folder", "tags"}`` and
``{"do": "add", "run_id", "folder", "tags"}``; an answer has ``"error"`` where it failed.
End of input ends the process. MLflow, which takes seconds to import, is imported where it
is needed; at once with the argument `--mlflow`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import warnings
from typing import Any, TextIO

from filelock import FileLock, Timeout

from qexp.errors import TrackingError
from qexp.track.store import Store

LAST_RUN_SECONDS = 120.0
"""How long the writer of a process that was killed may take to write its last run."""

Json = dict[str, Any]


def main() -> None:
    """Serve requests from standard input until it ends."""
    answers = _claim_stdout()
    _quiet()
    # an exception, so that what was being made aside is removed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if "--mlflow" in sys.argv[1:]:
        # the first request comes while the other process is still importing terra
        from qexp.track import public  # noqa: F401
    serve(sys.stdin, answers)


def _claim_stdout() -> TextIO:
    """The stream for answers; whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # a server that is away is asked again later; its results wait in the ledger
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer each line of ``requests`` with a line on ``answers``."""
    store: Store | None = None
    lock: FileLock | None = None
    for line in requests:
        request = json.loads(line)
        try:
            if request["do"] == "open":
                lock = lock or _lock(request["lock"])
                store = Store(request["uri"], request["experiment"])
                answer: Json = {"experiment_id": store.experiment_id}
            else:
                assert store is not None
                answer = _do(store, request)
        except TrackingError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _lock(file: str | None) -> FileLock | None:
    """Wait for the writer of a process that was killed; it writes one run at most."""
    if file is None:
        return None
    lock = FileLock(file, timeout=LAST_RUN_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise TrackingError(f"{file}: another process writes this sweep") from None
    return lock


def _do(store: Store, request: Json) -> Json:
    if request["do"] == "log":
        return {"runs": [_told(one) for one in store.log(request["runs"])]}
    if request["do"] == "start":
        return {"run_id": store.start(request["run"])}
    if request["do"] == "finish":
        fields = ("run_id", "status", "metrics", "folder", "tags")
        store.finish(*(request[field] for field in fields))
        return {}
    if request["do"] == "present":
        return {"runs": store.present(request["sweep"])}
    if request["do"] == "children":
        return {"children": store.children(request["run_id"])}
    store.add(request["run_id"], request["folder"], request["tags"])
    return {}


def _told(logged: str | TrackingError | None) -> Json | None:
    if isinstance(logged, TrackingError):
        return {"error": str(logged)}
    return None if logged is None else {"run_id": logged}


if __name__ == "__main__":
    main()
