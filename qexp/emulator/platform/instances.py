"""The platform's instances and versions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from fastapi import APIRouter, Request

from qexp.emulator.platform.asking import PLAN, VERSIONS, user
from qexp.emulator.platform.kept import PERIOD, consumed
from qexp.emulator.platform.sampler import NAME
from qexp.emulator.requests import service

router = APIRouter()


@router.get("/versions")
async def versions() -> dict[str, Any]:
    """The versions of the API."""
    return {"versions": [{"version": one, "status": "live"} for one in VERSIONS]}


@router.get("/instances/usage")
async def usage(request: Request) -> dict[str, Any]:
    """QPU seconds that a key has used in the last 28 days, and may use."""
    ours, owner = service(request), user(request)
    used, most = consumed(ours.store, owner, NAME), ours.settings.usage_limit
    now = datetime.now(timezone.utc)
    period = {
        "start_time": (now - timedelta(seconds=PERIOD)).isoformat(),
        "end_time": now.isoformat(),
    }
    limits = {} if most is None else {"usage_limit_seconds": most}
    return {
        "instance_id": request.headers["service-crn"],
        "plan_id": PLAN,
        "usage_consumed_seconds": used,
        **limits,
        "usage_limit_reached": most is not None and used >= most,
        "usage_period": period,
    }
