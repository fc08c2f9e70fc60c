"""A port for a test's own server."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of loopback that nobody listens at, at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
