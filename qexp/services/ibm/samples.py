"""The sampler's results, read pub by pub: what each register held after each shot.

They come in two forms. The plain one is JSON with a hexadecimal number for each shot,
and is read as a stream. The encoded one is a graph of marked objects with arrays in it.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import ijson
import numpy as np

from qexp.errors import ServiceError
from qexp.services.answers import need, short

WHAT = "the results of the sampler"

LARGEST = 2**30
"""Most bytes that an array may have once it is unpacked."""

_ENCODED = re.compile(rb'\s*\{\s*"__type__"')

Samples = dict[str, tuple[int, list[int]]]
"""By register its number of bits, and its content after each shot, bit 0 lowest."""

Json = dict[str, Any]


def pubs(raw: bytes, start: int = 0) -> Iterator[Samples]:
    """What each pub gave, in the order in which they were sent.

    Args:
        raw: Bytes in which the results are, to their end.
        start: Where the results begin.

    Raises:
        ServiceError: They are none.
    """
    try:
        if _ENCODED.match(raw, start):
            yield from map(_marked_pub, _graph(json.loads(raw[start:])))
        else:
            yield from map(_plain_pub, _streamed(raw, start))
    except (ValueError, zlib.error, EOFError) as error:
        said = short(raw[start : start + 400].decode(errors="replace"))
        raise ServiceError(f"{WHAT} cannot be read ({error}): {said}") from None


def _streamed(raw: bytes, start: int) -> Iterator[Any]:
    """Each result of the plain form; what is no strict JSON is read as a whole."""
    stream = io.BytesIO(raw)
    stream.seek(start)
    number = 0
    try:
        for one in ijson.items(stream, "results.item", use_float=True):
            number += 1
            yield one
    except ijson.JSONError:  # Python writes, and reads, NaN and Infinity
        whole = json.loads(raw[start:])
        yield from need(whole, "results", list, WHAT)[number:]
        return
    if not number:
        need(json.loads(raw[start:]), "results", list, WHAT)


def _plain_pub(result: Any) -> Samples:
    data = need(result, "data", dict, WHAT)
    return {name: _plain(one) for name, one in data.items()}


def _plain(register: Any) -> tuple[int, list[int]]:
    bits = need(register, "num_bits", int, WHAT)
    samples = need(register, "samples", list, WHAT)
    try:
        found = [int(one, 16) for one in samples]
    except (TypeError, ValueError):
        raise ServiceError(
            f"{WHAT} have samples that are none: {short(samples)}"
        ) from None
    return bits, _within(found, bits)


def _within(found: list[int], bits: int) -> list[int]:
    if found and (min(found) < 0 or max(found) >> bits):
        raise ServiceError(f"{WHAT} have samples of more than {bits} bits")
    return found


def _graph(value: Any) -> list[Any]:
    """The pub results of the encoded form."""
    inside = _inside(value, "PrimitiveResult")
    return list(need(inside, "pub_results", list, WHAT))


def _marked_pub(result: Any) -> Samples:
    data = _inside(
        need(_inside(result, "SamplerPubResult"), "data", dict, WHAT), "DataBin"
    )
    fields: Mapping[str, Any] = need(data, "fields", dict, WHAT)
    return {name: _marked(one) for name, one in fields.items()}


def _marked(register: Any) -> tuple[int, list[int]]:
    held = _inside(register, "BitArray")
    bits = need(held, "num_bits", int, WHAT)
    array = _array(_inside(need(held, "array", dict, WHAT), "ndarray"))
    width = -(-bits // 8)
    if array.dtype != np.uint8 or array.ndim < 2 or array.shape[-1] != width:
        raise ServiceError(
            f"{WHAT} have an array of {array.dtype} in the form {array.shape} for "
            f"{bits} bits"
        )
    rows = array.reshape(-1, width)
    found = [int.from_bytes(row.tobytes(), "big") for row in rows]
    return bits, _within(found, bits)


def _array(text: Any) -> Any:
    if not isinstance(text, str):
        raise ServiceError(f"{WHAT} have no array where there should be one")
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST)
    if unpacker.unconsumed_tail:
        raise ServiceError(f"{WHAT} have an array of more than {LARGEST} bytes")
    return np.load(io.BytesIO(content), allow_pickle=False)


def _inside(value: Any, kind: str) -> Any:
    """The value of a marked object.

    Raises:
        ServiceError: It is another, or none.
    """
    if not isinstance(value, dict) or value.get("__type__") != kind:
        raise ServiceError(f"{WHAT} have no {kind} where there should be one")
    return value.get("__value__")
