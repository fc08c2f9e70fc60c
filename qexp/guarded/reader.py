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
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import LifoQueue
from typing import Any

from qiskit import QuantumCircuit

from qexp.guarded.confined import READ

_BOOT = """
import json, sys
handle, sys.path[:] = json.loads(sys.argv[1])
from qexp.guarded.confined import serve
serve(handle)
"""

SLICE = 2**18
"""Characters of encoded circuits that are read at a time, if they are several: what is
large is given more time than what is small."""

PROGRAM = 4
"""What a character of a program weighs: it takes so much longer to read, and more."""

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


_ENCODED = '"__type__"'


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
            Unreadable: Some were not read: the process ended, or took too long.
        """
        made: list[QuantumCircuit | str] = []
        for texts in _slices([json.dumps(one) for one in circuits]):
            try:
                made += self._read_slice(texts)
            except Unreadable as error:
                raise Unreadable(
                    f"{_places(len(made), len(texts))}: {error}"
                ) from error
        return made

    def _read_slice(self, texts: list[str]) -> list[QuantumCircuit | str]:
        request = f'{{"circuits": [{",".join(texts)}]}}'.encode()
        with self._lock:
            reply = self._answer(request)
        if reply[:1] != READ:
            raise Unreadable(reply[1:].decode(errors="replace"))
        try:
            made: list[QuantumCircuit | str] = _Unpickler(io.BytesIO(reply[1:])).load()
        except Exception as error:
            raise Unreadable(str(error)) from error
        if len(made) != len(texts):
            raise Unreadable("the process that reads circuits lost some")
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
            with suppress(ProcessLookupError):  # another thread was faster
                # with whatever it has forked
                os.killpg(self._process.pid, 9)
            self._process.wait()

    def close(self) -> None:
        """End the process, whatever it reads."""
        self._closed = True
        self._end()
        with self._lock:
            self._connection.close()
            self._end()


class Readers:
    """Several readers, each of which is started when it is needed.

    A circuit that takes long to read keeps one of them from the others' circuits.
    """

    def __init__(self, most: int) -> None:
        """Start the first.

        Args:
            most: How many there may be.
        """
        self._lock = threading.Lock()
        self._closed = False
        self._started: list[Reader] = []
        self._idle: LifoQueue[Reader | None] = LifoQueue()
        for _ in range(most - 1):
            self._idle.put(None)
        self._idle.put(self._start())

    def read(self, circuits: Any) -> list[QuantumCircuit]:
        """The circuits of a job's inputs, as `Reader.read`."""
        reader = self._idle.get()
        try:
            reader = reader or self._start()
            return reader.read(circuits)
        finally:
            self._idle.put(reader)

    def _start(self) -> Reader:
        with self._lock:
            if self._closed:
                raise Unreadable("nothing is read any more")
            self._started.append(reader := Reader())
            return reader

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
        for reader in self._started:
            reader.close()


def _slices(texts: list[str]) -> Iterator[list[str]]:
    """Texts in their order, in pieces that weigh `SLICE`, or of one that weighs more."""
    piece: list[str] = []
    weight = 0
    for text in texts:
        more = len(text) if _ENCODED in text else PROGRAM * len(text)
        if piece and weight + more > SLICE:
            yield piece
            piece, weight = [], 0
        piece.append(text)
        weight += more
    if piece:
        yield piece


def _places(first: int, number: int) -> str:
    if number == 1:
        return f"circuit {first} cannot be read"
    return f"circuits {first} to {first + number - 1} cannot be read"


def read_packed(texts: Sequence[str]) -> list[QuantumCircuit]:
    """Circuits that somebody else has packed, read in a process of their own.

    Args:
        texts: Of each circuit its QPY, compressed, in base64.

    Raises:
        Unreadable: One of them cannot be read; says which, and why.
    """
    reader = Reader()
    try:
        return reader.read(
            [{"__type__": "QuantumCircuit", "__value__": text} for text in texts]
        )
    finally:
        reader.close()
