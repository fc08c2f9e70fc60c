"""What the service's routes share: who asks, what they sent, how they are refused."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from qexp.emulator.rate import Rate
from qexp.emulator.refusal import NOT_A_REQUEST, TOO_LARGE, Refusal, body
from qexp.emulator.runner import Runner
from qexp.emulator.settings import Settings
from qexp.emulator.shelf import Shelf
from qexp.emulator.store import Store
from qexp.emulator.tokens import Tokens

RUNTIME = "/runtime"
"""Where the runtime API is, below the service's own address."""

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Service:
    """Everything that the routes need.

    Attributes:
        settings: The emulator's settings.
        store: Jobs and access tokens.
        shelf: Devices.
        tokens: Who may come in.
        runner: Who runs jobs.
        rate: How many jobs may come.
    """

    settings: Settings
    store: Store
    shelf: Shelf
    tokens: Tokens
    runner: Runner
    rate: Rate


def service(connection: HTTPConnection) -> Service:
    """The service that a request has come to."""
    found: Service = connection.app.state.service
    return found


def owner(connection: HTTPConnection) -> str:
    """Whose request it is.

    Raises:
        Refusal: It has no token, or none that is good.
    """
    headers = connection.headers
    return service(connection).tokens.owner(
        headers.get("x-access-token"), headers.get("authorization")
    )


async def received(request: Request) -> bytes:
    """The body of a request.

    Raises:
        Refusal: It is too large.
    """
    most = service(request).settings.request_bytes
    whole = bytearray()
    async for part in request.stream():
        whole += part
        if len(whole) > most:
            raise Refusal(*TOO_LARGE, f"The request has more than {most} bytes")
    return bytes(whole)


async def content(request: Request) -> Any:
    """The JSON that was sent, whatever type it is said to have.

    Raises:
        Refusal: It is too large, or not JSON, or JSON that could not be given back: half
            a surrogate pair, or some 250 levels.
    """
    whole = await received(request)
    try:
        sent = json.loads(whole, parse_float=_finite, parse_constant=_finite)
        _ANYTHING.dump_json([[[[sent]]]])  # an answer has it deeper than the request
    except (ValueError, RecursionError) as error:
        raise Refusal(*NOT_A_REQUEST, f"The request is not JSON: {error}") from error
    return sent


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def refused(
    request: Request, status: int, code: int, message: str, solution: str = ""
) -> JSONResponse:
    """The response to a request that is refused, in the form of the API it came to."""
    return JSONResponse(body(status, code, message, request.url.path, solution), status)
