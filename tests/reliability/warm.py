"""A process that has imported what qexp imports, and forks commands of it.

`python -m qexp` spends seconds on imports, so that hundreds of kills would take hours. Here
a command is the same code in a process of its own, with MLflow's writer in another one of
its own, as always; only their modules are there already. `Cold` starts them as a user does.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

PATIENCE = 120.0
SUBREAPER = 36
Json = dict[str, Any]


class Command:
    """A command of qexp's that was started, in a session of its own."""

    def __init__(self, pid: int, said: Path, starter: Any) -> None:
        self.pid, self._said, self._starter = pid, said, starter
        self._status: int | None = None

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status, or the signal's number below zero."""
        status = self.ended(seconds)
        if status is None:
            self.kill()
            raise AssertionError(f"no end after {seconds} s: {self.errors}")
        return status

    def ended(self, seconds: float) -> int | None:
        """The same, None where it has not ended within some seconds."""
        if self._status is None:
            self._status = self._starter.ended(self.pid, seconds)
        return self._status

    def kill(self, sent: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sent)

    def kill_group(self) -> None:
        """Kill it and what it has started and not put into sessions of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def errors(self) -> str:
        return (self._said / "err").read_text()


class Warm:
    """Starts commands from a process that has imported everything."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent.parent,
            text=True,
        )

    def start(self, folder: Path, arguments: list[str], **about: Any) -> Command:
        """Start a command.

        Args:
            folder: Where.
            arguments: Its arguments.
            **about: `environment`, and what `boundaries.install` is told.
        """
        said = Path(tempfile.mkdtemp(prefix="said-", dir=folder))
        asked = {"folder": str(folder), "said": str(said), "arguments": arguments}
        return Command(int(self._ask({**asked, **about})), said, self)

    def ended(self, pid: int, seconds: float) -> int | None:
        return self._ask({"wait": pid, "seconds": seconds})

    def _ask(self, asked: Json) -> Any:
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


class Cold:
    """Starts commands as a user does."""

    def __init__(self) -> None:
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    def start(
        self, folder: Path, arguments: list[str], environment: Json | None = None
    ) -> Command:
        said = Path(tempfile.mkdtemp(prefix="said-", dir=folder))
        with (said / "out").open("w") as out, (said / "err").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "qexp", *arguments],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._started[process.pid] = process
        return Command(process.pid, said, self)

    def ended(self, pid: int, seconds: float) -> int | None:
        try:
            return self._started[pid].wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        for process in self._started.values():
            if process.poll() is None:
                process.kill()
                process.wait()


# -- the process that forks


def main() -> None:
    """Serve requests from standard input until it ends."""
    import qexp.command.cli
    import qexp.command.ending
    import qexp.command.going
    import qexp.findings.story
    import qexp.services.circuit_runner
    import qexp.services.ibm.client
    import qexp.track.public
    import qexp.track.writer  # noqa: F401

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with suppress(OSError, AttributeError):
        # writers whose command was killed are this process's to bury
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()
    ended: dict[int, int] = {}
    while line := sys.stdin.readline():  # no read-ahead that a fork would inherit
        asked = json.loads(line)
        answer = _wait(ended, asked) if "wait" in asked else _fork(asked)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _wait(ended: dict[int, int], asked: Json) -> int | None:
    end = time.monotonic() + asked["seconds"]
    while True:
        _bury(ended)
        if asked["wait"] in ended:
            return ended.pop(asked["wait"])
        if time.monotonic() > end:
            return None
        time.sleep(0.005)


def _bury(ended: dict[int, int]) -> None:
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = os.waitstatus_to_exitcode(found[1])
    except ChildProcessError:
        pass


def _fork(asked: Json) -> int:
    pid = os.fork()
    if pid == 0:
        _leave(lambda: _command(asked))
    return pid


def _leave(work: Any) -> None:
    """Do something, and end the process with its exit status."""
    status = 1
    try:
        work()
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


def _command(asked: Json) -> None:
    os.setsid()
    said = Path(asked["said"])
    _streams(
        os.open(os.devnull, os.O_RDONLY),
        os.open(said / "out", os.O_WRONLY | os.O_CREAT),
        os.open(said / "err", os.O_WRONLY | os.O_CREAT),
    )
    os.chdir(asked["folder"])
    os.environ.update(asked.get("environment") or {})

    import qexp.__main__
    from qexp.track import client
    from tests.reliability import boundaries

    boundaries.install(asked)
    client.subprocess = SimpleNamespace(  # type: ignore[attr-defined]
        Popen=Forked, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired
    )
    sys.argv = ["qexp", *asked["arguments"]]
    qexp.__main__.main()


def _streams(*three: int) -> None:
    for number, handle in enumerate(three):
        os.dup2(handle, number)
    os.closerange(3, 65536)  # what a new program would not inherit either
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)


class Forked:
    """Stands for the `Popen` of MLflow's writer: the same program, forked."""

    def __init__(self, command: list[str], *, stderr: IO[str], **_: Any) -> None:
        assert command[1:3] == ["-m", "qexp.track.writer"], command
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _leave(lambda: _writer(parent, theirs_in, theirs_out, stderr.fileno()))
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin = os.fdopen(ours_in, "w", encoding="utf-8")
        self.stdout = os.fdopen(ours_out, encoding="utf-8")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("writer", timeout or 0)
            time.sleep(0.002)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _writer(parent: int, stdin: int, stdout: int, stderr: int) -> None:
    os.setsid()
    _streams(stdin, stdout, stderr)
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from qexp.track import writer
    from tests.reliability import boundaries

    boundaries.in_writer(parent)
    writer.main()


if __name__ == "__main__":
    main()
