"""A job that runs while the caller goes on."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from qiskit.providers import BackendV1, JobStatus

from qexp.devices.snapshot import backend
from qexp.door.result import RunnerResult, result_of
from qexp.door.written import Written
from qexp.errors import ServiceError
from qexp.planning.submission import Job
from qexp.services import Runner, State
from qexp.services.connect import connect
from qexp.services.kept import decode

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
        self, written: Written, runner: Runner | None = None, job: Job | None = None
    ) -> None:
        """Submit, and wait in a thread for what comes.

        Args:
            written: The call in the ledger, with what is submitted: a single part.
            runner: The service, which is closed at the end; None where there is nothing
                to wait for.
            job: The job, where the service has it already.
        """
        self._written, self._runner = written, runner
        self._submission = sent = written.submission
        self._job: Job = job or Job(sent.service.kind, f"queued-{sent.id}", sent.id)
        self._result: RunnerResult | None = None
        self._error: str | None = None
        self._cancelled = False
        if runner is not None and job is None:
            self._job = runner.submit(sent)
        wait = self._look_up if runner is None else partial(self._wait, runner)
        self._thread = threading.Thread(target=wait, daemon=True)
        self._thread.start()
        if runner is None:
            self._thread.join()  # it is on the disk

    def _look_up(self) -> None:
        """Take what is on the disk."""
        try:
            raw = self._written.answer
            self._cancelled = raw is None
            if raw is not None:
                self._take(decode(self._submission, raw, self._written.aside))
        except Exception as error:
            self._error = str(error) or type(error).__name__
        finally:
            self._written.leave()

    def _wait(self, runner: Runner) -> None:
        try:
            for arrival in runner.arrivals():
                self._job = arrival.job
                self._written.got(arrival)
                self._read(runner, arrival.raw)
            if self._result is None:
                self._end_without()
        except Exception as error:  # it has to be told by `result`, in another thread
            told = str(error) or type(error).__name__
            self._error = self._submission.in_own_names(told)
        finally:
            runner.close()
            self._written.leave()

    def _read(self, runner: Runner, raw: bytes) -> None:
        try:
            self._take(runner.decode(raw))
        except ServiceError:
            self._written.refused()
            raise
        self._written.settled(self._error)

    def _end_without(self) -> None:
        if self._written.missing is None:
            self._cancelled = True
            self._written.cancelled()
            return
        self._error = (
            f"{self._written.missing}\nThe job stays with the service: "
            f"qexp.retrieve_job({self._job.id!r}) asks for it again."
        )

    def _take(self, answer: dict[str, Any]) -> None:
        (part,) = self._submission.parts
        own = [circuit.name for circuit in part.built.circuits]
        names = dict(zip(part.names, own, strict=True))
        for one in answer["results"]:
            if isinstance(one.get("status"), str):
                one["status"] = self._submission.in_own_names(one["status"])
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
        (part,) = self._submission.parts
        set_ = {**self._submission.inputs_of(part), **part.compile}
        return {"circuits": list(part.built.circuits), **set_}

    def status(self) -> JobStatus:
        """Where it is, in terra's words."""
        if self._error is not None:
            return JobStatus.ERROR
        if self._result is not None:
            return JobStatus.DONE
        if self._cancelled:
            return JobStatus.CANCELLED
        if self._runner is None:
            return JobStatus.ERROR
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
        if self._runner is not None:
            self._runner.cancel(self._job)

    def logs(self) -> str:
        """What the program printed; empty where nothing is known of that.

        Raises:
            ServiceError: The service is not there.
        """
        return self._submission.in_own_names(self._logs())

    def _logs(self) -> str:
        if self._runner is not None:
            return self._runner.logs(self._job)
        asked = connect(self._submission.service)
        try:
            return asked.logs(self._job)
        finally:
            asked.close()
