"""The runtime API: programs and jobs."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, WebSocket
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocketDisconnect

from qexp.emulator import pace
from qexp.emulator.circuit_runner import METADATA, NAME
from qexp.emulator.job import Job
from qexp.emulator.problems import told
from qexp.emulator.refusal import (
    FORBIDDEN,
    JOB_LIMIT,
    NO_JOB,
    NO_PROGRAM,
    NOT_A_REQUEST,
    NOT_CANCELLED,
    NOT_READY,
    QUEUE_FULL,
    Refusal,
)
from qexp.emulator.requests import RUNTIME, Service, content, owner, service
from qexp.emulator.settings import GROUP, HUB, PROJECT
from qexp.emulator.states import CANCELLED, COMPLETED, OPEN
from qexp.emulator.wanted import Wanted

router = APIRouter(prefix=RUNTIME)

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=2**63 - 1)]  # SQLite has no greater one

LOOK = 0.1
"""Seconds between two looks at a job that is streamed."""


class Asked(BaseModel):
    """The body of `POST /jobs`."""

    model_config = ConfigDict(strict=True)

    program_id: str
    backend: str
    params: dict[str, Any]
    hub: str = HUB
    group: str = GROUP
    project: str = PROJECT
    runtime: str | None = None
    log_level: str | None = None


@router.get("/programs")
async def programs(
    request: Request, limit: Limit = 20, offset: Offset = 0
) -> dict[str, Any]:
    """The programs: one."""
    owner(request)
    return {"programs": [METADATA][offset : offset + limit], "count": 1}


@router.get("/programs/{program}")
async def program(request: Request, program: str) -> dict[str, Any]:
    """A program's metadata."""
    owner(request)
    return _known(program)


@router.api_route("/programs", methods=["POST"])
@router.api_route("/programs/{program:path}", methods=["PUT", "PATCH", "DELETE"])
async def no_programs_of_ones_own(request: Request) -> Response:
    """Programs are not uploaded here, nor changed."""
    owner(request)
    raise Refusal(*FORBIDDEN, "Programs cannot be uploaded, changed or deleted here")


@router.post("/jobs")
async def submit(request: Request) -> dict[str, str]:
    """Accept a job."""
    ours, user = service(request), owner(request)
    asked = _asked(await content(request))
    _require_room(ours, user, ours.shelf[asked.backend].name)
    delay = pace.wait() if ours.settings.speed == "device" else 0.0
    job = ours.store.add(user, asked.backend, asked.model_dump(), time.time() + delay)
    ours.runner.wake()
    return {"id": job}


def _asked(sent: Any) -> Asked:
    try:
        asked = Asked.model_validate(sent)
    except ValidationError as error:
        wrong = "; ".join(map(told, error.errors(include_url=False)))
        raise Refusal(*NOT_A_REQUEST, f"The request is not valid. {wrong}") from error
    _known(asked.program_id)
    if (asked.hub, asked.group, asked.project) != (HUB, GROUP, PROJECT):
        raise Refusal(*FORBIDDEN, "The token has no such hub, group and project")
    if "circuits" not in asked.params:
        raise Refusal(*NOT_A_REQUEST, "The request is not valid. circuits is missing")
    return asked


def _require_room(ours: Service, user: str, backend: str) -> None:
    most = ours.settings.job_limit
    if most >= 0 and ours.store.unfinished(user, backend) >= most:
        raise Refusal(
            *JOB_LIMIT,
            f"You have reached the limit of {most} concurrent jobs on {backend}. Wait "
            "for one to finish, or cancel one",
        )
    if ours.store.unfinished() >= ours.settings.queue_limit:
        raise Refusal(*QUEUE_FULL, "The queue is full: too many concurrent jobs")


def _known(program: str) -> dict[str, Any]:
    if program != NAME:
        raise Refusal(*NO_PROGRAM, f"Program {program} not found")
    return METADATA


