"""Circuits from a Python function of the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.dotted import find
from qexp.errors import ConfigError

_AUTOMATIC = re.compile(r"circuit-\d+(-\d+)?")


def call(function: str, arguments: Mapping[str, Any]) -> list[QuantumCircuit]:
    """The circuits that a function returns.

    Args:
        function: Dotted path, `package.module.function`.
        arguments: Its keyword arguments.

    Raises:
        ConfigError: The function cannot be found, fails, or returns something else.
    """
    make = find("circuit.function", function, "function")
    try:
        returned = make(**arguments)
    except (Exception, SystemExit) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise ConfigError(
            f"circuit.function = {function}: called with ({given}) it raised "
            f"{type(error).__name__}: {error}"
        ) from error
    circuits = [returned] if isinstance(returned, QuantumCircuit) else returned
    if not _is_circuits(circuits):
        raise ConfigError(
            f"circuit.function = {function}: returned {type(returned).__name__}; "
            "it must return a QuantumCircuit or a list of them."
        )
    return list(circuits)


def labels(function: str, circuits: list[QuantumCircuit]) -> list[str]:
    """What to call the circuits: by their own names, or by the function's.

    A circuit that was not named is called `circuit-<number>` by terra, and another
    number each time.
    """
    name = function.rpartition(".")[2]
    own = f"{name}-{{}}" if len(circuits) > 1 else name
    return [
        own.format(k) if _AUTOMATIC.fullmatch(circuit.name) else circuit.name
        for k, circuit in enumerate(circuits)
    ]


def _is_circuits(returned: Any) -> bool:
    if not isinstance(returned, list | tuple) or not returned:
        return False
    return all(isinstance(circuit, QuantumCircuit) for circuit in returned)
