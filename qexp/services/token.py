"""Where the token comes from. It is in no configuration, and in no message."""

from __future__ import annotations

import ipaddress
import os
import stat
import warnings
from collections.abc import Iterable, Sequence
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
    found = secret("service.token_file", service.token_file, (TOKEN,))
    if found is None:
        raise ConfigError(
            f"service circuit_runner: no token. Put it into the environment ({TOKEN}) or "
            "into a file of mode 600 (service.token_file)."
        )
    return found


def secret(key: str, file: str | None, variables: Sequence[str]) -> str | None:
    """A secret from a file, where one is named, or else from the environment.

    Args:
        key: The key that names the file.
        file: The file.
        variables: Environment variables, the first that is set counts.

    Returns:
        None where there is none.

    Raises:
        ConfigError: Others may read the file, or what is there is no secret of one line.
    """
    if file is not None:
        found, where = _from_file(key, Path(file).expanduser()), f"{key} = {file}"
    else:
        named = ((os.environ.get(one, "").strip(), one) for one in variables)
        found, where = next((one for one in named if one[0]), ("", ""))
    if not found:
        return None
    if not found.isascii() or not found.isprintable() or " " in found:
        raise ConfigError(f"{where}: that is no token; it holds one line of ASCII.")
    return found


def _from_file(key: str, path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise ConfigError(
                f"{key} = {path}: others may read it. Run: chmod 600 {path}"
            )
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key} = {path}: {error}") from error


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
