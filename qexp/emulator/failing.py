"""Where scripted faults befall requests: around the application, next to the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from qexp.emulator import faults
from qexp.emulator.refusal import MAINTENANCE, body

_OPEN: WeakValueDictionary[Any, asyncio.Transport] = WeakValueDictionary()


class Wire(H11Protocol):
    """Uvicorn's protocol, whose connections can be found by the client's address.

    An application cannot drop a connection: it may only answer, or fail, which is
    answered with 500.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection for as long as it is there."""
        super().connection_made(transport)
        _OPEN[tuple(transport.get_extra_info("peername")[:2])] = transport


class Failing:
    """An application that fails as a script says."""

    def __init__(
        self, app: ASGIApp, script: faults.Script, expire: Callable[[], None]
    ) -> None:
        """Put faults around an application.

        Args:
            app: The application.
            script: The faults.
            expire: Lets all access tokens expire.
        """
        self._app = app
        self._script = script
        self._expire = expire
        self._later: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, unless something befalls it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        for fault in self._script.befalling(scope["method"], scope["path"]):
            if isinstance(fault, faults.Delay):
                await asyncio.sleep(fault.seconds)
            elif isinstance(fault, faults.Expire):
                self._expire()
            else:
                await self._befall(fault, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _befall(
        self, fault: faults.Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if isinstance(fault, faults.Error | faults.Maintenance):
            await _answer(fault, scope, send)
        elif isinstance(fault, faults.Truncate):
            await self._truncated(fault, scope, receive, send)
        else:
            await self._dropped(fault, scope, receive)

    async def _truncated(
        self, fault: faults.Truncate, scope: Scope, receive: Receive, send: Send
    ) -> None:
        start, whole = await self._handled(scope, receive)
        most = len(whole) // 2 if fault.bytes is None else fault.bytes
        await send(start)
        # uvicorn closes the connection of an answer that is not completed
        await send(
            {"type": "http.response.body", "body": whole[:most], "more_body": True}
        )

    async def _handled(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """The start and the body of the application's answer, which is sent nowhere."""
        start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        whole = bytearray()

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                whole.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start, bytes(whole)

    async def _dropped(
        self, fault: faults.Fault, scope: Scope, receive: Receive
    ) -> None:
        if isinstance(fault, faults.DropThenAccept):
            again = await _replayed(receive)
            task = asyncio.create_task(self._accept(fault.seconds, scope, again))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        elif isinstance(fault, faults.DropAfter):
            await self._handled(scope, receive)
        await _drop(scope, receive)

    async def _accept(self, seconds: float, scope: Scope, receive: Receive) -> None:
        await asyncio.sleep(seconds)
        await self._handled(scope, receive)


async def _answer(
    fault: faults.Error | faults.Maintenance, scope: Scope, send: Send
) -> None:
    status, code = MAINTENANCE
    message, headers = "The service is down for maintenance", []
    if isinstance(fault, faults.Error):
        status, code, message = fault.status, fault.code, fault.message
        if fault.retry_after is not None:
            headers.append((b"retry-after", str(fault.retry_after).encode()))
    whole = json.dumps(body(status, code, message, scope["path"])).encode()
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(whole)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": whole})


async def _replayed(receive: Receive) -> Callable[[], Awaitable[Message]]:
    """A request whose body has arrived, to be read again when the client has gone."""
    messages = []
    while True:
        message = await receive()
        messages.append(message)
        if not message.get("more_body"):
            break
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, {"type": "http.disconnect"})

    return again


async def _drop(scope: Scope, receive: Receive) -> None:
    transport = _OPEN.get(tuple(scope["client"][:2]))
    if transport is None:
        return
    transport.abort()
    # once uvicorn knows, it does not try to answer for us
    while (await receive())["type"] != "http.disconnect":
        pass
