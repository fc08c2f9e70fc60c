"""How a job was run: its times, what it cost, and the calibration in force."""

from __future__ import annotations

from typing import Any

from qexp.errors import ServiceError
from qexp.services.account import FEW_TRIES
from qexp.services.ibm.account import Account

Json = dict[str, Any]


def about(account: Account, device: str, job: Json, metrics: Json) -> Json:
    """What is kept of a job that is done, beside its results.

    Args:
        account: The instance.
        device: The device's name.
        job: The job, as served.
        metrics: Its metrics, as served.

    Returns:
        `job`, `device`, `created`, `running` and `finished` (ISO 8601, as served),
        `usage` (as served), and `calibration`: the device's properties when it ran, or
        None: the service has none of a device that has retired.
    """
    times = metrics.get("timestamps")
    times = times if isinstance(times, dict) else {}
    told = {one: times.get(one) for one in ("created", "running", "finished")}
    return {
        "job": job.get("id"),
        "device": device,
        **told,
        "created": told["created"] or job.get("created"),
        "usage": metrics.get("usage"),
        "calibration": _in_force(account, device, job, told["running"]),
    }


def _in_force(account: Account, device: str, job: Json, running: Any) -> Json | None:
    when: dict[str, str] = {}
    if isinstance(job.get("calibration_id"), str):
        when["calibration_id"] = job["calibration_id"]
    elif isinstance(running, str):
        when["updated_before"] = running
    try:
        return account.properties(device, FEW_TRIES, **when)
    except ServiceError:
        return None
