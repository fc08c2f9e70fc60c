"""How much memory a worker process may take, where strangers say what it does."""

from __future__ import annotations

import resource

from qexp.guarded.confined import size
from qexp.twin.memory import installed

KEPT = 4
"""One part in so many of the machine's memory is for everything but workers."""


def share(workers: int) -> int:
    """Bytes for each of some workers, of the memory that there is."""
    return installed() * (KEPT - 1) // KEPT // workers


def limit(more: int) -> None:
    """Let this process take so many bytes of address space more than it has."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = size() + more
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody reads them


def named(memory: int) -> str:
    """A number of bytes for people."""
    return f"{memory / 2**20:.0f} MiB"
