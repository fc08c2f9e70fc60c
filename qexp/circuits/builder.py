"""Circuits from their declarations, equal declarations once."""

from __future__ import annotations

import json
from pathlib import Path

from qexp.circuits import families, ghz, python, qasm
from qexp.circuits.built import Built
from qexp.circuits.content import content_of, digest_of_texts
from qexp.circuits.qasm import Source
from qexp.declare.config import Circuit, GhzCircuit, PythonCircuit, QasmCircuit
from qexp.declare.family import FamilyCircuit
from qexp.errors import ConfigError


class Builder:
    """Builds circuits for a sweep: equal declarations once, and no file twice.

    What failed is not tried again either. A builder is for one sweep in one folder: it
    forgets nothing, and takes no notice of files that change.
    """

    def __init__(self) -> None:
        self._made: dict[str, Built | ConfigError] = {}
        self._sources: dict[Path, Source] = {}

    def build(self, circuit: Circuit) -> Built:
        """The circuits that a `circuit` section declares.

        Raises:
            ConfigError: A file or a function cannot be read, or gives no circuit.
        """
        key = _key(circuit)
        if key is None:
            return self._build(circuit)
        if key not in self._made:
            self._made[key] = self._try(circuit)
        made = self._made[key]
        if isinstance(made, ConfigError):
            raise made.with_traceback(None)
        return made

    def _try(self, circuit: Circuit) -> Built | ConfigError:
        try:
            return self._build(circuit)
        except ConfigError as error:
            return error

    def _build(self, circuit: Circuit) -> Built:
        if isinstance(circuit, GhzCircuit):
            return _ghz(circuit)
        if isinstance(circuit, QasmCircuit):
            return self._qasm(circuit)
        if isinstance(circuit, FamilyCircuit):
            return families.build(circuit)
        return _python(circuit)

    def _qasm(self, circuit: QasmCircuit) -> Built:
        sources = [self._source(file) for file in qasm.find(circuit.files)]
        circuits = tuple(source.circuit for source in sources)
        # the bytes, and the gates for what the files include
        bytes_ = digest_of_texts(source.digest for source in sources)
        content = f"{bytes_} {content_of(circuits)}"
        return Built(circuits, content, tuple(made.name for made in circuits))

    def _source(self, file: Path) -> Source:
        if file not in self._sources:
            self._sources[file] = qasm.load(file)
        return self._sources[file]


def build(circuit: Circuit) -> Built:
    """The circuits that a `circuit` section declares.

    Raises:
        ConfigError: A file or a function cannot be read, or gives no circuit.
    """
    return Builder().build(circuit)


def _ghz(circuit: GhzCircuit) -> Built:
    made = ghz.ghz(circuit.num_qubits, circuit.variant)
    known = ghz.distribution(circuit.num_qubits)
    return Built((made,), content_of([made]), (made.name,), (known,))


def _python(circuit: PythonCircuit) -> Built:
    returned = python.call(circuit.function, circuit.arguments)
    labels = python.labels(circuit.function, returned)
    return Built(tuple(returned), content_of(returned), tuple(labels))


def _key(circuit: Circuit) -> str | None:
    """Text that is equal only for equal declarations; None where there is none.

    JSON would not do: it writes the key 1 of a mapping as "1". Only what JSON can hold
    has a `repr` that tells it apart, though; a long numpy array has not.
    """
    if isinstance(circuit, PythonCircuit | FamilyCircuit):
        try:
            json.dumps(circuit.arguments)
        except (TypeError, ValueError):
            return None
    return repr(circuit)
