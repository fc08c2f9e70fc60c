"""The platform's devices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from qexp.emulator.pace import QUEUE_SECONDS
from qexp.emulator.platform.asking import user, utc, version
from qexp.emulator.requests import service
from qexp.emulator.shelf import Offered, plain

router = APIRouter(prefix="/backends")

NAMES_ONLY = "2025-01-01"
"""The first version in which devices are listed with more than their names."""

FAMILIES = {"cx": "Falcon", "ecr": "Eagle", "cz": "Heron"}
"""Families of processors, by the gate on two qubits, where a snapshot does not say."""


@router.get("")
async def backends(
    request: Request, fields: str = "", include_mocks: bool = False
) -> dict[str, Any]:
    """All devices."""
    user(request)
    ours = service(request)
    if version(request) < NAMES_ONLY:
        return {"devices": ours.shelf.names}
    waits = "wait_time_seconds" in fields.split(",")
    return {
        "devices": [
            _listed(request, ours.shelf[name], waits) for name in ours.shelf.names
        ]
    }


def _listed(request: Request, offered: Offered, waits: bool) -> dict[str, Any]:
    ours, configuration = service(request), offered.configuration
    gates = [one for one in FAMILIES if one in configuration["basis_gates"]]
    family = {"family": FAMILIES[gates[0]] if gates else "unknown", "revision": "1"}
    shown = {
        "name": offered.name,
        "status": {"name": "online", "reason": "available"},
        "is_simulator": False,
        "qubits": offered.device.num_qubits,
        "queue_length": ours.store.queued(offered.name),
        "processor_type": configuration.get("processor_type") or family,
    }
    if waits:
        low, high = QUEUE_SECONDS if ours.settings.speed == "device" else (0.0, 0.0)
        middle = (low + high) / 2
        quantiles = {"p50": middle, "p95": low + 0.95 * (high - low)}
        shown["wait_time_seconds"] = {"average": middle, **quantiles}
    return shown


@router.get("/{name}/configuration")
async def configuration(request: Request, name: str) -> Response:
    """What a device is."""
    user(request)
    return Response(
        plain(service(request).shelf[name].configuration), media_type="application/json"
    )


@router.get("/{name}/properties")
async def properties(
    request: Request, name: str, updated_before: datetime | None = None
) -> Response:
    """A device's calibration; nothing where an older one than ours is asked for."""
    user(request)
    found = service(request).shelf[name].properties
    if updated_before is not None and (made := found.get("last_update_date")):
        then = datetime.fromisoformat(str(made).replace("Z", "+00:00"))
        if utc(then) >= utc(updated_before):
            found = {}
    return Response(plain(found), media_type="application/json")


@router.get("/{name}/status")
async def status(request: Request, name: str) -> dict[str, Any]:
    """Whether a device works, and how many jobs wait for it."""
    user(request)
    offered = service(request).shelf[name]
    return {
        "state": True,
        "status": "active",
        "message": "available",
        "length_queue": service(request).store.queued(offered.name),
        "backend_version": offered.version,
    }


@router.get("/{name}/defaults")
async def defaults(request: Request, name: str) -> JSONResponse:
    """A device's pulse defaults."""
    user(request)
    return JSONResponse(service(request).shelf[name].defaults)
