"""Runs into MLflow: qexp's writer, MLflow's own interface, and bare requests."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests

from benchmarks.timing import (
    Run,
    about,
    arguments,
    folder,
    milliseconds,
    ratios,
    repeat,
    rounds_of,
    save,
    show,
)
from qexp.track.database import create_sqlite
from qexp.track.store import Store

BATCH = 64
AT_ONCE = 4
FILES = {f"{name}.txt": "x" * 1500 for name in ("config", "counts", "declared", "made")}
WAIT_SECONDS = 120.0
WARM = 16
"""Runs that nobody measures, of each kind, before a server is measured."""

Round = dict[str, Run]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--runs", type=int, default=256)
    given = parser.parse_args()
    if given.quick:
        given.runs = 8
    about(rounds_of(given))
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    turn = itertools.count()
    rounds = repeat(rounds_of(given), lambda: _once(given.runs, next(turn)))
    for place in ("SQLite", "server"):
        names = [name for name in rounds[0] if name.startswith(place)]
        rows = []
        for name in names:
            row = [name, milliseconds([one[name].wall / given.runs for one in rounds])]
            for kind in ("wall", "cpu"):
                ours = [getattr(one[names[0]], kind) for one in rounds]
                theirs = [getattr(one[name], kind) for one in rounds]
                row.append("" if name == names[0] else ratios(ours, theirs))
            rows.append(row)
        columns = [f"{given.runs} runs", "a run", "qexp by it", "CPU time"]
        show(
            "an SQLite file" if place == "SQLite" else "an MLflow server", columns, rows
        )
    print(
        "A run: 27 params, 39 metrics, 12 tags, 4 files. CPU time is of this process. "
        f"The server: `mlflow server` as it starts, on an SQLite file; {AT_ONCE} requests "
        "at a time, MLflow's interface one."
    )
    save(given)


def _once(number: int, turn: int) -> Round:
    found = {}
    with folder() as place, _inside(place):
        uri = f"sqlite:///{place}/mlflow.db"
        create_sqlite(uri)
        found |= _in_turn(IN_FILE, uri, number, turn)
    with folder() as place, _serving(place) as url:
        for work in TO_SERVER.values():
            work(
                url, WARM
            )  # a worker of the server imports most with its first requests
        found |= _in_turn(TO_SERVER, url, number, turn)
    return {name: found[name] for name in [*IN_FILE, *TO_SERVER]}


def _in_turn(works: Mapping[str, Work], uri: str, number: int, turn: int) -> Round:
    """Each once, another one first in every round: the database grows meanwhile."""
    names = list(works)
    first = turn % len(names)
    return {
        name: _timed(partial(works[name], uri, number))
        for name in names[first:] + names[:first]
    }


def _timed(work: Callable[[], None]) -> Run:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Run(wall=wall, user=cpu, cpu=cpu, largest=0.0, together=0.0, out="")


def _run(number: int) -> dict:
    return {
        "name": f"run-{number}",
        "params": {f"param_{k}": f"value {k}" for k in range(27)},
        "metrics": {f"metric_{k}": 0.5 + k for k in range(39)},
        "tags": {f"qexp.tag_{k}": f"text {k}" for k in range(12)},
        "files": FILES,
        "error": None,
        "parent": None,
        "again": False,
    }


def _by_qexp(uri: str, number: int) -> None:
    store = Store(uri, f"qexp-{uuid.uuid4().hex}")
    for start in range(0, number, BATCH):
        some = [_run(k) for k in range(start, min(start + BATCH, number))]
        logged = store.log(some)
        _require(all(isinstance(one, str) for one in logged))


def _by_mlflow(uri: str, number: int) -> None:
    store = Store(uri, f"mlflow-{uuid.uuid4().hex}")
    for k in range(number):
        (logged,) = store.public.log([_run(k)])
        _require(isinstance(logged, str))


def _bare(url: str, number: int) -> None:
    """The requests that a run cannot do without, and its files, on open connections."""
    api = f"{url}/api/2.0/mlflow"
    sessions = [requests.Session() for _ in range(AT_ONCE)]
    made = sessions[0].post(
        f"{api}/experiments/create", json={"name": uuid.uuid4().hex}
    )
    experiment = made.json()["experiment_id"]

    def some(which: int) -> None:
        session = sessions[which]
        for k in range(which, number, AT_ONCE):
            _one(session, url, api, experiment, _run(k))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(some, range(AT_ONCE)))


def _one(
    session: requests.Session, url: str, api: str, experiment: str, run: dict
) -> None:
    now = int(time.time() * 1000)

    def post(path: str, **content: object) -> dict:
        answer = session.post(f"{api}/runs/{path}", json=content)
        answer.raise_for_status()
        return answer.json()

    tags = [{"key": key, "value": value} for key, value in run["tags"].items()]
    started = {"experiment_id": experiment, "start_time": now, "tags": tags}
    run_id = post("create", run_name=run["name"], **started)["run"]["info"]["run_id"]
    params = [{"key": key, "value": value} for key, value in run["params"].items()]
    metrics = [
        {"key": key, "value": value, "timestamp": now, "step": 0}
        for key, value in run["metrics"].items()
    ]
    post("log-batch", run_id=run_id, params=params, metrics=metrics)
    for name, text in run["files"].items():
        place = f"{url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}"
        session.put(f"{place}/artifacts/{name}", data=text).raise_for_status()
    post("update", run_id=run_id, status="FINISHED", end_time=now)


Work = Callable[[str, int], None]
IN_FILE: dict[str, Work] = {
    "SQLite: qexp": _by_qexp,
    "SQLite: MLflow's interface": _by_mlflow,
}
TO_SERVER: dict[str, Work] = {
    "server: qexp": _by_qexp,
    "server: bare requests": _bare,
    "server: MLflow's interface": _by_mlflow,
}


@contextmanager
def _serving(place: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{place}/m.db"]
    server = subprocess.Popen(
        command,
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _await(url: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise RuntimeError(f"no MLflow server at {url} after {WAIT_SECONDS} s")


@contextmanager
def _inside(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


def _require(done: bool) -> None:
    if not done:
        raise RuntimeError("MLflow refused a run")


if __name__ == "__main__":
    main()
