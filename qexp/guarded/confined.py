"""The process that reads circuits: it forks for each request, and limits what it forks."""

from __future__ import annotations

import gc
import os
import resource
import signal
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

READ, REFUSED = b"\0", b"\1"
"""First byte of a reply: what was read, or why nothing was."""

MEMORY = 2**30
"""Bytes that reading may take, beside what the process has already."""

SECONDS = 5
"""Seconds of processor time that reading may take."""

WALL = 30
"""Seconds by the clock that reading may take, on a machine that is busy."""

_ENDS: dict[int, str] = {
    signal.SIGXCPU: f"reading took more than {SECONDS} seconds of processor time",
    signal.SIGALRM: f"reading took more than {WALL} seconds",
}
"""What ends the process that reads, where it is known."""


def serve(handle: int) -> None:
    """Read one request after another, until the other end is closed.

    Args:
        handle: Descriptor of a socket: requests come, replies go.
    """
    from qexp.guarded import refusing

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides
    warnings.simplefilter("ignore")
    refusing.warm()
    refusing.harden()
    gc.freeze()
    connection = Connection(handle)
    while True:
        try:
            request = connection.recv_bytes()
        except (EOFError, OSError):
            return
        connection.send_bytes(_forked(request, handle))


def _forked(request: bytes, handle: int) -> bytes:
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(ours)
            os.close(handle)
            _reply(request, theirs)
        finally:
            os._exit(1)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        reply = pipe.read()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return reply
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    usual = f"the process that read the circuits ended ({how})"
    return REFUSED + _ENDS.get(-code, usual).encode()


def _reply(request: bytes, pipe: int) -> None:
    from qexp.guarded import refusing

    _limit()
    try:
        reply = READ + refusing.read(request)
    except MemoryError:
        reply = REFUSED + b"the circuits take too much memory"
    view = memoryview(reply)
    while view:
        view = view[os.write(pipe, view) :]
    os._exit(0)


def _limit() -> None:
    """Take from this process what reading does not need."""
    signal.setitimer(signal.ITIMER_REAL, WALL)
    for what, most in {
        resource.RLIMIT_AS: size() + MEMORY,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,
    }.items():
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, most))
    # the first ends the process with a signal of its own, the second with any
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def size() -> int:
    """Bytes of address space that this process has."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no Linux
        return 4 * 2**30
    return pages * resource.getpagesize()
