"""circuit-runner in this process: no account, no server."""

from __future__ import annotations

import json
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from qexp.config import LocalService
from qexp.device import Device
from qexp.errors import ConfigError, ServiceError
from qexp.plan import Job, Submission
from qexp.services import State
from qexp.services.aer import AerMachine
from qexp.services.program import run

KIND = "local"


class Local:
    """The embedded service. A submission is run when it is submitted."""

    def __init__(self, service: LocalService, device: Device) -> None:
        """Attach to the simulated device.

        Args:
            service: The service's section.
            device: The device that is simulated.

        Raises:
            ConfigError: Aer cannot make a simulator of the device.
        """
        self.limit = int(device.configuration.get("max_experiments") or 300)
        self._machine = _machine(device, service.noise)
        self._answers: dict[str, bytes] = {}

    def submit(self, submission: Submission) -> Job:
        """Run the submission and keep its answer."""
        job = Job(KIND, str(uuid.uuid4()), submission.id)
        with _interruptible():
            answer = run(self._machine, list(submission.circuits), submission.inputs)
        answer["job_id"] = job.id
        self._answers[job.id] = json.dumps(answer, default=_plain).encode()
        return job

    def find(self, submission: Submission) -> Job | None:
        """None: what this process has not run has not been run."""
        return None

    def states(self, jobs: Iterable[Job]) -> dict[str, State]:
        """Done, for every job of this process."""
        return {
            job.id: State.DONE if job.id in self._answers else State.FAILED
            for job in jobs
        }

    def fetch(self, job: Job) -> bytes:
        """The raw answer.

        Raises:
            ServiceError: The job is not one of this process.
        """
        try:
            return self._answers[job.id]
        except KeyError:
            raise ServiceError(f"service local has no job {job.id}") from None

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer as a dictionary."""
        answer: dict[str, Any] = json.loads(raw)
        return answer

    def cancel(self, job: Job) -> None:
        """Nothing: a job is over when its receipt is handed out."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the process at once.

    Aer keeps Python from running while it simulates, so that Python's own handler would
    be called when the simulation is over; nothing that was paid for is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@lru_cache(maxsize=8)
def _machine(device: Device, noise: str) -> AerMachine:
    try:
        return AerMachine(device, noise)
    except Exception as error:  # Aer raises whatever its parsing runs into
        raise ConfigError(
            f"service.noise = {noise}: Aer cannot simulate {device.name} from its "
            f"calibration ({type(error).__name__}: {error})."
        ) from error


def _plain(value: Any) -> Any:
    # numpy's scalars and arrays, which terra's dictionaries hold here and there
    return value.tolist() if hasattr(value, "tolist") else str(value)
