"""The platform's sessions: dedicated ones, and batches."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qexp.emulator.platform.asked import taken
from qexp.emulator.platform.asking import user
from qexp.emulator.platform.codes import NO_SESSION, SESSION_CLOSED
from qexp.emulator.platform.kept import Session, Sessions
from qexp.emulator.refusal import Refusal
from qexp.emulator.requests import content, service

router = APIRouter(prefix="/sessions")

LONGEST = 28_800
"""Seconds that a session takes jobs where nobody says how many, and at most."""

INTERACTIVE = 60
"""Seconds that a session is said to stay active without a job."""


class Opening(BaseModel):
    """The body of `POST /sessions`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    mode: Literal["dedicated", "batch"] = "dedicated"
    backend: str
    instance: str | None = None
    max_ttl: Annotated[int, Field(ge=1, le=LONGEST)] | None = None


class Change(BaseModel):
    """The body of `PATCH /sessions/ID`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    accepting_jobs: Literal[False]


@router.post("")
async def create(request: Request) -> dict[str, Any]:
    """Open a session."""
    owner, ours = user(request), service(request)
    asked = taken(Opening, await content(request))
    backend = ours.shelf[asked.backend].name
    sessions = Sessions(ours.store)
    longest = asked.max_ttl or LONGEST
    opened = sessions.open(owner, backend, asked.mode, longest)
    return _shown(_required(sessions, owner, opened))


@router.get("/{session}")
async def session(request: Request, session: str) -> dict[str, Any]:
    """A session."""
    return _shown(_found(request, session))


@router.patch("/{session}")
async def change(request: Request, session: str) -> Response:
    """Let a session take no more jobs; those that wait will run."""
    found = _found(request, session)
    taken(Change, await content(request))
    Sessions(service(request).store).shut(found.id)
    return Response(status_code=204)


@router.delete("/{session}/close")
async def close(request: Request, session: str) -> Response:
    """End a session, and with it its jobs that wait."""
    found, sessions = _found(request, session), Sessions(service(request).store)
    sessions.shut(found.id)
    sessions.drop(found.id)
    return Response(status_code=204)


def _found(request: Request, session: str) -> Session:
    owner = user(request)
    return _required(Sessions(service(request).store), owner, session)


def _required(sessions: Sessions, owner: str, session: str) -> Session:
    found = sessions.find(owner, session)
    if found is None:
        raise Refusal(*NO_SESSION, f"Session {session} not found")
    return found


def require_accepting(
    sessions: Sessions, owner: str, session: str, backend: str
) -> None:
    """Refuse a job for a session that does not take it.

    Raises:
        Refusal: There is no such session, or it is closed, or on another backend.
    """
    found = _required(sessions, owner, session)
    if not found.accepting:
        raise Refusal(
            *SESSION_CLOSED, f"Session {session} is closed", "Open another session"
        )
    if found.backend != backend:
        raise Refusal(
            *SESSION_CLOSED,
            f"Session {session} is on {found.backend}, and not on {backend}",
            "Open another session",
        )


def _shown(session: Session) -> dict[str, Any]:
    closed = session.state == "closed"
    ends = [one for one in (session.shut, session.ended) if one is not None]
    passed = min(time.time() - session.began, session.max_ttl)
    return {
        "id": session.id,
        "backend_name": session.backend,
        "mode": session.mode,
        "state": session.state,
        "accepting_jobs": session.accepting,
        "interactive_ttl": INTERACTIVE,
        "max_ttl": session.max_ttl,
        "active_ttl": session.max_ttl,
        "elapsed_time": passed,
        "started_at": session.started,
        "activated_at": session.first,
        "closed_at": max(ends) if closed and ends else None,
        "last_job_started": session.last,
        "last_job_completed": session.ended,
        "timestamps": [],
        "user_id": session.owner[:24],
    }
