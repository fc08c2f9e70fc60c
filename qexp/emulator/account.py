"""The account API: login, the user, the devices."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from qexp.emulator.refusal import LOGIN, NOT_FOUND, Refusal
from qexp.emulator.requests import RUNTIME, content, owner, service
from qexp.emulator.settings import GROUP, HUB, PROJECT
from qexp.emulator.shelf import Offered

router = APIRouter(prefix="/api")

VERSION = {"api-auth": "0.176.0", "api-app": "0.176.0"}
DEVICES = "/Network/{hub}/Groups/{group}/Projects/{project}/devices"


@router.get("/version")
async def version() -> dict[str, str]:
    """What tells a client that this is an authentication URL."""
    return VERSION


@router.post("/users/loginWithToken")
async def login(request: Request) -> dict[str, Any]:
    """An access token for an API token."""
    sent = await content(request)
    token = sent.get("apiToken") if isinstance(sent, dict) else None
    if not isinstance(token, str):
        raise Refusal(*LOGIN, "Login failed")
    tokens = service(request).tokens
    access, user = tokens.login(token)
    created = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {"id": access, "ttl": tokens.ttl, "created": created, "userId": user[:24]}


@router.get("/users/me")
async def me(request: Request) -> dict[str, Any]:
    """Where everything else is."""
    user = owner(request)
    base = str(request.base_url).rstrip("/")
    return {
        "id": user[:24],
        "email": "",
        "urls": {
            "http": f"{base}/api",
            "ws": "ws" + base.removeprefix("http"),
            "services": {"runtime": f"{base}{RUNTIME}"},
        },
    }


@router.get("/Network")
async def network(request: Request) -> list[dict[str, Any]]:
    """The one provider."""
    owner(request)
    projects = {PROJECT: {"name": PROJECT, "isDefault": True}}
    groups = {GROUP: {"name": GROUP, "isDefault": True, "projects": projects}}
    return [{"name": HUB, "isDefault": True, "groups": groups}]


@router.get("/Network/devices/{name}/bookings/v2")
async def bookings(request: Request, name: str) -> list[Any]:
    """Reservations: none."""
    owner(request)
    service(request).shelf[name]
    return []


@router.get(DEVICES + "/v/1")
async def devices(request: Request) -> Response:
    """The configurations of all devices."""
    _require_provider(request)
    whole = service(request).shelf.configurations
    return Response(whole, media_type="application/json")


@router.get(DEVICES + "/{name}/properties")
async def properties(request: Request) -> JSONResponse:
    """A device's calibration; nothing where an older one than ours is asked for."""
    found = _device(request).properties
    return JSONResponse(found if _was_there(request, found) else {})


@router.get(DEVICES + "/{name}/defaults")
async def defaults(request: Request) -> JSONResponse:
    """A device's pulse defaults."""
    return JSONResponse(_device(request).defaults)


@router.get(DEVICES + "/{name}/queue/status")
async def status(request: Request) -> dict[str, Any]:
    """Whether a device works, and how many jobs wait for it."""
    offered = _device(request)
    return {
        "state": True,
        "status": "active",
        "message": "available",
        "lengthQueue": service(request).store.queued(offered.name),
        "backend_version": offered.version,
    }


@router.get(DEVICES + "/{name}/jobsLimit")
async def jobs_limit(request: Request) -> dict[str, int]:
    """How many jobs a token may have on a device, and has."""
    offered, ours = _device(request), service(request)
    return {
        "maximumJobs": ours.settings.job_limit,
        "runningJobs": ours.store.unfinished(owner(request), offered.name),
    }


def _require_provider(request: Request) -> None:
    owner(request)
    asked = tuple(request.path_params[key] for key in ("hub", "group", "project"))
    if asked != (HUB, GROUP, PROJECT):
        raise Refusal(*NOT_FOUND, f"There is no provider {'/'.join(asked)}")


def _device(request: Request) -> Offered:
    _require_provider(request)
    return service(request).shelf[request.path_params["name"]]


def _was_there(request: Request, found: dict[str, Any]) -> bool:
    """Whether a calibration is older than a filter asks it to be."""
    try:
        asked = json.loads(request.query_params.get("filter", "{}"))
        before = datetime.fromisoformat(
            asked["where"]["last_update_date"]["lt"].replace("Z", "+00:00")
        )
        made = datetime.fromisoformat(str(found["last_update_date"]))
        return made.timestamp() < before.timestamp()
    except (ValueError, KeyError, TypeError, AttributeError):
        return True
