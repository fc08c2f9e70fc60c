"""QPY that somebody else wrote.

Terra's reader hands the text of symbolic expressions to sympy, which evaluates it, and
binary ones to symengine, which a malformed one crashes. A compiled circuit has none.
"""

from __future__ import annotations

import base64
import io
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qiskit import QuantumCircuit, qpy
from qiskit.qpy.binary_io import schedules, value

LARGEST = 64 * 2**20
"""Most bytes that a circuit may have when it is unpacked."""

_READERS = (
    (value, "_read_parameter_expression"),
    (value, "_read_parameter_expression_v3"),
    (schedules, "_loads_symbolic_expr"),
)

_lock = threading.Lock()


def harmless(text: Any) -> bool:
    """Whether a text is one circuit, and reading it evaluates nothing."""
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST)
        if not unpacker.eof:
            return False
        with _refusing():
            (circuit,) = qpy.load(io.BytesIO(raw))
    except Exception:  # terra raises whatever its reader runs into
        return False
    return isinstance(circuit, QuantumCircuit)


@contextmanager
def _refusing() -> Iterator[None]:
    """Terra's readers of expressions replaced by one that refuses."""
    with _lock:
        kept = [(place, name, getattr(place, name)) for place, name in _READERS]
        for place, name, _ in kept:
            setattr(place, name, _refuse)
        try:
            yield
        finally:
            for place, name, reader in kept:
                setattr(place, name, reader)


def _refuse(*arguments: Any, **named: Any) -> Any:
    raise ValueError("an expression")
