"""The platform's jobs."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import PlainTextResponse, Response

from qexp.emulator import pace
from qexp.emulator.job import Job
from qexp.emulator.platform.asked import Asked, Params, require_tags, taken
from qexp.emulator.platform.asking import user, utc, version
from qexp.emulator.platform.codes import (
    NO_JOB,
    NOT_CANCELLED,
    NOT_ENDED,
)
from qexp.emulator.platform.kept import Sessions
from qexp.emulator.platform.pubs import pubs
from qexp.emulator.platform.room import require_room
from qexp.emulator.platform.sampler import NAME
from qexp.emulator.platform.sessions import require_accepting
from qexp.emulator.refusal import NO_PROGRAM, Refusal
from qexp.emulator.requests import content, service
from qexp.emulator.states import CANCELLED, COMPLETED, FAILED, OPEN, TOO_LONG
from qexp.emulator.wanted import Wanted

router = APIRouter(prefix="/jobs")

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=2**63 - 1)]  # SQLite has no greater one

NEW_METRICS = "2026-03-15"
"""The first version in which metrics have QPU seconds under a single name."""


class Tags(BaseModel):
    """The body of `PUT /jobs/ID/tags`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    tags: list[str]


@router.post("")
async def submit(request: Request) -> dict[str, Any]:
    """Accept a job."""
    ours, owner = service(request), user(request)
    sent = await content(request)
    asked = taken(Asked, sent)
    if asked.program_id != NAME:
        raise Refusal(*NO_PROGRAM, f"Program {asked.program_id} not found")
    pubs(taken(Params, asked.params, "params"))
    require_tags(asked.tags)
    backend = ours.shelf[asked.backend].name
    if asked.session_id is not None:
        require_accepting(Sessions(ours.store), owner, asked.session_id, backend)
    require_room(ours, owner, NAME, backend)
    ours.rate.require(owner)
    delay = pace.wait() if ours.settings.speed == "device" else 0.0
    job = ours.store.add(owner, asked.backend, asked.model_dump(), time.time() + delay)
    ours.runner.wake()
    return {"id": job, "backend": asked.backend}


@router.get("")
async def jobs(
    request: Request,
    limit: Limit = 200,
    offset: Offset = 0,
    pending: bool | None = None,
    program: str | None = None,
    backend: str | None = None,
    tags: Annotated[list[str] | None, Query()] = None,
    session_id: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    sort: Literal["ASC", "DESC"] = "DESC",
    exclude_params: bool = True,
) -> dict[str, Any]:
    """A key's jobs."""
    wanted = Wanted(
        owner=user(request),
        programs=[NAME] if program in (None, NAME) else [],
        limit=limit,
        offset=offset,
        pending=pending,
        backend=backend,
        session=session_id,
        tags=tags or (),
        after=_stamp(created_after),
        before=_stamp(created_before),
        order=sort,
    )
    found, count = service(request).store.listed(wanted)
    shown = [_shown(job, exclude_params) for job in found]
    return {"jobs": shown, "count": count, "limit": limit, "offset": offset}


def _stamp(asked: datetime | None) -> str | None:
    """A time as jobs have it."""
    if asked is None:
        return None
    try:
        known = utc(asked).astimezone(timezone.utc)
    except OverflowError:  # at the ends of time
        known = asked.replace(tzinfo=timezone.utc)
    text = known.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@router.get("/{job}")
async def job(
    request: Request, job: str, exclude_params: bool = False
) -> dict[str, Any]:
    """A job."""
    return _shown(_found(request, job), exclude_params)


@router.get("/{job}/results")
async def results(request: Request, job: str) -> Response:
    """What a job ended with: a result, or why there is none; nothing before it ends."""
    found = _found(request, job)
    if found.status in (*OPEN, CANCELLED):
        return Response(status_code=204)
    kind = "application/json" if found.status == COMPLETED else "text/plain"
    return Response(service(request).store.result(found.id), media_type=kind)


@router.get("/{job}/logs")
async def logs(request: Request, job: str) -> PlainTextResponse:
    """What was noted of a job."""
    return PlainTextResponse(service(request).store.logs(_found(request, job).id))


@router.get("/{job}/metrics")
async def metrics(request: Request, job: str) -> dict[str, Any]:
    """When a job was accepted, began to run and ended, and what it used."""
    found = _found(request, job)
    stamps = {
        "created": found.created,
        "running": found.running,
        "finished": found.finished,
    }
    shown: dict[str, Any] = {"caller": "", "timestamps": stamps, "usage": _usage(found)}
    if version(request) < NEW_METRICS and found.status not in OPEN:
        seconds = found.quantum_seconds or 0
        shown["bss"] = {"seconds": seconds}
        shown["usage"] |= {"quantum_seconds": seconds, "seconds": seconds}
    return shown


@router.post("/{job}/cancel")
async def cancel(request: Request, job: str) -> Response:
    """End a job that has not ended."""
    found, ours = _found(request, job), service(request)
    if not ours.store.cancel(found.id):
        raise Refusal(*NOT_CANCELLED, f"Job {found.id} is {found.status}")
    return Response(status_code=204)


@router.put("/{job}/tags")
async def tags(request: Request, job: str) -> Response:
    """Give a job other tags."""
    found = _found(request, job)
    asked = taken(Tags, await content(request))
    require_tags(asked.tags)
    service(request).store.tag(found.id, asked.tags)
    return Response(status_code=204)


@router.delete("/{job}")
async def delete(request: Request, job: str) -> Response:
    """Forget a job that has ended."""
    found, ours = _found(request, job), service(request)
    if found.status in OPEN:
        raise Refusal(
            *NOT_ENDED, f"Job {found.id} is {found.status}", "Cancel the job first"
        )
    ours.store.delete(found.id)
    return Response(status_code=204)


def _found(request: Request, job: str) -> Job:
    found = service(request).store.find(user(request), job)
    if found is None or found.program != NAME:
        raise Refusal(*NO_JOB, f"Job not found. Job ID: {job}", "Verify the job ID")
    return found


def _shown(job: Job, exclude_params: bool) -> dict[str, Any]:
    request = job.request
    shown = {
        "id": job.id,
        "backend": job.backend,
        "state": _state(job),
        "status": job.status,
        "program": {"id": job.program},
        "created": job.created,
        "cost": request["cost"],
        "tags": job.tags,
        "session_id": job.session,
        "runtime": request["runtime"],
        "private": request["private"],
        "usage": _usage(job),
    }
    return shown if exclude_params else {**shown, "params": request["params"]}


def _state(job: Job) -> dict[str, Any]:
    """How a job is; one that ran too long was cancelled, and says why."""
    status = CANCELLED if job.status == TOO_LONG else job.status
    if job.status not in (FAILED, TOO_LONG):
        return {"status": status}
    return {
        "status": status,
        "reason": job.reason,
        "reason_code": job.code,
        "reason_solution": "",
    }


def _usage(job: Job) -> dict[str, Any]:
    """What a job used of its instance; nothing is known of one that has not ended."""
    if job.status in OPEN:
        return {"qpu_charge_time_seconds": 0, "status": "pending"}
    seconds = job.quantum_seconds or 0
    return {"qpu_charge_time_seconds": seconds, "status": "complete"}
