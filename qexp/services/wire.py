"""The form in which inputs travel: JSON, with marked objects for what JSON lacks.

A special value is `{"__type__": …, "__value__": …}`. It is the form of IBM's
RuntimeEncoder, with two differences: numpy's numbers travel as numbers, and what is not
finite is refused, because JSON has no word for it.
"""

from __future__ import annotations

import base64
import io
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, qpy

from qexp.circuits.delays import DT, units
from qexp.circuits.distinct import distinct
from qexp.errors import ConfigError

METHODS = ("layout_method", "routing_method", "translation_method")


def encode(value: Any, path: str = "inputs") -> Any:
    """A value as plain JSON values.

    Args:
        value: Plain values, numpy's, complex numbers, circuits, and containers of them.
        path: What it is called in messages.

    Raises:
        ConfigError: It has no such form, or a number in it is not finite.
    """
    if isinstance(value, QuantumCircuit):
        return _marked("QuantumCircuit", packed(value))
    if isinstance(value, np.ndarray):
        return _array(value, path)
    if isinstance(value, np.generic):
        return encode(value.item(), path)
    if isinstance(value, float | complex) and not np.isfinite(value):
        raise ConfigError(f"{path} = {value}: must be a finite number.")
    if isinstance(value, complex):
        return _marked("complex", [value.real, value.imag])
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        pairs = value.items()
        return {_key(key, path): encode(one, f"{path}.{key}") for key, one in pairs}
    if isinstance(value, list | tuple):
        return [encode(one, f"{path}[{k}]") for k, one in enumerate(value)]
    if isinstance(value, set | frozenset):
        return _marked("set", [encode(one, path) for one in sorted(value, key=repr)])
    raise ConfigError(f"{path}: a {type(value).__name__} cannot be sent.")


def _marked(kind: str, value: Any) -> dict[str, Any]:
    return {"__type__": kind, "__value__": value}


def _key(key: Any, path: str) -> str:
    if isinstance(key, bool | int | str):
        return str(key)
    raise ConfigError(f"{path}: the key {key!r} cannot be sent; use text.")


def _array(array: np.ndarray[Any, Any], path: str) -> Any:
    if array.dtype.hasobject:
        return encode(array.tolist(), path)
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise ConfigError(f"{path}: must hold finite numbers only.")
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return _marked("ndarray", _text(stream))


def packed(circuit: QuantumCircuit) -> str:
    """A circuit as QPY, compressed, in base64.

    Raises:
        ConfigError: It has no such form, or an angle of it is not finite.
    """
    for instruction in circuit.data:
        for angle in instruction.operation.params:
            if isinstance(angle, float) and not math.isfinite(angle):
                name = instruction.operation.name
                raise ConfigError(
                    f"circuit {circuit.name}: {name} has the angle {angle}."
                )
    others = {unit for unit in units(circuit) if unit != DT}
    if others:
        raise ConfigError(
            f"circuit {circuit.name}: a delay in {min(others)} would be read as one in dt."
        )
    stream = io.BytesIO()
    try:
        qpy.dump(distinct(circuit), stream)
    except Exception as error:  # terra raises whatever its writer runs into
        raise ConfigError(
            f"circuit {circuit.name}: it cannot be written as QPY "
            f"({type(error).__name__}: {error})."
        ) from error
    return _text(stream)


def _text(stream: io.BytesIO) -> str:
    return base64.b64encode(zlib.compress(stream.getvalue())).decode()


def with_methods(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs whose methods stand in `transpiler_options` as well.

    IBM's program did not hand on those of its own inputs to the compiler.

    Raises:
        ConfigError: A method stands there already, and is another one.
    """
    further = dict(inputs.get("transpiler_options") or {})
    for name in METHODS:
        asked = inputs.get(name)
        if asked is None:
            continue
        if further.setdefault(name, asked) != asked:
            raise ConfigError(
                f"options.transpiler_options.{name} = {further[name]}: options.{name} is "
                f"{asked}. Set one of them."
            )
    return {**inputs, **({"transpiler_options": further} if further else {})}
