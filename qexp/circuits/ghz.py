"""Preparation of GHZ states."""

from __future__ import annotations

from collections.abc import Iterator

from qiskit import QuantumCircuit


def ghz(num_qubits: int, variant: str) -> QuantumCircuit:
    """A circuit that prepares (|0…0⟩ + |1…1⟩)/√2 and measures every qubit.

    Args:
        num_qubits: Qubits of the state, at least 1.
        variant: `linear` (a chain of CX), `log_depth` (the entangled set doubles in
            each layer) or `star` (every CX from qubit 0).

    Returns:
        A circuit on `num_qubits` qubits and as many clbits, qubit k into clbit k.
    """
    circuit = QuantumCircuit(num_qubits, num_qubits, name=f"ghz-{num_qubits}")
    circuit.h(0)
    for control, target in _pairs(num_qubits, variant):
        circuit.cx(control, target)
    circuit.barrier()
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def distribution(num_qubits: int) -> dict[str, float]:
    """What an ideal machine measures: all 0 and all 1, half each."""
    return {"0" * num_qubits: 0.5, "1" * num_qubits: 0.5}


def _pairs(num_qubits: int, variant: str) -> Iterator[tuple[int, int]]:
    for target in range(1, num_qubits):
        if variant == "linear":
            yield target - 1, target
        elif variant == "star":
            yield 0, target
        else:
            # the highest power of two at or below target: qubits below it are
            # entangled already, so that each layer doubles their number
            yield target - (1 << (target.bit_length() - 1)), target
