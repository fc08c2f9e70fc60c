"""The main process's side of the worker processes: the server, and a link to each."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from qexp.devices.device import Device
from qexp.services.task import Order, Task

READY, STARTED, ENDED, DROPPED = "ready", "started", "ended", "dropped"
"""What a worker tells: its process id once, then a message's number each time."""

SINGLE = {
    "RAYON_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "QISKIT_PARALLEL": "FALSE",
}
"""Environment of the workers: there is one for each core, so each has one thread."""

_BOOT = """
import json, sys
handle, memory, sys.path[:] = json.loads(sys.argv[1])
from qexp.services.worker import serve
serve(handle, memory)
"""

Told = tuple[str, int, bytes]


@dataclass(frozen=True)
class Sent:
    """A task as it travels to a worker.

    Attributes:
        number: What the worker calls it.
        order: What is asked.
        circuits: The circuits as they were declared, pickled.
        device: The device, the first time that this worker needs it.
        path: Where modules are found, for operations of the user's.
    """

    number: int
    order: Order
    circuits: bytes
    device: Device | None
    path: tuple[str, ...]


class Link:
    """A connection to one worker process."""

    def __init__(self, connection: Connection, status: int) -> None:
        """Hold on to both descriptors.

        Args:
            connection: Messages, both ways.
            status: Where the exit code can be read when the process has ended.
        """
        self._connection = connection
        self._status = status
        self._writing = threading.Lock()
        self._devices: set[str] = set()

    def send(self, number: int, task: Task) -> None:
        """Send a task.

        Raises:
            OSError: The process has ended.
            Exception: The circuits cannot be pickled.
        """
        order, device = task.order, task.submission.device
        known = order.device in self._devices
        circuits = pickle.dumps(task.part.built.circuits)
        sent = Sent(number, order, circuits, None if known else device, search_path())
        self._write(pickle.dumps(sent))
        self._devices.add(order.device)

    def drop(self) -> None:
        """Call back what has not begun.

        Raises:
            OSError: The process has ended.
        """
        self._write(pickle.dumps(None))

    def _write(self, message: bytes) -> None:
        with self._writing:
            self._connection.send_bytes(message)

    def told(self) -> Iterator[Told]:
        """What the worker tells, until it ends."""
        try:
            while True:
                yield self._connection.recv()
        except (EOFError, OSError):
            return

    def ended(self) -> str:
        """How the process ended, or nothing where that is unknown; closes the link."""
        with self._writing:
            self._connection.close()
        with os.fdopen(self._status, "rb") as status:
            code = status.read().decode()
        if code.startswith("-"):
            return f"signal {code[1:]}"
        return f"exit status {code}" if code else ""


class Server:
    """The process that forks the workers.

    Not multiprocessing's own fork server: that one runs the user's main module again in
    each worker, takes the current folder's modules for the library's, and lets a
    worker that simulates live on when this process is killed.
    """

    def __init__(self, memory: int | None = None) -> None:
        """Start it; it imports while this process goes on.

        Args:
            memory: Most bytes that a worker may take for what it is sent; None is any.
        """
        self._memory = memory
        self._lock = threading.Lock()
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            argument = json.dumps([theirs.fileno(), self._memory, search_path()])
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, argument],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **SINGLE},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process alone
            )

    def _start_again(self) -> None:
        """Start another in the place of one that has ended, or is about to."""
        if self._closed:
            return
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._start()

    def fork(self) -> Link:
        """A new worker; messages wait until it is there."""
        with self._lock:
            if self._process.poll() is not None:
                self._start_again()
            ours, theirs = socket.socketpair()
            status, told = os.pipe()
            handles = [theirs.fileno(), told]
            try:
                socket.send_fds(self._control, [b"w"], handles)
            except OSError:  # it is ending
                self._start_again()
                with suppress(OSError):  # and so is this one: the link says so
                    socket.send_fds(self._control, [b"w"], handles)
            finally:
                theirs.close()
                os.close(told)
        return Link(Connection(ours.detach()), status)

    def close(self) -> None:
        """End it and all that it forked."""
        with self._lock:
            self._closed = True
            self._control.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:  # it is importing
                self._process.kill()
                self._process.wait()


def search_path() -> tuple[str, ...]:
    """Where this process finds modules."""
    return tuple(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100