@router.get("/jobs")
async def jobs(
    request: Request,
    limit: Limit = 10,
    offset: Offset = 0,
    pending: bool | None = None,
    program: str | None = None,
) -> dict[str, Any]:
    """A token's jobs, the newest first."""
    programs = [NAME] if program in (None, NAME) else []
    wanted = Wanted(owner(request), programs, limit, offset, pending)
    found, count = service(request).store.listed(wanted)
    return {"jobs": [_shown(job) for job in found], "count": count}


@router.get("/jobs/{job}")
async def job(request: Request, job: str) -> dict[str, Any]:
    """A job."""
    return _shown(_found(request, job))


@router.get("/jobs/{job}/results")
async def results(request: Request, job: str) -> Response:
    """What a job ended with: a Result, or why there is none; nothing before it ends."""
    found = _found(request, job)
    if found.status in OPEN:
        return Response(status_code=204)
    if found.status == CANCELLED:
        raise Refusal(*NOT_READY, "The job was cancelled, and has no results")
    kind = "application/json" if found.status == COMPLETED else "text/plain"
    return Response(service(request).store.result(found.id), media_type=kind)


@router.get("/jobs/{job}/logs")
async def logs(request: Request, job: str) -> PlainTextResponse:
    """What was noted of a job."""
    return PlainTextResponse(service(request).store.logs(_found(request, job).id))


@router.get("/jobs/{job}/metrics")
async def metrics(request: Request, job: str) -> dict[str, Any]:
    """When a job was accepted, began to run and ended, and what it used then."""
    found = _found(request, job)
    stamps = {
        "created": found.created,
        "running": found.running,
        "finished": found.finished,
    }
    if found.status in OPEN or found.quantum_seconds is None:
        return {"timestamps": stamps}
    seconds = found.quantum_seconds
    return {
        "timestamps": stamps,
        "bss": {"seconds": seconds},
        "usage": {"quantum_seconds": seconds, "seconds": seconds},
    }


@router.post("/jobs/{job}/cancel")
async def cancel(request: Request, job: str) -> Response:
    """End a job that has not ended."""
    found, ours = _found(request, job), service(request)
    if not ours.store.cancel(found.id):
        raise Refusal(*NOT_CANCELLED, f"Job {found.id} is {found.status}")
    return Response(status_code=204)


@router.delete("/jobs/{job}")
async def delete(request: Request, job: str) -> Response:
    """Forget a job; one that has not ended is ended."""
    found, ours = _found(request, job), service(request)
    ours.store.delete(found.id)
    return Response(status_code=204)


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Nothing is remembered of a token, so there is nothing to forget."""
    owner(request)
    return Response(status_code=204)


@router.websocket("/stream/jobs/{job}")
async def stream(socket: WebSocket, job: str) -> None:
    """Interim results, of which the program has none: a frame to begin, and the end."""
    ours = service(socket)
    try:
        user = owner(socket)
    except Refusal:
        await socket.close(1008)
        return
    found = ours.store.find(user, job)
    if found is None or found.program != NAME:
        await socket.close(1008)
        return
    await socket.accept()
    try:
        await socket.send_text("ACK")
        while (found := ours.store.find(user, job)) and found.status in OPEN:
            await asyncio.sleep(LOOK)
        await socket.close(1000)
    except (WebSocketDisconnect, RuntimeError):
        return  # the client has gone


def _found(request: Request, job: str) -> Job:
    found = service(request).store.find(owner(request), job)
    if found is None or found.program != NAME:
        raise Refusal(*NO_JOB, f"Job {job} not found")
    return found


def _shown(job: Job) -> dict[str, Any]:
    request = job.request
    return {
        "id": job.id,
        **{key: request[key] for key in ("hub", "group", "project")},
        "backend": job.backend,
        "status": job.status,
        "params": request["params"],
        "program": {"id": job.program},
        "created": job.created,
        "runtime": request["runtime"],
    }
