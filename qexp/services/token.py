"""Where the token comes from. It is in no configuration, and in no message."""

from __future__ import annotations

import ipaddress
import os
import stat
import warnings
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from qexp.declare.config import CircuitRunnerService
from qexp.errors import ConfigError

TOKEN = "QEXP_TOKEN"


def token(service: CircuitRunnerService) -> str:
    """The API token, from `service.token_file` or the environment.

    Raises:
        ConfigError: There is none, or others may read the file.
    """
    if service.token_file is None:
        found = os.environ.get(TOKEN, "").strip()
        where = TOKEN
    else:
        found = _from_file(Path(service.token_file).expanduser())
        where = f"service.token_file = {service.token_file}"
    if not found:
        raise ConfigError(
            f"service circuit_runner: no token. Put it into the environment ({TOKEN}) or "
            "into a file of mode 600 (service.token_file)."
        )
    if not found.isascii() or not found.isprintable() or " " in found:
        raise ConfigError(f"{where}: that is no token; it holds one line of ASCII.")
    return found


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise ConfigError(
                f"service.token_file = {path}: others may read it. Run: chmod 600 {path}"
            )
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"service.token_file = {path}: {error}") from error


def warn_of_plain(urls: Iterable[str]) -> None:
    """Warn, once a host, where a token would travel to another machine unencrypted."""
    named = [(urlsplit(url).scheme, urlsplit(url).hostname or "") for url in urls]
    for host in dict.fromkeys(host for scheme, host in named if scheme == "http"):
        if not loopback(host):
            warnings.warn(
                f"http://{host}: the token is sent there unencrypted, and whoever sees it "
                "can use it. Ask for an address with https.",
                stacklevel=2,
            )


def loopback(host: str) -> bool:
    """Whether a host is this machine, whatever its name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
