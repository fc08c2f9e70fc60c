"""The near side of MLflow's process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from qexp.errors import TrackingError
from qexp.streamed import Text
from qexp.track import aside
from qexp.track.database import needs_mlflow
from qexp.track.target import Target

if TYPE_CHECKING:  # it imports terra, which this module is made to run beside
    from qexp.track.record import Record

FINISH_SECONDS = 60.0
"""How long MLflow's process may take to finish what it was doing."""

MLFLOW = "--mlflow"
"""What the process is told where it will need MLflow."""

Json = dict[str, Any]
Logged = list[str | TrackingError | None]


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
            [sys.executable, "-m", "qexp.track.writer", *_hint(target.uri)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            # Ctrl-C ends qexp, not a write that is under way
            start_new_session=True,
        )
        self._pending = 0

    def open(self, experiment: str, lock: Path | None = None) -> None:
        """Ask for the experiment to be opened, or created; `ready` tells how it went.

        Args:
            experiment: Its name.
            lock: A file that one process at a time may write for. The writer of a
                process that was killed may not have ended yet.
        """
        self._send(
            {
                "do": "open",
                "uri": self.target.uri,
                "experiment": experiment,
                "lock": None if lock is None else str(lock),
            }
        )

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def again(self) -> Tracker:
        """A tracker in the place of this one, whose process is ended."""
        self.close(at_once=True)
        return Tracker(self.target)

    def ready(self) -> None:
        """Wait until the experiment is open.

        Raises:
            TrackingError: The store cannot be opened.
        """
        self.experiment_id = self._answer()["experiment_id"]

    def log(self, records: Sequence[tuple[Record, bool]]) -> Logged:
        """Write runs and finish them.

        Args:
            records: Of each whether it may be there already, as a whole or in part; then
                it is completed.

        Returns:
            Of each the id of its run, or why MLflow refused it, or None where it was not
            tried after another that was refused.

        Raises:
            TrackingError: MLflow refused all; says why.
        """
        runs = [{**asdict(record), "again": again} for record, again in records]
        told = self._ask({"do": "log", "runs": runs})["runs"]
        return [_logged(one) for one in told]

    def start(self, record: Record, *, again: bool = False) -> str:
        """Start the run of a sweep.

        Args:
            record: The run.
            again: Whether it may be there already; then it goes on.

        Returns:
            The id of the run.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        run = {**_without_files(record), "again": again}
        return str(self._ask({"do": "start", "run": run})["run_id"])

    def finish(
        self,
        run_id: str,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        files: Mapping[str, Text],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """End the run of a sweep.

        Args:
            run_id: The run.
            status: MLflow's word: FINISHED, FAILED or KILLED.
            metrics: Name, value and step of each.
            files: Contents of its artifacts by path.
            tags: More tags by name.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        with aside.folder(files) as folder:
            self._ask(
                {
                    "do": "finish",
                    "run_id": run_id,
                    "status": status,
                    "metrics": list(metrics),
                    "folder": folder,
                    "tags": dict(tags or {}),
                }
            )

    def children(self, run_id: str) -> list[Json]:
        """The runs that belong to the run of a sweep, in the order of time.

        Returns:
            Of each its run_id, name, status, params, metrics and tags.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        found: list[Json] = self._ask({"do": "children", "run_id": run_id})["children"]
        return found

    def present(self, sweep: str) -> list[Json]:
        """The runs of a sweep, its own included, as `children` gives them.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        found: list[Json] = self._ask({"do": "present", "sweep": sweep})["runs"]
        return found

    def add(
        self,
        run_id: str,
        files: Mapping[str, bytes],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add artifacts and tags to a run that may be finished.

        Args:
            run_id: The run.
            files: Contents by path.
            tags: Tags by name.

        Raises:
            TrackingError: MLflow refused; says why.
        """
        with aside.folder(files) as folder:
            self._ask(
                {
                    "do": "add",
                    "run_id": run_id,
                    "folder": folder,
                    "tags": dict(tags or {}),
                }
            )

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

    def _ask(self, request: Json) -> Json:
        self._send(request)
        return self._answer()

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


def _hint(uri: str) -> list[str]:
    """Have MLflow imported at once where it will be needed."""
    return [MLFLOW] if needs_mlflow(uri) else []


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _without_files(record: Record) -> Json:
    fields = asdict(record)
    del fields["files"]
    return fields


def _logged(told: Json | None) -> str | TrackingError | None:
    if told is None:
        return None
    return TrackingError(told["error"]) if "error" in told else str(told["run_id"])
