"""Pubs: circuits with values for their parameters, and shots."""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_magic

from qexp.emulator.platform.asked import Params
from qexp.emulator.platform.codes import NOT_VALID
from qexp.emulator.refusal import Refusal

DEFAULT_SHOTS = 4096
"""Shots where nobody says how many."""

MOST_BYTES = 16 * 2**20
"""Most bytes of an array of parameter values."""

MOST_SETS = 10_000
"""Most sets of parameter values of a pub."""

Floats = np.ndarray[Any, np.dtype[np.float64]]

_UNREAD = (
    *(ValueError, TypeError, OverflowError, zlib.error),
    *(RecursionError, MemoryError),  # of the parser of numpy's headers
)

_NAME = re.compile(
    r"\s*(?:OPENQASM\s+3[.\d]*\s*;\s*)?//[ \t]*([\w.#-]{1,200})[ \t]*\r?\n"
)
"""A circuit's name: a comment before everything else but the version."""


@dataclass(frozen=True)
class Pub:
    """A circuit, and how it is to be run.

    Attributes:
        circuit: An OpenQASM program, or an encoded circuit.
        shape: Of the array of its values.
        values: For each element of that, in C order, the values of its parameters: a
            list in the order of their names, a mapping, or None without parameters.
        shots: How often each is run.
        name: What the program calls it.
    """

    circuit: Any
    shape: tuple[int, ...]
    values: list[Any]
    shots: int
    name: str | None


def pubs(params: Params) -> list[Pub]:
    """The pubs of a job.

    Raises:
        Refusal: One of them is none; says which.
    """
    usual = params.shots or params.options.default_shots or DEFAULT_SHOTS
    return [_pub(one, place, usual) for place, one in enumerate(params.pubs)]


def _pub(sent: Any, place: int, usual: int) -> Pub:
    path = f"params.pubs.{place}"
    parts = sent if isinstance(sent, list) else [sent]
    if not 1 <= len(parts) <= 3:
        raise Refusal(
            *NOT_VALID, f"{path} must have a circuit, and may have values and shots"
        )
    circuit, values, shots = [*parts, None, None][:3]
    if shots is not None and (type(shots) is not int or shots < 1):
        raise Refusal(*NOT_VALID, f"{path}.2 (shots) must be an integer of 1 or more")
    if not isinstance(circuit, str | dict):
        raise Refusal(
            *NOT_VALID, f"{path}.0 must be an OpenQASM 3 program or an encoded circuit"
        )
    try:
        shape, each = _bindings(values)
    except _UNREAD as error:
        raise Refusal(
            *NOT_VALID, f"{path}.1 (parameter values) cannot be read: {error}"
        ) from error
    named = _NAME.match(circuit) if isinstance(circuit, str) else None
    return Pub(circuit, shape, each, shots or usual, named[1] if named else None)


def _bindings(values: Any) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of an array of values, and its elements."""
    if values is None:
        return (), [None]
    if isinstance(values, dict) and "__type__" not in values:
        named = {key: _array(value) for key, value in values.items()}
        shape = np.broadcast_shapes(*(one.shape for one in named.values()))
        if prod(shape) > MOST_SETS:
            raise ValueError(f"there are more than {MOST_SETS} sets of values")
        flat = {
            key: np.broadcast_to(one, shape).ravel().tolist()
            for key, one in named.items()
        }
        each = [{key: one[k] for key, one in flat.items()} for k in range(prod(shape))]
        return shape, each
    array = _array(values)
    if array.ndim == 0:
        raise ValueError("it must be an array with an axis for the parameters")
    shape, width = array.shape[:-1], array.shape[-1]
    return shape, array.reshape(prod(shape), width).tolist()


def _array(value: Any) -> Floats:
    array = _unpacked(value) if isinstance(value, dict) else np.asarray(value)
    if array.dtype.kind not in "iuf" and array.size:
        raise ValueError("it must be of real numbers")
    found = array.astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError("it must be of finite numbers")
    return found


def _unpacked(value: dict[str, Any]) -> np.ndarray[Any, Any]:
    """An array as the official client encodes it: compressed, in numpy's own format."""
    if value.get("__type__") != "ndarray" or "__value__" not in value:
        raise ValueError("it must be numbers, or an encoded ndarray")
    packed = base64.b64decode(value["__value__"], validate=True)
    decompressor = zlib.decompressobj()
    content = decompressor.decompress(packed, MOST_BYTES)
    if not decompressor.eof:
        raise ValueError(f"it is cut short, or longer than {MOST_BYTES} bytes")
    stream = io.BytesIO(content)
    if read_magic(stream) != (1, 0):  # type: ignore[no-untyped-call]
        raise ValueError("it must be in version 1.0 of numpy's format")
    header = read_array_header_1_0(stream)  # type: ignore[no-untyped-call]
    shape, by_column, dtype = header
    if dtype.kind not in "iufb":  # no objects
        raise ValueError("it must be of real numbers")
    flat = np.frombuffer(stream.read(), dtype)
    return flat.reshape(shape, order="F" if by_column else "C")
