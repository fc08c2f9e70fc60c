"""The processes beside the main one: a server that forks, and the workers it forks.

The server imports terra, Aer and M3 once, runs nothing itself, and kills its workers
when the main process ends, however it ends: a worker that simulates cannot look up.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import sys
import threading
import warnings
from multiprocessing.connection import Connection, wait
from queue import Empty, SimpleQueue

from qexp.devices.device import Device
from qexp.services.engine import Engine
from qexp.services.link import DROPPED, ENDED, READY, STARTED, Sent
from qexp.services.memory import limit
from qexp.services.program import reason

FAILED = 1


def serve(handle: int, memory: int | None = None) -> None:
    """Fork a worker for each connection that comes; end when the main process does.

    Args:
        handle: Descriptor of a Unix socket. A message on it carries two descriptors:
            the worker's connection, and where its wait status is written.
        memory: Most bytes that a worker may take beside what it has at its start; None
            is any.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides
    warnings.simplefilter("ignore")
    gc.freeze()
    control = socket.socket(fileno=handle)
    woken = _on_child_end()
    workers: dict[int, int] = {}
    while True:
        ready = wait([control, woken])
        if woken in ready:
            woken.recv(4096)
            _reap(workers)
        if control in ready:
            _, handles, _, _ = socket.recv_fds(control, 1, 2)
            if not handles:
                break
            _fork(handles, workers, (control, woken), memory)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)


def _on_child_end() -> socket.socket:
    """A socket that can be read when a child has ended."""
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
    return woken


def _reap(workers: dict[int, int]) -> None:
    for pid in list(workers):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with os.fdopen(workers.pop(pid), "wb") as told:
                told.write(str(os.waitstatus_to_exitcode(status)).encode())


def _fork(
    handles: list[int],
    workers: dict[int, int],
    own: tuple[socket.socket, ...],
    memory: int | None,
) -> None:
    connection, told = handles
    pid = os.fork()
    if pid:
        os.close(connection)
        workers[pid] = told
        return
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in own:
            one.close()
        for handle in (told, *workers.values()):
            os.close(handle)
        if memory is not None:
            limit(memory)
        Worker(Connection(connection)).work()
    finally:
        os._exit(FAILED)  # never into the server's own loop


class Worker:
    """Runs what it is sent, one after another; what is not begun can be called back."""

    def __init__(self, connection: Connection) -> None:
        """Attach to the main process."""
        self._connection = connection
        self._sending = threading.Lock()
        self._waiting: SimpleQueue[Sent] = SimpleQueue()
        self._engine = Engine(threads=1)
        self._devices: dict[str, Device] = {}

    def work(self) -> None:
        """Work until the main process is gone."""
        threading.Thread(target=self._read, daemon=True).start()
        self._tell(READY, os.getpid())
        while True:
            sent = self._waiting.get()
            self._tell(STARTED, sent.number)
            self._tell(ENDED, sent.number, self._answer(sent))

    def _read(self) -> None:
        # a thread of its own, or two ends that write much would wait for each other
        try:
            while True:
                sent: Sent | None = pickle.loads(self._connection.recv_bytes())
                if sent is None:
                    self._drop()
                    continue
                if sent.device is not None:  # before it can be called back
                    self._devices[sent.order.device] = sent.device
                self._waiting.put(sent)
        finally:
            os._exit(0)

    def _drop(self) -> None:
        try:
            while True:
                self._tell(DROPPED, self._waiting.get_nowait().number)
        except Empty:
            return

    def _tell(self, what: str, number: int, raw: bytes = b"") -> None:
        with self._sending:
            self._connection.send((what, number, raw))

    def _answer(self, sent: Sent) -> bytes:
        order = sent.order
        sys.path += [entry for entry in sent.path if entry not in sys.path]
        device = self._devices[order.device]
        try:
            circuits = pickle.loads(sent.circuits)
        except Exception as error:  # a class of the user's that cannot be found
            return self._engine.refuse(order, device, f"{UNREADABLE} ({reason(error)})")
        return self._engine.run(order, device, circuits)


UNREADABLE = "the worker process cannot read the circuits; run with one worker"
