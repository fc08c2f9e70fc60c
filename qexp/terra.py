"""Terra's compiler, without what it would import for nothing."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import qiskit
from qiskit import QuantumCircuit
from stevedore.extension import ExtensionManager

TRANSLATIONS = "qiskit.transpiler.translation"
"""Entry points of the stage that translates gates."""

SPARED = "qiskit_ibm_runtime."
"""Where the stages are that are looked for only if they are asked for."""


def transpile(circuit: QuantumCircuit, *arguments: Any, **named: Any) -> QuantumCircuit:
    """What `qiskit.transpile` makes of a circuit.

    Terra looks for stages of its compiler in all packages that are installed. One that M3
    brings has two, for today's IBM compilers, and takes half a second and more to import in
    every process that compiles; so it is left out where neither is asked for.

    Args:
        circuit: The circuit.
        arguments: As for `qiskit.transpile`.
        named: As for `qiskit.transpile`.
    """
    _spare_imports(named.get("translation_method"))
    return qiskit.transpile(circuit, *arguments, **named)


def _spare_imports(translation: str | None) -> None:
    known = ExtensionManager.ENTRY_POINT_CACHE
    if translation is not None and translation.startswith("ibm_"):
        known.pop(TRANSLATIONS, None)
    elif TRANSLATIONS not in known:
        known[TRANSLATIONS] = [
            one
            for one in entry_points(group=TRANSLATIONS)
            if not one.value.startswith(SPARED)
        ]
