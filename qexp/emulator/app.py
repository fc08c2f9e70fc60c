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
from qexp.emulator.refusal import FAULT, NOT_A_REQUEST, NOT_FOUND, Refusal
from qexp.emulator.requests import Service, refused, told


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
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    return app


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refused(request, error.status, error.code, error.message)


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
