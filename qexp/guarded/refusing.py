"""Circuits out of a request, read where nothing is lost if the reader goes astray.

This runs in a process of its own (`qexp.guarded.reader`). Terra 0.46 reads a parameter
expression by evaluating it (CVE-2025-2000), and hands symengine's streams to a parser
that they can crash (CVE-2025-1403). Circuits that can be run have no expressions left, so
whatever reads one refuses instead; and names in a stream may only name operations.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import pickle
import pkgutil
import zlib
from contextlib import suppress
from types import ModuleType
from typing import Any

import qiskit.circuit
import qiskit.pulse
from qiskit import QuantumCircuit, qasm2, qpy
from qiskit.circuit.operation import Operation
from qiskit.exceptions import QiskitError
from qiskit.qpy.binary_io import circuits as circuits_io
from qiskit.qpy.binary_io import schedules as schedules_io
from qiskit.qpy.binary_io import value as value_io
from qiskit.synthesis.evolution import EvolutionSynthesis

from qexp.circuits.qasm import WIDEST, is_version_3, widest_register
from qexp.guarded import programs

MOST_BYTES = 256 * 2**20
"""Most bytes of one circuit, decompressed."""

_NAMESPACES: dict[str, type] = {
    "library": Operation,
    "circuit_mod": Operation,
    "extensions": Operation,
    "quantum_initializer": Operation,
    "controlflow": Operation,
    "evo_synth": EvolutionSynthesis,
}
"""Modules in which terra looks up a class by a name in the stream, to call it, and what
may be found there."""


_NEEDED: tuple[ModuleType, ...] = (qiskit.circuit, qiskit.pulse)
"""Packages whose modules are imported late, some of them while a circuit is read."""


class Refused(Exception):
    """A circuit that is not read; the message says why."""


def _refuse(*_: Any, **__: Any) -> Any:
    raise Refused(
        "symbolic expressions are not read: bind the parameters of circuits and pulses"
    )


class _Only:
    """A module of which only the classes of one kind can be seen."""

    def __init__(self, module: Any, kind: type) -> None:
        self._module = module
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, type) and issubclass(found, self._kind):
            return found
        raise AttributeError(name)


def harden() -> None:
    """Replace what is dangerous in terra's QPY reader, in this process."""
    value_io._read_parameter_expression = _refuse
    value_io._read_parameter_expression_v3 = _refuse
    schedules_io._loads_symbolic_expr = _refuse
    for name, kind in _NAMESPACES.items():
        setattr(circuits_io, name, _Only(getattr(circuits_io, name), kind))


def warm() -> None:
    """Import now what reading imports late, because no file can be opened then."""
    for package in _NEEDED:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):  # of packages that are optional
                importlib.import_module(module.name)
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    whole = base64.b64encode(zlib.compress(stream.getvalue())).decode()
    texts = [
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; x q[0];',
        'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; rx(pi/2) q[0]; '
        "if (c[0]) { x q[0]; } c[0] = measure q[0];",
    ]
    item = {"__type__": "QuantumCircuit", "__value__": whole}
    pickle.loads(read(json.dumps({"circuits": [item, *texts]}).encode()))


def read(request: bytes) -> bytes:
    """The circuits of a request, pickled; the reason in the place of an unread one.

    Args:
        request: JSON with `circuits`, a list of them as circuit-runner takes them.
    """
    return pickle.dumps([_read(item) for item in json.loads(request)["circuits"]])


def _read(item: Any) -> QuantumCircuit | str:
    try:
        if isinstance(item, dict) and "values" in item:
            return _bound(_assigned(_circuit(item["circuit"]), item["values"]))
        return _bound(_circuit(item))
    except MemoryError:
        return "it takes too much memory"
    except Exception as error:  # terra raises whatever its readers run into
        return _said(error)


def _said(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    message = getattr(error, "message", None) or str(error)
    if "for 'dt' unit" in message:  # in QPY, delays have no unit
        return "a delay is no integer: QPY keeps no units, so give delays in dt"
    if isinstance(error, QiskitError) or message.startswith("Invalid instruction type"):
        return message  # they are terra's own sentences
    return (
        "it is no circuit that can be read (QPY up to version "
        f"{qpy.common.QPY_VERSION}, compressed, in base64)"
    )


def _circuit(item: Any) -> QuantumCircuit:
    if isinstance(item, str):
        return _program(item)
    if not isinstance(item, dict) or item.get("__type__") != "QuantumCircuit":
        raise Refused("it is neither an encoded QuantumCircuit nor an OpenQASM program")
    stream = io.BytesIO(_decompressed(base64.b64decode(item["__value__"])))
    found = qpy.load(stream)
    if len(found) != 1 or not isinstance(found[0], QuantumCircuit):
        raise Refused("its stream must hold one circuit")
    return found[0]


def _assigned(circuit: QuantumCircuit, values: Any) -> QuantumCircuit:
    """A circuit with its parameters bound, by name or in the order of their names."""
    names = [parameter.name for parameter in circuit.parameters]
    if isinstance(values, list) and len(values) != len(names):
        raise Refused(f"it has {len(names)} parameters, and {len(values)} values")
    if isinstance(values, dict) and sorted(values) != sorted(names):
        raise Refused(
            f"its parameters are {', '.join(names) or 'none'}, and there are values for "
            f"{', '.join(sorted(values)) or 'none'}"
        )
    if isinstance(values, dict):
        values = [values[name] for name in names]
    return circuit.assign_parameters(values)


def _bound(circuit: QuantumCircuit) -> QuantumCircuit:
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise Refused(f"its parameters are not bound: {names}")
    return circuit


def _decompressed(content: bytes) -> bytes:
    stream = zlib.decompressobj()
    whole = stream.decompress(content, MOST_BYTES)
    if not stream.eof:
        raise Refused(f"its stream is cut short, or longer than {MOST_BYTES} bytes")
    return whole


def _program(text: str) -> QuantumCircuit:
    if not text.strip():
        raise Refused("it is empty")
    if widest_register(text) > WIDEST:
        raise Refused(f"a register has more than {WIDEST} bits")
    if is_version_3(text):
        return programs.loads(text)
    # no include path: a program names no files of this machine
    return qasm2.loads(
        text, include_path=(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS
    )
