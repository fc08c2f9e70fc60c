"""The near side of MLflow's process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from qexp.errors import TrackingError
from qexp.track.target import Target

if TYPE_CHECKING:  # it imports terra, which this module is made to run beside
    from qexp.record import Record

FINISH_SECONDS = 60.0
"""How long MLflow's process may take to finish what it was doing."""

Json = dict[str, Any]


class Tracker:
    """Writes runs to one MLflow experiment, in a process that imports MLflow meanwhile.

    Nothing is written before `open`.
    """

    def __init__(self, target: Target) -> None:
        """Start the process.

        Args:
            target: The store.
        """
        self.target = target
        self.experiment_id = ""
        self._errors = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qexp.track.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            # Ctrl-C ends qexp, not a write that is under way
            start_new_session=True,
        )
        self._pending = 0

    def open(self, experiment: str) -> None:
        """Ask for the experiment to be opened, or created; `ready` tells how it went."""
        self._send({"do": "open", "uri": self.target.uri, "experiment": experiment})

    def ready(self) -> None:
        """Wait until the experiment is open.

        Raises:
            TrackingError: The store cannot be opened.
        """
        self.experiment_id = self._answer()["experiment_id"]

    def log(self, record: Record) -> str:
        """Write a run and finish it.

        Returns:
            The id of the run.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        with tempfile.TemporaryDirectory(prefix="qexp-") as folder:
            _write(Path(folder), {k: v.encode() for k, v in record.files.items()})
            fields = asdict(record)
            del fields["files"]
            self._send({"do": "log", "run": {**fields, "folder": folder}})
            return str(self._answer()["run_id"])

    def add(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Add artifacts to a run that may be finished.

        Args:
            run_id: The run.
            files: Contents by path.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        with tempfile.TemporaryDirectory(prefix="qexp-") as folder:
            _write(Path(folder), files)
            self._send({"do": "add", "run_id": run_id, "folder": folder})
            self._answer()

    def close(self, *, at_once: bool = False) -> None:
        """End the process; what it was asked for before is finished first.

        Args:
            at_once: Do not wait for that.
        """
        stdin, stdout = _open(self._process.stdin), _open(self._process.stdout)
        with suppress(BrokenPipeError):  # it may have died
            stdin.close()
        if not self._pending:  # it only waits; leaving in good order takes it a second
            self._process.kill()
        elif at_once:
            self._process.terminate()
        try:
            self._process.wait(FINISH_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        stdout.close()
        self._errors.close()

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(at_once=kind is not None)

    def _send(self, request: Json) -> None:
        try:
            stdin = _open(self._process.stdin)
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error
        self._pending += 1

    def _answer(self) -> Json:
        line = _open(self._process.stdout).readline()
        if not line:
            raise self._died()
        self._pending -= 1
        answer: Json = json.loads(line)
        if "error" in answer:
            raise TrackingError(answer["error"])
        return answer

    def _died(self) -> TrackingError:
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        reason = lines[-1] if lines else f"exit status {self._process.returncode}"
        return TrackingError(f"MLflow's process ended: {reason}")


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
