"""A job that runs while the caller goes on."""

from __future__ import annotations

import threading
from typing import Any

from qiskit.providers import BackendV1, JobStatus

from qexp.devices.snapshot import backend
from qexp.door.result import RunnerResult, result_of
from qexp.errors import ServiceError
from qexp.planning.submission import Job, Submission
from qexp.services import Runner, State

STATUS = {
    State.QUEUED: JobStatus.QUEUED,
    State.RUNNING: JobStatus.RUNNING,
    State.DONE: JobStatus.DONE,
    State.FAILED: JobStatus.ERROR,
    State.CANCELLED: JobStatus.CANCELLED,
}


class RuntimeJob:
    """What `run_circuits` returns; a job of its own on a connection of its own."""

    def __init__(
        self, runner: Runner, sent: Submission, inputs: dict[str, Any]
    ) -> None:
        """Submit, and wait in a thread for what comes.

        Args:
            runner: The service; it is closed at the end.
            sent: What is submitted: a single part.
            inputs: circuit-runner's inputs that are set.
        """
        self._runner = runner
        self._submission = sent
        self._inputs = inputs
        self._job: Job = runner.submit(sent)
        self._result: RunnerResult | None = None
        self._error: str | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        try:
            for arrival in self._runner.arrivals():
                self._job = arrival.job
                self._take(self._runner.decode(arrival.raw))
            self._cancelled = self._result is None
        except Exception as error:  # it has to be told by `result`, in another thread
            self._error = str(error) or type(error).__name__
        finally:
            self._runner.close()

    def _take(self, answer: dict[str, Any]) -> None:
        (part,) = self._submission.parts
        own = [circuit.name for circuit in part.built.circuits]
        names = dict(zip(part.names, own, strict=True))
        self._result = result_of(answer, names, self._job.id)
        failed = [one for one in answer["results"] if not one["success"]]
        if len(failed) == len(answer["results"]):
            self._error = str(failed[0]["status"]).removeprefix("ERROR: ")

    def job_id(self) -> str:
        """The service's id; of a job that is queued here, a name of its own."""
        return self._job.id

    @property
    def backend(self) -> BackendV1:
        """The device."""
        return backend(self._submission.device)

    @property
    def inputs(self) -> dict[str, Any]:
        """The options that are set, by name, and the circuits."""
        return dict(self._inputs)

    def status(self) -> JobStatus:
        """Where it is, in terra's words."""
        if self._error is not None:
            return JobStatus.ERROR
        if self._result is not None:
            return JobStatus.DONE
        if self._cancelled:
            return JobStatus.CANCELLED
        job = self._job
        return STATUS[self._runner.states([job])[job.id]]

    def wait_for_final_state(self, timeout: float | None = None) -> None:
        """Wait until it is over.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
            ServiceError: It is not over by then.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise ServiceError(
                f"job {self.job_id()}: not over after {timeout:g} seconds"
            )

    def result(self, timeout: float | None = None) -> RunnerResult:
        """What was measured; waits until it is there.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
            ServiceError: Nothing was, or not by then; says why.
        """
        self.wait_for_final_state(timeout)
        if self._error is not None:
            raise ServiceError(self._error)
        if self._result is None:
            raise ServiceError(f"job {self.job_id()}: it was cancelled")
        return self._result

    def error_message(self) -> str | None:
        """Why it came to nothing; None where it did not."""
        return self._error

    def cancel(self) -> None:
        """Have it not run, or not finished."""
        self._runner.cancel(self._job)

    def logs(self) -> str:
        """What the program printed; empty where nothing is known of that."""
        return self._runner.logs(self._job)
