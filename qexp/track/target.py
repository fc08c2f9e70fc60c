"""Which MLflow results go to, and whether it is there."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import requests

from qexp.errors import TrackingError

DEFAULT_URI = "sqlite:///mlflow.db"
"""The database that a bare `mlflow ui` opens in the same folder."""

PROBE_SECONDS = 5.0
"""How long a tracking server has to answer before it is taken to be away."""

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


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
        return hide_credentials(self.uri)


def target(uri: str | None) -> Target:
    """The store that `tracking.uri` means, `MLFLOW_TRACKING_URI` where it is not set."""
    if uri:
        return Target(uri, "tracking.uri")
    from_environment = os.environ.get("MLFLOW_TRACKING_URI")
    if from_environment:
        return Target(from_environment, "MLFLOW_TRACKING_URI")
    return Target(DEFAULT_URI, "tracking.uri")


def hide_credentials(uri: str) -> str:
    """A URI without its user name and password."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))


def probe(target: Target) -> None:
    """Make sure that somebody answers at a target.

    Raises:
        TrackingError: Nobody does, or it is not MLflow; says where and what to do.
    """
    scheme = urlsplit(target.uri).scheme.split("+")[0]
    if scheme in ("http", "https"):
        _probe_server(target)
    elif scheme in _PORTS:
        _probe_port(target, _PORTS[scheme])
    elif scheme != "sqlite" and not re.match(r"databricks", target.uri):
        raise TrackingError(
            f"{target.key} = {target.shown}: not an MLflow store that qexp can use. "
            "Allowed: sqlite:///FILE, postgresql://…, mysql://…, mssql://…, "
            "http(s)://HOST:PORT of an MLflow server, databricks."
        )


def _probe_server(target: Target) -> None:
    url = f"{target.uri.rstrip('/')}/health"
    try:
        answer = requests.get(url, timeout=PROBE_SECONDS)
    except requests.RequestException as error:
        raise TrackingError(_away(target, "no MLflow server answers there")) from error
    if answer.status_code == 404:  # anything but MLflow
        raise TrackingError(
            _away(target, "a server answers there, but it is not an MLflow server")
        )


def _probe_port(target: Target, default_port: int) -> None:
    parts = urlsplit(target.uri)
    if parts.hostname is None:
        return
    address = (parts.hostname, parts.port or default_port)
    try:
        socket.create_connection(address, PROBE_SECONDS).close()
    except OSError as error:
        raise TrackingError(_away(target, "no database answers there")) from error


def _away(target: Target, what: str) -> str:
    return (
        f"{target.key} = {target.shown}: {what}. Start it, or leave tracking.uri and "
        "MLFLOW_TRACKING_URI unset to write to mlflow.db in this folder."
    )
