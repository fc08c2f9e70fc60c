"""Where a command is killed: before and after whatever its ledger and MLflow are told.

It is installed from outside, in the process of the command and in that of its writer; qexp
knows nothing of it. A boundary has a name that is the same in each life of a sweep, so that
a file tells at which the sweep was killed already.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

BOOK = (
    "add sending sent unsent withdrawn got settle logged cancelled close lose".split()
)
LEDGER = ["begin", "take", "forget"]
MLFLOW = "create_run log_batch set_tag log_artifacts set_terminated update_run".split()

_asked: dict[str, Any] = {}
_writing: dict[str, str] = {"of": ""}


def install(asked: dict[str, Any]) -> None:
    """Kill this process where it is asked for.

    Args:
        asked: `trace`: a file that gets the names of boundaries. `chain`: a file of
            boundaries at which the sweep was killed; it is killed at the first that is
            not there, which is added. `at`: the name of the one to be killed at, once,
            with `chain`. `writer`: kill at boundaries of MLflow's writer instead, the
            `writer` alone or `both`. `broken`: which promise is broken, see `breaking`.
    """
    _asked.update(asked)
    _hurry()
    if asked.get("broken"):
        from tests.reliability import breaking

        breaking.install(asked["broken"])
    if asked.get("writer") or not (asked.get("chain") or asked.get("trace")):
        return
    from qexp.ledger import book, files, ledger
    from qexp.services import runtime
    from qexp.services.ibm import jobs

    for name in BOOK:
        _around(book.Book, name, _first)
    for name in LEDGER:
        _around(ledger.Ledger, name, lambda *_: "")
    _around(runtime.Runtime, "run", _submission)
    _around(jobs.Jobs, "run", _submission)
    _around(files, "put", lambda file, *_: file.name, before=False)


def _hurry() -> None:
    """Have a request sent again after 0.05 s, 0.1 s, … instead of 0.5 s, 1 s, …."""
    from qexp.services import http

    http.FIRST = 0.05


def in_writer(parent: int) -> None:
    """The same in MLflow's process."""
    if not _asked.get("writer"):
        return
    from mlflow import MlflowClient

    from qexp.track.direct import Direct
    from qexp.track.public import Public

    _asked["parent"] = parent
    for owner in (Direct, Public):
        _told(owner, "start", _point)
        _told(owner, "finish", lambda *_: "end")
    _told(Public, "_logged", _point)
    for name in MLFLOW:
        # what a method does is one step for the store; after it comes the next
        _around(MlflowClient, name, lambda *_: _writing["of"], after=False)
    _around(Public, "_logged", lambda *_: _writing["of"], before=False)
    # which points are written at once is not the same in each life: named by the last
    for name in ("_write_files", "_insert", "_copy_files", "_end"):
        _around(Direct, name, lambda *_: _writing["of"])
    _told(Direct, "_write_files", lambda run_id, run: _point(run))
    _around(Direct, "_put", lambda self, database, table, rows: _table(table))


def _table(table: str) -> str:
    return f"{table} {_writing['of']}"


def _point(run: dict[str, Any], *_: object) -> str:
    return str(run["tags"].get("qexp.point", "sweep"))


def _first(self: object, *arguments: Any) -> str:
    return str(arguments[0]) if arguments and isinstance(arguments[0], str) else ""


def _submission(self: object, device: str, order: dict[str, Any]) -> str:
    from tests.reliability.small import submission

    return submission(order)


def _told(owner: Any, name: str, identity: Callable[..., str]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def told(self: Any, *arguments: Any) -> Any:
        _writing["of"] = identity(*arguments)
        return original(self, *arguments)

    setattr(owner, name, told)


def _around(
    owner: Any,
    name: str,
    identity: Callable[..., str],
    *,
    before: bool = True,
    after: bool = True,
) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        label = f"{name} {identity(*arguments)}".strip()
        if before:
            at(f"before {label}")
        found = original(*arguments, **named)
        if after:
            at(f"after {label}")
        return found

    setattr(owner, name, wrapped)


def at(boundary: str) -> None:
    """Be killed here, if it is the time."""
    if _asked.get("trace"):
        _append(_asked["trace"], boundary)
    chain = _asked.get("chain")
    if not chain or boundary in lines(Path(chain)):
        return
    if _asked.get("at") not in (None, boundary):
        return
    _append(chain, boundary)
    if _asked.get("parent") and _asked["writer"] == "both":
        os.kill(_asked["parent"], signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _append(file: str, line: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)
