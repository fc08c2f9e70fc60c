"""A PostgreSQL server of the tests' own, on loopback and in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.ports import free_port

PLACES = "/usr/lib/postgresql/*/bin"
"""Where Debian puts what PostgreSQL itself needs, beside what its users do."""


SCHEME = "postgresql+psycopg"
"""With the driver: which one SQLAlchemy takes by itself depends on its version."""


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where there is no PostgreSQL."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return max(Path("/").glob(PLACES.lstrip("/")), default=None)


@contextmanager
def serving() -> Iterator[str]:
    """A server with one empty database; the URI that MLflow takes."""
    where, port = programs(), free_port()
    assert where is not None
    # the server refuses to be run by root
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="qexp-postgres-") as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        made = [where / "initdb", "-D", data, "-U", "tests", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, user=user, cwd=folder)
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": port,
            "fsync": "off",
        }
        command = [where / "postgres", "-D", data]
        command += [f"--{name}={value}" for name, value in settings.items()]
        server = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, user=user, cwd=folder
        )
        try:
            uri = f"{SCHEME}://tests@127.0.0.1:{port}/postgres"
            _await(uri)
            yield uri
        finally:
            server.send_signal(signal.SIGINT)  # it waits for no client then
            server.wait(30)


def copy(uri: str, name: str) -> str:
    """Another database of the same server, with what the given one holds; its URI."""
    base, _, original = uri.rpartition("/")
    with psycopg.connect(f"{_plain(base)}/template1", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    return f"{base}/{name}"


def _plain(uri: str) -> str:
    return uri.replace(SCHEME, "postgresql")


def _await(uri: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(_plain(uri)).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
