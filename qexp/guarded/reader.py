"""The main process's side of the process that reads circuits."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from qiskit import QuantumCircuit

from qexp.guarded.confined import READ

_BOOT = """
import json, sys
handle, sys.path[:] = json.loads(sys.argv[1])
from qexp.guarded.confined import serve
serve(handle)
"""

PATIENCE = 60.0
"""Seconds after which a reader that does not answer is ended."""

_PLAIN = {
    "builtins": "complex dict frozenset object range set slice",
    "collections": "OrderedDict defaultdict",
    "copyreg": "_reconstructor",
    "functools": "partial",
    "numpy": "dtype ndarray",
    "numpy.core.multiarray": "_reconstruct scalar",
    "qiskit.synthesis.evolution.product_formula": "_default_atomic_evolution",
    "uuid": "UUID",
}
"""What a circuit has beside terra's classes, by module."""


class Unreadable(Exception):
    """Circuits that are not read; the message says why."""


class _Unpickler(pickle.Unpickler):
    """Makes circuits, and nothing that a circuit does not have."""

    def find_class(self, module: str, name: str) -> Any:
        """A class of terra's, or one of a few plain things."""
        if "." not in name:
            if name in _PLAIN.get(module, "").split():
                return super().find_class(module, name)
            found = module.startswith("qiskit.") and super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a circuit")


class Reader:
    """Reads circuits in a process that may end at any time, and is started again."""

    def __init__(self) -> None:
        """Start the process; it imports while this one goes on."""
        self._lock = threading.Lock()
        self._closed = False
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-c",
                    _BOOT,
                    json.dumps([theirs.fileno(), path]),
                ],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())

    def read(self, circuits: Any) -> list[QuantumCircuit]:
        """The circuits of a job's inputs.

        Args:
            circuits: One or a list of them: encoded circuits, or OpenQASM programs.

        Raises:
            Unreadable: One of them cannot be read; says which, and why.
        """
        found = self.read_each(circuits if isinstance(circuits, list) else [circuits])
        made = []
        for place, one in enumerate(found):
            if isinstance(one, str):
                raise Unreadable(f"circuit {place} cannot be read: {one}")
            made.append(one)
        return made

    def read_each(self, circuits: list[Any]) -> list[QuantumCircuit | str]:
        """Circuits, or, in the place of those that cannot be read, why.

        Args:
            circuits: As for `read`.

        Raises:
            Unreadable: None of them was read: the process ended, or took too long.
        """
        request = json.dumps({"circuits": circuits}).encode()
        with self._lock:
            reply = self._answer(request)
        if reply[:1] != READ:
            raise Unreadable(reply[1:].decode(errors="replace"))
        try:
            made: list[QuantumCircuit | str] = _Unpickler(io.BytesIO(reply[1:])).load()
        except Exception as error:
            raise Unreadable(str(error)) from error
        return made

    def _answer(self, request: bytes) -> bytes:
        if self._process.poll() is not None and not self._closed:
            self._connection.close()
            self._start()
        try:
            self._connection.send_bytes(request)
            if self._connection.poll(PATIENCE):
                return self._connection.recv_bytes()
            what = f"reading the circuits took longer than {PATIENCE:g} seconds"
        except (EOFError, OSError):
            what = "the process that reads circuits ended"
        self._end()
        raise Unreadable(what)

    def _end(self) -> None:
        if self._process.poll() is None:
            # with whatever it has forked
            os.killpg(self._process.pid, 9)
            self._process.wait()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            self._connection.close()
            self._end()
