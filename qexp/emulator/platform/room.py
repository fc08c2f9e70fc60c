"""Whether there is room for one more job of a key."""

from __future__ import annotations

from qexp.emulator.platform.codes import USED_UP
from qexp.emulator.platform.kept import consumed
from qexp.emulator.refusal import JOB_LIMIT, QUEUE_FULL, Refusal
from qexp.emulator.requests import Service


def require_room(ours: Service, owner: str, program: str, backend: str) -> None:
    """Refuse a job for which there is no room.

    Raises:
        Refusal: The key has used what it may, or has too many jobs; or all have.
    """
    most = ours.settings.usage_limit
    if most is not None and consumed(ours.store, owner, program) >= most:
        raise Refusal(
            *USED_UP,
            f"The usage of the instance exceeds its limit of {most:g} seconds",
            "Wait for the next period, or raise the limit",
        )
    unfinished, limit = ours.store.unfinished(owner, backend), ours.settings.job_limit
    if 0 <= limit <= unfinished:
        raise Refusal(
            *JOB_LIMIT,
            f"You have reached the limit of {limit} pending jobs on {backend}",
            "Wait for one to finish, or cancel one",
        )
    if ours.store.unfinished() >= ours.settings.queue_limit:
        raise Refusal(*QUEUE_FULL, "The queue is full: too many concurrent jobs")
