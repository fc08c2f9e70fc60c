"""The result of a job of the sampler: plain, or encoded as Qiskit's client reads it."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Json = dict[str, Any]


@dataclass(frozen=True)
class Sampled:
    """What came of a pub.

    Attributes:
        shape: The pub's shape.
        shots: Shots of each of its circuits.
        widths: Bits of each register.
        samples: Of each register, for each circuit, the outcomes of its shots.
    """

    shape: tuple[int, ...]
    shots: int
    widths: dict[str, int]
    samples: dict[str, list[list[int]]]


def plain(pubs: Sequence[Sampled]) -> bytes:
    """The result as it is without `support_qiskit`: outcomes in hexadecimal."""
    results = [
        {
            "data": {
                name: {
                    "samples": _nested(
                        [list(map(hex, one)) for one in each], pub.shape
                    ),
                    "num_bits": pub.widths[name],
                }
                for name, each in pub.samples.items()
            },
            "metadata": {"circuit_metadata": {}},
        }
        for pub in pubs
    ]
    return json.dumps({"results": results, "metadata": {"version": 2}}).encode()


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    step = prod(shape[1:])
    pieces = [flat[k * step : (k + 1) * step] for k in range(shape[0])]
    return [_nested(piece, shape[1:]) for piece in pieces]


def encoded(pubs: Sequence[Sampled], start: str, stop: str) -> bytes:
    """The result as it is with `support_qiskit`.

    Args:
        pubs: What came of each pub.
        start: When the job began to run (ISO 8601).
        stop: When it ended.
    """
    slices = {
        str(place): [[*pub.shape, pub.shots], 0, prod(pub.shape), 0, pub.shots]
        for place, pub in enumerate(pubs)
    }
    span = {
        "start": _typed("datetime", start),
        "stop": _typed("datetime", stop),
        "data_slices": slices,
    }
    spans = {"spans": [_typed("DoubleSliceSpan", span)]}
    execution = {"execution_spans": _typed("ExecutionSpans", spans)}
    whole = {
        "pub_results": [_pub(one) for one in pubs],
        "metadata": {"execution": execution, "version": 2},
    }
    return json.dumps(_typed("PrimitiveResult", whole)).encode()


def _typed(name: str, value: Any) -> Json:
    return {"__type__": name, "__value__": value}


def _pub(pub: Sampled) -> Json:
    data = {
        "field_names": list(pub.samples),
        "field_types": ["BitArray"] * len(pub.samples),
        "shape": list(pub.shape),
        "fields": {
            name: _typed(
                "BitArray",
                {
                    "array": _array(_bytes(pub, name)),
                    "num_bits": pub.widths[name],
                },
            )
            for name in pub.samples
        },
    }
    inside = {"data": _typed("DataBin", data), "metadata": {"circuit_metadata": {}}}
    return _typed("SamplerPubResult", inside)


def _bytes(pub: Sampled, name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Outcomes as bytes, the most significant first."""
    length = -(-pub.widths[name] // 8)
    whole = b"".join(
        outcome.to_bytes(length, "big") for one in pub.samples[name] for outcome in one
    )
    return np.frombuffer(whole, np.uint8).reshape(*pub.shape, pub.shots, length)


def _array(array: np.ndarray[Any, Any]) -> Json:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return _typed(
        "ndarray", base64.b64encode(zlib.compress(stream.getvalue())).decode()
    )
