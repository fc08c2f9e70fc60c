"""Which MLflow results go to, and whether it is there."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import requests

from qexp.errors import TrackingError
from qexp.secrets import hide

DEFAULT_URI = "sqlite:///mlflow.db"
"""The database that a bare `mlflow ui` opens in the same folder."""

PROBE_SECONDS = 5.0
"""How long a tracking server has to answer before it is taken to be away."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


class Away(TrackingError):
    """Nobody answers at a target that may well be right."""


@dataclass(frozen=True)
class Target:
    """An MLflow tracking store.

    Attributes:
        uri: Its tracking URI, credentials included.
        key: Where the URI was given, for messages.
    """

    uri: str
    key: str

    @property
    def shown(self) -> str:
        """The URI without credentials."""
        return hide(self.uri)

    @property
    def name(self) -> str:
        """The same for the same store, wherever it is named from; no credentials."""
        file = self.uri.removeprefix("sqlite:///")
        if file == self.uri:
            return self.shown
        return f"sqlite:///{Path(file).absolute()}"


def target(uri: str | None) -> Target:
    """The store that `tracking.uri` means, `MLFLOW_TRACKING_URI` where it is not set."""
    if uri:
        return Target(uri, "tracking.uri")
    from_environment = os.environ.get("MLFLOW_TRACKING_URI")
    if from_environment:
        return Target(from_environment, "MLFLOW_TRACKING_URI")
    return Target(DEFAULT_URI, "tracking.uri")


def probe(target: Target) -> None:
    """Make sure that somebody answers at a target.

    Raises:
        TrackingError: Nobody does, or it is not MLflow; says where and what to do.
    """
    parts = _parts(target)
    scheme = parts.scheme.split("+")[0]
    if scheme in ("http", "https"):
        _probe_server(target)
    elif scheme in _PORTS:
        _probe_port(target, parts, _PORTS[scheme])
    elif parts.scheme == "sqlite":
        _probe_file(target)
    elif not target.uri.startswith("databricks"):
        raise _unusable(target, "not an MLflow store that qexp can use")


def _parts(target: Target) -> SplitResult:
    try:
        parts = urlsplit(target.uri)
        _ = parts.port  # read here, because it may raise as well
    except ValueError as error:
        reason = "not a URI (write / # ? @ in a password as %2F %23 %3F %40)"
        raise _unusable(target, reason) from error
    return parts


def _unusable(target: Target, what: str) -> TrackingError:
    return TrackingError(
        f"{target.key} = {target.shown}: {what}. Allowed: sqlite:///FILE, postgresql://…, "
        "mysql://…, mssql://…, http(s)://HOST:PORT of an MLflow server, databricks."
    )


def _probe_file(target: Target) -> None:
    """A database file that MLflow, SQLAlchemy and a shell all read as the same one."""
    file = target.uri.removeprefix("sqlite:///")
    if file == target.uri or not file or file.startswith(":memory:"):
        raise _unusable(target, "a database that is not kept in a file")
    if re.search(r"[?#%]", file):
        raise _unusable(
            target,
            "a file name with ?, # or % means different files to "
            "different readers; choose another",
        )
    if Path(file).is_dir():
        raise _unusable(target, "a folder, not a file")


def _probe_server(target: Target) -> None:
    url = f"{target.uri.rstrip('/')}/health"
    try:
        answer = requests.get(url, timeout=PROBE_SECONDS)
    except requests.RequestException as error:
        raise Away(_away(target, "no MLflow server answers there")) from error
    if answer.status_code == 404:  # anything but MLflow
        raise TrackingError(
            _away(target, "a server answers there, but it is not an MLflow server")
        )


def _probe_port(target: Target, parts: SplitResult, default_port: int) -> None:
    if parts.hostname is None:
        return
    address = (parts.hostname, parts.port or default_port)
    try:
        socket.create_connection(address, PROBE_SECONDS).close()
    except OSError as error:
        raise Away(_away(target, "no database answers there")) from error


def _away(target: Target, what: str) -> str:
    return (
        f"{target.key} = {target.shown}: {what}. Start it, or leave tracking.uri and "
        "MLFLOW_TRACKING_URI unset to write to mlflow.db in this folder."
    )
