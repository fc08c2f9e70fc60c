"""How circuits become those of a device: terra's compiler, and what it made as text."""

from __future__ import annotations

import base64
import copy
import io
import time
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from qiskit import QuantumCircuit, qpy
from qiskit.providers import BackendV1

from qexp.circuits.distinct import distinct
from qexp.services.machine import Json
from qexp.terra import transpile

COMPILE_OPTIONS = (
    "initial_layout",
    "layout_method",
    "routing_method",
    "translation_method",
    "seed_transpiler",
    "optimization_level",
)
"""Inputs that are arguments of `qiskit.transpile`."""

READ = 256
"""Compiled circuits that are kept as objects, for the points that share them."""


class Made(NamedTuple):
    """A compiled circuit.

    Attributes:
        circuit: The circuit.
        seconds: How long the compiler took.
        text: The same circuit as QPY in base64, equal for all that share it: it has no
            name of its own.
    """

    circuit: QuantumCircuit
    seconds: float
    text: str


Compile = Callable[[BackendV1, QuantumCircuit, Json], Made]
"""From a circuit and the arguments of `transpile` to what it becomes."""


def compiled(backend: BackendV1, circuit: QuantumCircuit, arguments: Json) -> Made:
    """The circuit as `transpile` makes it."""
    start = time.perf_counter()
    made = transpile(circuit, backend, **arguments)
    seconds = time.perf_counter() - start
    return Made(made, seconds, nameless(made))


def compile_for(
    backend: BackendV1,
    circuit: QuantumCircuit,
    inputs: Json,
    compile: Compile = compiled,
) -> Made:
    """The circuit as the program would compile it.

    Args:
        backend: The device.
        circuit: A circuit as it was declared.
        inputs: Compile options of circuit-runner that are set, by name.
        compile: The compiler.
    """
    return compile_by(dict(inputs), backend, circuit, compile)


def compile_by(
    inputs: Json, backend: BackendV1, circuit: QuantumCircuit, compile: Compile
) -> Made:
    """The circuit as inputs ask for it; those that do are taken out of them."""
    arguments = {key: inputs.pop(key, None) for key in COMPILE_OPTIONS}
    arguments |= inputs.pop("transpiler_options", {})
    if inputs.pop("skip_transpilation", False):
        return Made(circuit, 0.0, nameless(circuit))
    if arguments.get("initial_layout") is not None:
        arguments["initial_layout"] = _layout(arguments["initial_layout"])
    return compile(backend, circuit, arguments)


def _layout(asked: list[int] | Json) -> list[int]:
    """A layout as a list in circuit order; JSON turns a mapping's keys into text."""
    if isinstance(asked, list):
        return asked
    return [physical for _, physical in sorted((int(q), p) for q, p in asked.items())]


def renamed(circuit: QuantumCircuit, name: str) -> QuantumCircuit:
    """A circuit under another name, which shares its instructions; neither is changed."""
    own = copy.copy(circuit)
    own.name = name
    return own


def nameless(circuit: QuantumCircuit) -> str:
    """A circuit as QPY in base64, whatever it is called."""
    own = renamed(circuit, "compiled")
    own.metadata = {}
    stream = io.BytesIO()
    qpy.dump(distinct(own), stream)
    return base64.b64encode(zlib.compress(stream.getvalue())).decode()


@lru_cache(maxsize=READ)
def decoded(text: str) -> QuantumCircuit:
    """The circuit of a header's `compiled`; only for answers of this very program.

    Points that share one get the same object, which is not to be changed.
    """
    stream = io.BytesIO(zlib.decompress(base64.b64decode(text)))
    circuit: QuantumCircuit = qpy.load(stream)[0]
    return circuit
