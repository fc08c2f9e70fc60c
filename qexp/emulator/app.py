"""The application: all routes, and an answer for whatever goes wrong."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from qexp.emulator import account, runtime
from qexp.emulator.platform import devices, iam, instances, jobs, sessions
from qexp.emulator.problems import told
from qexp.emulator.refusal import FAULT, NOT_A_REQUEST, NOT_FOUND, Refusal
from qexp.emulator.requests import Service, refused

PLATFORM = "/api/v1"
"""Where the platform's API is, below the service's own address."""

ALIAS = f"/experimental{PLATFORM}"
"""The same for its official client, which takes a URL as it is only with that word."""


def application(service: Service, ready: Callable[[], None]) -> FastAPI:
    """The application of a service.

    Args:
        service: What the routes need.
        ready: Called once when requests are answered.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ready()
        yield

    app = FastAPI(openapi_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.service = service
    app.include_router(account.router)
    app.include_router(runtime.router)
    app.include_router(iam.router)
    for router in (devices, instances, jobs, sessions):
        app.include_router(router.router, prefix=PLATFORM)
        app.include_router(router.router, prefix=ALIAS, include_in_schema=False)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    return app


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    answer = refused(request, error.status, error.code, error.message, error.solution)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(map(told, error.errors()))
    return refused(request, *NOT_A_REQUEST, f"The request is not valid. {wrong}")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refused(request, error.status_code, NOT_FOUND[1], str(error.detail))


async def _fault(request: Request, error: Exception) -> Response:
    traceback.print_exception(error)  # it is for whoever runs the service
    return refused(request, *FAULT, f"The service has a fault ({type(error).__name__})")
