"""How much memory a worker process may take, where strangers say what it does."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from qexp.guarded.confined import size

KEPT = 4
"""One part in so many of the machine's memory is for everything but workers."""

_GROUP = Path("/sys/fs/cgroup/memory.max")


def share(workers: int) -> int:
    """Bytes for each of some workers, of the memory that there is."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no control group, or one without a limit
        there = min(there, int(_GROUP.read_text()))
    return there * (KEPT - 1) // KEPT // workers


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
