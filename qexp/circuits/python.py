"""Circuits from a Python function of the user's."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit

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
    make = _find(function)
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


def _find(function: str) -> Callable[..., Any]:
    module_name, _, name = function.rpartition(".")
    if not module_name:
        raise ConfigError(
            f"circuit.function = {function}: must be a dotted path, module.function."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"circuit.function = {function}: module {module_name} cannot be imported "
            f"({type(error).__name__}: {error}). It is searched in {here} and among the "
            "installed packages."
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        near = get_close_matches(name, dir(module), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"circuit.function = {function}: {module_name} has no function {name}.{hint}"
        )
    return found  # type: ignore[no-any-return]
