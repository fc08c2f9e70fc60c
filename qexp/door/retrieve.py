"""`retrieve_job`: a call of another process, or of an earlier one."""

from __future__ import annotations

from qexp.door.job import RuntimeJob
from qexp.door.written import Written, found
from qexp.errors import ServiceError
from qexp.planning.submission import Job
from qexp.services import Runner
from qexp.services.connect import connect


def retrieve_job(job_id: str) -> RuntimeJob:
    """A job that `run_circuits` has sent, in this process or in any other.

    What has come back is read from the disk, without a service. What is under way is
    waited for.

    Args:
        job_id: The service's id of the job, or what `job_id()` gave before there was one.

    Returns:
        The job.

    Raises:
        LedgerError: The workspace has no such job, or another process waits for it.
        ServiceError: The service is not there, or has no such job.
    """
    written = found(job_id)
    try:
        if written.answer is not None or written.state == "cancelled":
            return RuntimeJob(written, job=written.job)
        _require_sent(written)
        runner = connect(written.submission.service, witness=written)
    except BaseException:
        written.leave()
        raise
    try:
        job = written.job or _looked_up(written, runner)
        if written.aside is not None:
            runner.recall(written.submission, written.aside)
        runner.adopt(written.submission, job)
        return RuntimeJob(written, runner, job)
    except BaseException:
        runner.close()
        written.leave()
        raise


def _require_sent(written: Written) -> None:
    if written.submission.service.kind == "local":
        raise ServiceError(
            "service local: the job ended with the process that it ran in. Call "
            "run_circuits again."
        )
    if written.state == "planned":
        raise ServiceError("the job was never sent. Call run_circuits again.")


def _looked_up(written: Written, runner: Runner) -> Job:
    """The job of a process that ended before it knew whether there was one."""
    job = runner.find(written.submission)
    if job is None:
        raise ServiceError(
            "the process that was about to send the job has ended, and the service has "
            "no such job. If it ended only seconds ago, ask again; else call run_circuits "
            "again."
        )
    written.sent(written.submission, job)
    return job
