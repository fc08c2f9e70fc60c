"""Processes for tests that run qexp in their own: the same programs, forked, not started.

A command of qexp's starts MLflow's writer and the workers' server beside itself, and each
imports for seconds; a suite does that hundreds of times. Here a process that has imported
what they import forks them. They run the same code under the same handles, in sessions of
their own, and their ends are seen as those of other children. What a test starts with
`qexp_process` starts all of its own, as a user's command does.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STREAMS = ("stdin", "stdout", "stderr")
IMPORTS = {
    "writer": "qexp.track.writer qexp.track.public",
    "circuits": "qexp.services.worker qexp.guarded.confined qiskit_aer mthree",
}
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Nursery:
    """A process that forks others on request."""

    def __init__(self, kind: str) -> None:
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno()), kind],
                cwd=ROOT,
                env={**os.environ, **SINGLE},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def fork(self, asked: dict[str, Any], handles: list[int]) -> tuple[int, int]:
        """A process, and where its exit status will be read."""
        status, told = os.pipe()
        with os.fdopen(told, "wb"):
            request = json.dumps(asked).encode()
            header = len(request).to_bytes(4, "big")
            socket.send_fds(self._ours, [header], [told, *handles])
            self._ours.sendall(request)
        return int(_line(status)), status


@cache
def nursery(kind: str) -> Nursery:
    """One of each kind, which ends with this process."""
    return Nursery(kind)


class Forked:
    """Stands for `subprocess.Popen` as qexp uses it for its own programs."""

    def __init__(
        self,
        command: list[str],
        *,
        pass_fds: Any = (),
        env: dict[str, str] | None = None,
        text: bool = False,
        encoding: str | None = None,
        start_new_session: bool = False,
        **streams: Any,
    ) -> None:
        assert start_new_session
        assert command[0] == sys.executable
        self.args, self.returncode = command, None
        self._looking = threading.Lock()
        self.stdin = self.stdout = self.stderr = None
        theirs = [self._stream(name, streams.get(name)) for name in STREAMS]
        asked = {
            "command": command[1:],
            "env": dict(os.environ if env is None else env),
            "cwd": str(Path.cwd()),
            "numbers": [0, 1, 2, *pass_fds],
        }
        kind = "writer" if command[1] == "-m" else "circuits"
        self.pid, self._status = nursery(kind).fork(asked, [*theirs, *pass_fds])
        for handle in theirs:
            os.close(handle)

    def _stream(self, name: str, wanted: Any) -> int:
        if wanted is subprocess.PIPE:
            theirs, ours = os.pipe() if name == "stdin" else os.pipe()[::-1]
            mode = "w" if name == "stdin" else "r"
            setattr(self, name, os.fdopen(ours, mode, encoding="utf-8"))
            return theirs
        if wanted is subprocess.DEVNULL:
            return os.open(os.devnull, os.O_RDWR)
        return os.dup(wanted.fileno())

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            with suppress(OSError, ValueError):  # another thread may have seen the end
                select.select([self._status], [], [], seconds)
        with self._looking:
            if self.returncode is None and _readable(self._status):
                self.returncode = int(_line(self._status) or -signal.SIGKILL)
                os.close(self._status)
        return self.returncode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Subprocess:
    """Stands for the module `subprocess`."""

    Popen = Forked
    PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired


def _readable(handle: int) -> bool:
    return bool(select.select([handle], [], [], 0)[0])


def _line(handle: int) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        byte = os.read(handle, 1)
        if not byte:
            break
        found += byte
    return found


# -- the process that forks


def main() -> None:
    """Fork a process for each request, until the asking one ends."""
    for module in IMPORTS[sys.argv[2]].split():
        __import__(module)
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are nobody's to bury
    while True:
        header, handles, _, _ = socket.recv_fds(control, 4, 16)
        if not header:
            return
        asked = json.loads(_exactly(control, int.from_bytes(header, "big")))
        if os.fork() == 0:
            control.close()
            _keep(asked, handles)
        for handle in handles:
            os.close(handle)


def _exactly(control: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        found += control.recv(count - len(found))
    return found


def _keep(asked: dict[str, Any], handles: list[int]) -> None:
    """Fork the process, tell its number, and, when it has ended, how."""
    told, *own = handles
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _run(asked, own)
    for handle in own:
        os.close(handle)
    os.write(told, f"{pid}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(told, f"{status}\n".encode())
    os._exit(0)


def _run(asked: dict[str, Any], handles: list[int]) -> None:
    """Become the process that was asked for."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        moved = [_above(handle, asked["numbers"]) for handle in handles]
        for handle, number in zip(moved, asked["numbers"], strict=True):
            os.dup2(handle, number)
            os.close(handle)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        time.tzset()
        _execute(asked["command"])
        status = 0
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(bool(left.code))
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _above(handle: int, numbers: list[int]) -> int:
    """The handle at a number that nobody else is to have, and not where it was."""
    import fcntl

    moved = fcntl.fcntl(handle, fcntl.F_DUPFD, max(*numbers, *range(64)) + 1)
    os.close(handle)
    return moved


def _execute(command: list[str]) -> None:
    if command[0] == "-m":
        sys.argv = [command[1], *command[2:]]
        sys.modules[command[1]].main()  # type: ignore[attr-defined]
        return
    assert command[:2] == ["-I", "-c"], command
    sys.argv = ["-c", *command[3:]]
    exec(command[2], {"__name__": "__main__"})


if __name__ == "__main__":
    main()
