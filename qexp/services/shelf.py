"""What has been compiled, kept in the workspace for the next run.

A compilation depends on the circuit, the device, the options, the seed, and the compiler,
and on nothing else; so where all are the same, it need not be done again.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from shutil import disk_usage
from typing import Any

from diskcache import Cache, JSONDisk, Timeout
from filelock import FileLock
from qiskit import QuantumCircuit, __version__
from qiskit.providers import BackendV1

from qexp.circuits.content import digest_of_gates, digest_of_texts
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.services.compiling import Compile, Made, compiled, decoded
from qexp.services.machine import Json

FOLDER = "compiled"
"""Where it is in a workspace; it may be deleted whenever nothing runs."""

SIZE = 256 * 2**20
"""Bytes on the disk; beyond, what has not been used for longest goes."""

FORMAT = 1
"""Raised when what is kept, or what it is kept under, changes its meaning."""

ROOM = 64 * 2**20
"""Bytes that have to be free on the disk: a paid answer needs them more than this."""

WAIT_SECONDS = 10
"""How long another process may be in the way."""

UNAVAILABLE = (OSError, sqlite3.Error, Timeout)
"""What a disk that is full, read-only or torn makes of a look: nothing is known."""


class Shelf:
    """Compiled circuits on the disk."""

    def __init__(self, folder: Path | None, size: int = SIZE) -> None:
        """Open or make a shelf.

        Args:
            folder: Its folder, which is made; None is one that keeps nothing.
            size: Most bytes.
        """
        self._cache: Any = None
        if folder is None:
            return
        with suppress(*UNAVAILABLE):
            if disk_usage(folder.parent).free < ROOM:
                return
            folder.mkdir(parents=True, exist_ok=True)
            # SQLite waits for nobody while a database is being made
            with FileLock(folder / "making", timeout=WAIT_SECONDS):
                # its own way to keep Python objects would run what a file says
                self._cache = Cache(
                    str(folder),
                    disk=JSONDisk,
                    size_limit=size,
                    eviction_policy="least-recently-used",
                    timeout=WAIT_SECONDS,
                )

    def compiler(self, device: Device | str) -> Compile:
        """The compiler for a device, or its digest, which looks here first."""
        digest = device if isinstance(device, str) else device.digest

        def compile(
            backend: BackendV1, circuit: QuantumCircuit, arguments: Json
        ) -> Made:
            key = _key(digest, circuit, arguments)
            if key is None or self._cache is None:
                return compiled(backend, circuit, arguments)
            known = self._get(key)
            if known is None:
                known = compiled(backend, circuit, arguments)
                self._put(key, known)
            return known

        return compile

    def _get(self, key: str) -> Made | None:
        try:
            kept = self._cache.get(key)
            return Made(decoded(kept["text"]), float(kept["seconds"]), kept["text"])
        except Exception:  # it is not there, or not what was put there
            return None

    def _put(self, key: str, made: Made) -> None:
        if _whole(made):
            with suppress(*UNAVAILABLE):
                if disk_usage(self._cache.directory).free < ROOM:
                    return
                self._cache.set(key, {"text": made.text, "seconds": made.seconds})


def shelf(home: Path | str) -> Shelf:
    """The shelf of a workspace; an empty one that stays empty where there is none."""
    return _opened(Path(home) / FOLDER if Path(home).is_dir() else None)


@lru_cache(maxsize=4)
def _opened(folder: Path | None) -> Shelf:
    return Shelf(folder)


def _key(device: str, circuit: QuantumCircuit, arguments: Json) -> str | None:
    """What a compilation depends on; None where it would be another one each time."""
    if arguments.get("seed_transpiler") is None:
        return None
    try:
        gates = digest_of_gates([circuit])
        asked = json.dumps(arguments, sort_keys=True)
    except (ConfigError, TypeError, ValueError):
        return None
    registers = json.dumps([[one.name, one.size] for one in circuit.cregs])
    texts = (str(FORMAT), __version__, device, gates, registers, asked)
    return digest_of_texts(texts)


def _whole(made: Made) -> bool:
    """Whether the text has all that the circuit has: QPY has no word for some things."""
    circuit, again = made.circuit, decoded(made.text)
    return bool(
        circuit == again
        and _places(circuit) == _places(again)
        and circuit._op_start_times is None
        and (circuit.duration, circuit.unit) == (again.duration, again.unit)
    )


def _places(circuit: QuantumCircuit) -> tuple[list[int], ...]:
    """Which physical qubits a compiled circuit begins and ends on."""
    layout = circuit.layout
    if layout is None:
        return ()
    return layout.initial_index_layout(), layout.final_index_layout()
