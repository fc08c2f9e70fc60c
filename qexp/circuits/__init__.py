"""Circuits from their declaration: built, digested, and what an ideal machine gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qiskit import QuantumCircuit

from qexp.circuits import ghz, python, qasm
from qexp.circuits.content import digest_of_files, digest_of_gates
from qexp.circuits.ideal import ideal_distribution
from qexp.config import Circuit, GhzCircuit, QasmCircuit

__all__ = ["Built", "build"]


@dataclass(frozen=True)
class Built:
    """The circuits of one point, in order.

    Attributes:
        circuits: At least one circuit.
        content: Digest of what the circuits do, SHA-256 in hexadecimal.
        ideal: For each circuit the distribution of an ideal machine, by bit string
            (clbit 0 rightmost); None where it cannot be had.
        labels: For each circuit what a person calls it.
    """

    circuits: tuple[QuantumCircuit, ...]
    content: str
    ideal: tuple[Mapping[str, float] | None, ...]
    labels: tuple[str, ...]


def build(circuit: Circuit) -> Built:
    """The circuits that a `circuit` section declares.

    Raises:
        ConfigError: A file or a function cannot be read, or gives no circuit.
    """
    if isinstance(circuit, GhzCircuit):
        made = ghz.ghz(circuit.num_qubits, circuit.variant)
        distribution = ghz.distribution(circuit.num_qubits)
        return Built((made,), digest_of_gates([made]), (distribution,), (made.name,))
    if isinstance(circuit, QasmCircuit):
        files = qasm.find(circuit.files)
        loaded = [qasm.load(file) for file in files]
        # the bytes, and the gates for what the files include
        content = f"{digest_of_files(files)} {digest_of_gates(loaded)}"
        return _built(loaded, content, [file.stem for file in files])
    returned = python.call(circuit.function, circuit.arguments)
    labels = python.labels(circuit.function, returned)
    return _built(returned, digest_of_gates(returned), labels)


def _built(circuits: list[QuantumCircuit], content: str, labels: list[str]) -> Built:
    ideal = tuple(ideal_distribution(circuit) for circuit in circuits)
    return Built(tuple(circuits), content, ideal, tuple(labels))
