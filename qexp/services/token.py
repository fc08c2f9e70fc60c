"""Where the token comes from. It is in no configuration, and in no message."""

from __future__ import annotations

import os
import stat
from pathlib import Path

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
