"""Who runs a sweep, seen from outside: nothing is taken, and nothing is written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

LOCK = "lock"
OWNER = "owner.json"

GLANCE = 0.2
"""Seconds to wait for a sweep: `status` looks at its lock for less than a thousandth."""


def signed(folder: Path) -> dict[str, Any]:
    """What who took a sweep last wrote of itself: `pid`, `host` and `since`."""
    try:
        found = json.loads((folder / OWNER).read_text())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def owner(folder: Path) -> str:
    """Who signed a sweep last, in words."""
    found = signed(folder)
    if "pid" not in found or "host" not in found:
        return "another process"
    return f"process {found['pid']} on {found['host']}"


def held(folder: Path) -> bool:
    """Whether some process runs a sweep."""
    file = folder / LOCK
    if not file.exists():
        return False
    return _held(file)


if sys.platform == "win32":

    def _held(file: Path) -> bool:
        lock = FileLock(file, timeout=0)
        try:
            lock.acquire()
        except (Timeout, OSError):
            return True
        lock.release()
        return False

else:
    import fcntl

    def _held(file: Path) -> bool:
        # a shared lock needs no writing, and two that look do not see each other
        try:
            handle = os.open(file, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False
