"""The arguments of `run_circuits`: in the forms of the options, and so named in errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import UnionType
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

from qexp.errors import ConfigError

METHODS = ("layout_method", "routing_method", "translation_method")

_NAMES = (
    (re.compile(r"\boptions\.(run_config\.)?"), ""),
    (re.compile(r"^circuit = ", re.MULTILINE), "circuits = "),
    (re.compile(r"^backend = ", re.MULTILINE), "backend_name = "),
)
"""What keys of a configuration are called among the arguments."""


@contextmanager
def as_arguments() -> Iterator[None]:
    """Let errors name arguments, where they would name keys of a configuration."""
    try:
        yield
    except ConfigError as error:
        text = str(error)
        for key, name in _NAMES:
            text = key.sub(name, text)
        raise ConfigError(text) from error


def listed(circuits: Any) -> list[QuantumCircuit]:
    """The circuits.

    Raises:
        ConfigError: There are none, or one of them is something else.
    """
    if isinstance(circuits, QuantumCircuit):
        return [circuits]
    if not isinstance(circuits, Sequence) or isinstance(circuits, str):
        raise _circuits(circuits, f"a {type(circuits).__name__} is given")
    if not circuits:
        raise _circuits(circuits, "there are none")
    for place, one in enumerate(circuits):
        if not isinstance(one, QuantumCircuit):
            raise _circuits(circuits, f"number {place} is a {type(one).__name__}")
    return list(circuits)


def _circuits(value: Any, why: str) -> ConfigError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return ConfigError(
        f"circuits = {shown}: must be a QuantumCircuit or a list of them; {why}."
    )


def require(name: str, value: Any, kind: type | UnionType, wanted: str) -> None:
    """Refuse an argument of another type.

    Raises:
        ConfigError: It has another.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name} = {value!r}: must be {wanted}.")


def methods(
    further: Mapping[str, Any], asked: Sequence[str | None]
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """`transpiler_options` without methods, and the methods, wherever they stood."""
    named = dict(zip(METHODS, asked, strict=True))
    for name in METHODS:
        there = further.get(name)
        if None not in (there, named[name]) and there != named[name]:
            raise ConfigError(
                f"transpiler_options.{name} = {there}: {name} is {named[name]}. Set one."
            )
        named[name] = named[name] or there
    rest = {key: plain(v) for key, v in further.items() if key not in METHODS}
    return rest, named


def plain(value: Any) -> Any:
    """A value without numpy's types, which a strict schema would refuse."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def layout(asked: Any, circuit: QuantumCircuit) -> Any:
    """`initial_layout` as the option, of whatever form it has; what has none is left.

    Raises:
        ConfigError: It names a qubit that the circuit does not have.
    """
    if isinstance(asked, Layout):
        asked = asked.get_virtual_bits()
    if isinstance(asked, np.ndarray | list | tuple | range):
        return [plain(one) for one in asked]
    if not isinstance(asked, Mapping):
        return asked
    return {_place(qubit, circuit): plain(there) for qubit, there in asked.items()}


def _place(qubit: Any, circuit: QuantumCircuit) -> Any:
    if not isinstance(qubit, Qubit):
        return plain(qubit)
    if qubit not in circuit.qubits:
        raise ConfigError(
            f"initial_layout: {qubit} is no qubit of circuit {circuit.name}, the first. "
            "Give a list of physical qubits in circuit order."
        )
    return circuit.find_bit(qubit).index
