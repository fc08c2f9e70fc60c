"""A service from its settings to its end: the folder, the socket, the server."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from qexp.emulator import faults, tokens
from qexp.emulator.access import Access
from qexp.emulator.app import application
from qexp.emulator.failing import Failing, Wire
from qexp.emulator.rate import Rate
from qexp.emulator.requests import Service
from qexp.emulator.runner import Runner
from qexp.emulator.settings import Settings
from qexp.emulator.shelf import Shelf
from qexp.emulator.store import Store
from qexp.errors import ConfigError
from qexp.guarded.converting import READS, newest
from qexp.guarded.reader import Unreadable
from qexp.services.token import loopback


def serve(settings: Settings) -> None:
    """Serve until told to stop.

    Raises:
        ConfigError: Address, data folder, faults or helper cannot be used.
    """
    script = faults.load(settings.faults) if settings.faults else None
    if settings.qpy_helper is not None:
        _require_help(settings.qpy_helper)
    with (
        _listening(settings) as listener,
        _locked(settings.data),
        _own(settings) as ours,
    ):
        _warn_of_others(settings.host)
        url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}/api"
        app: ASGIApp = application(ours, lambda: _ready(url, settings))
        if script is not None:
            app = Failing(app, script, ours.tokens.revoke)
        _run(app, listener, settings)


def _require_help(python: Path) -> None:
    """Refuse a helper that is none.

    Raises:
        ConfigError: It does not read newer QPY than this process does.
    """
    try:
        found = newest(python)
    except Unreadable as error:
        raise ConfigError(
            f"--qpy-helper {python}: {error}. It must be the path of a Python that has a "
            "current qiskit."
        ) from error
    if found <= READS:
        raise ConfigError(
            f"--qpy-helper {python}: its qiskit reads QPY up to version {found}, which "
            "this one does, too. It must be a Python that has a current qiskit."
        )


def _warn_of_others(host: str) -> None:
    if not loopback(host):
        print(
            f"warning: {host} can be reached from other machines, unencrypted: "
            "whoever has the token can run circuits here.",
            file=sys.stderr,
        )


@contextmanager
def _own(settings: Settings) -> Iterator[Service]:
    keys = settings.tokens or (tokens.kept(settings.data)[1],)
    try:
        store = Store(settings.data / "jobs.db")
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"--data {settings.data}: jobs.db cannot be used ({error})."
        ) from error
    shelf = Shelf()
    runner = Runner(store, shelf, settings)
    good = tokens.Tokens(keys, Access(store), settings.token_ttl)
    try:
        rate = Rate(settings.submissions_per_minute)
        yield Service(settings, store, shelf, good, runner, rate)
    finally:
        runner.close()
        store.close()


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except (OSError, UnicodeError) as error:
            where = f"--host {settings.host} --port {settings.port}"
            raise ConfigError(f"{where}: {_unusable(error)}") from error
        listener.listen(128)
        yield listener


def _unusable(error: OSError | UnicodeError) -> str:
    """Why one cannot listen at an address, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return "another program listens there. --port 0 takes a port that is free."
    if number == errno.EACCES:
        return "that is not permitted. Ports from 1024 are for everybody."
    return (
        "that is no address of this machine. 127.0.0.1 is reached by this machine only, "
        "0.0.0.0 by others, too."
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The data folder, for this emulator alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"--data {folder}: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"--data {folder}: another emulator uses it.") from error
    else:
        yield
    finally:
        os.close(handle)


def _run(app: ASGIApp, listener: socket.socket, settings: Settings) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Wire,
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="on",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    if settings.seconds is not None:
        timer = threading.Timer(settings.seconds, _stop, [server])
        timer.daemon = True
        timer.start()
    # uvicorn raises again what has stopped it, and there is more to be put away
    signal.signal(signal.SIGTERM, lambda *_: None)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _ready(url: str, settings: Settings) -> None:
    if settings.tokens:
        token = "as given"
    else:
        file, kept = tokens.kept(settings.data)
        token = kept if settings.show_token else f"in {file.absolute()}"
    print(f"emulator ready: service.url={url} token: {token}", flush=True)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
