"""What an ideal machine measures, and where a circuit's final measurements are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

IDEAL_LIMIT = 20
"""Most active qubits whose ideal distribution is simulated (a state vector of 16 MiB)."""

_NEGLIGIBLE = 1e-12
"""Probabilities below this are rounding of the state vector, not outcomes."""


def final_measurements(circuit: QuantumCircuit) -> dict[int, int]:
    """Qubit to clbit of the measurements that are last on both, ordered by clbit.

    This is the rule of the circuit-runner program: instructions are walked backwards,
    barriers are passed over, and any other instruction retires its qubits.
    """
    qubits, clbits = set(range(circuit.num_qubits)), set(range(circuit.num_clbits))
    found: dict[int, int] = {}
    for instruction in reversed(circuit.data):
        if instruction.operation.name == "barrier":
            continue
        touched = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        if instruction.operation.name == "measure":
            clbit = circuit.find_bit(instruction.clbits[0]).index
            if touched[0] in qubits and clbit in clbits:
                found[touched[0]] = clbit
                clbits.discard(clbit)
        qubits.difference_update(touched)
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def ideal_distribution(circuit: QuantumCircuit) -> dict[str, float] | None:
    """Probability of each bit string (clbit 0 rightmost) on an ideal machine.

    Returns:
        None where it cannot be had by one state vector: no measurement, measurements
        or resets in the middle, conditions, free parameters, or more than
        `IDEAL_LIMIT` active qubits.
    """
    measured = final_measurements(circuit)
    unitary = _unitary_part(circuit, measured)
    if unitary is None or not measured:
        return None
    active = _active(circuit)
    qargs = [active.index(qubit) for qubit in measured]
    try:
        probabilities = np.asarray(Statevector(unitary).probabilities(qargs))
    except Exception:  # an instruction that no state vector can take, and terra says so
        return None
    if not np.isclose(probabilities.sum(), 1):
        return None
    return _spread(probabilities, list(measured.values()), circuit.num_clbits)


def _active(circuit: QuantumCircuit) -> list[int]:
    used = {
        circuit.find_bit(qubit).index
        for instruction in circuit.data
        if instruction.operation.name != "barrier"
        for qubit in instruction.qubits
    }
    return sorted(used)


def _unitary_part(
    circuit: QuantumCircuit, measured: dict[int, int]
) -> QuantumCircuit | None:
    """The circuit on its active qubits without its final measurements."""
    active = _active(circuit)
    if len(active) > IDEAL_LIMIT or circuit.parameters:
        return None
    place = {qubit: position for position, qubit in enumerate(active)}
    unitary = QuantumCircuit(len(active))
    removed = 0
    for instruction in circuit.data:
        operation = instruction.operation
        if operation.name in ("barrier", "delay"):
            continue
        if operation.name == "measure":
            removed += 1
            continue
        if instruction.clbits or getattr(operation, "condition", None) is not None:
            return None
        if operation.name in ("reset", "initialize"):
            return None
        qubits = [place[circuit.find_bit(qubit).index] for qubit in instruction.qubits]
        unitary.append(operation, qubits)
    return unitary if removed == len(measured) else None


def _spread(
    probabilities: npt.NDArray[np.float64], clbits: list[int], width: int
) -> dict[str, float]:
    likely = np.flatnonzero(probabilities > _NEGLIGIBLE)
    total = float(probabilities[likely].sum())
    distribution = {}
    for outcome in likely:
        bits = ["0"] * width
        for position, clbit in enumerate(clbits):
            bits[width - 1 - clbit] = str(outcome >> position & 1)
        distribution["".join(bits)] = float(probabilities[outcome]) / total
    return distribution
