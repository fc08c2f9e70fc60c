"""Machines that need no service: one without errors, one that only guesses."""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qexp.families import Family, Taken


def ideal(family: Family, shots: int | None = None, seed: int = 0) -> list[Taken]:
    """What a machine without errors gives; the probabilities themselves without shots."""
    draw = np.random.default_rng(seed)
    return [
        _taken(_exact(one), one.num_clbits, shots, draw) for one in family.circuits()
    ]


def useless(family: Family, shots: int = 4000, seed: int = 0) -> list[Taken]:
    """What a machine gives that guesses every bit."""
    draw = np.random.default_rng(seed)
    made = []
    for one in family.circuits():
        width = one.num_clbits
        drawn = draw.integers(2**width, size=shots)
        counts = {
            f"{value:0{width}b}": int(count)
            for value, count in zip(*np.unique(drawn, return_counts=True), strict=True)
        }
        shares = {bits: count / shots for bits, count in counts.items()}
        made.append(Taken(counts, shares))
    return made


def depolarised(
    family: Family, keep: list[float], shots: int, seed: int
) -> list[Taken]:
    """What a machine gives that guesses with probability 1 - keep, circuit by circuit."""
    draw = np.random.default_rng(seed)
    made = []
    for p, kept in zip(_every(family), keep, strict=True):
        width = len(p).bit_length() - 1
        made.append(_taken(kept * p + (1 - kept) / len(p), width, shots, draw))
    return made


_KNOWN: dict[str, list[np.ndarray]] = {}


def _every(family: Family) -> list[np.ndarray]:
    """The probabilities of each circuit, computed once."""
    key = repr(family)
    if key not in _KNOWN:
        _KNOWN[key] = [_exact(one) for one in family.circuits()]
    return _KNOWN[key]


def _exact(circuit: QuantumCircuit) -> np.ndarray:
    """Probabilities over the clbits; every clbit is measured from one qubit."""
    bare = QuantumCircuit(circuit.num_qubits)
    wires = {}
    for step in circuit.data:
        qubits = [circuit.find_bit(qubit).index for qubit in step.qubits]
        if step.operation.name == "measure":
            wires[circuit.find_bit(step.clbits[0]).index] = qubits[0]
        elif step.operation.name not in ("barrier", "delay"):
            bare.append(step.operation, qubits)
    order = [wires[clbit] for clbit in range(circuit.num_clbits)]
    return np.asarray(Statevector(bare).probabilities(order))


def _taken(p: np.ndarray, width: int, shots: int | None, draw) -> Taken:
    names = [f"{value:0{width}b}" for value in range(len(p))]
    if shots is None:
        kept = {
            bits: float(one) for bits, one in zip(names, p, strict=True) if one > 1e-12
        }
        return Taken({bits: round(one * 10**9) for bits, one in kept.items()}, kept)
    counts = draw.multinomial(shots, p / p.sum())
    found = {b: int(n) for b, n in zip(names, counts, strict=True) if n}
    return Taken(found, {bits: n / shots for bits, n in found.items()})
