"""The noise of a device's snapshot on Qiskit Aer, for the qubits that a circuit touches.

Aer makes the errors of all gates of a device, and converts all of them on every call: for
27 qubits 0.8 s once, and 0.4 s for each circuit, ten times as long as simulating five
qubits. Errors of qubits that a circuit does not touch cannot change its counts.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV1
from qiskit_aer.noise import NoiseModel

from qexp.devices.snapshot import Snapshot

MODELS = 64
"""How many noise models of some of a device's qubits are kept."""

Places = tuple[int, ...]
Gate = tuple[str, Places]


def touched(circuit: QuantumCircuit) -> frozenset[int]:
    """The qubits that a circuit does something with; a barrier is nothing."""
    return frozenset(
        circuit.find_bit(qubit).index
        for instruction in circuit.data
        if instruction.operation.name != "barrier"
        for qubit in instruction.qubits
    )


class DeviceNoise:
    """`NoiseModel.from_backend`, made for the qubits that are asked for."""

    def __init__(self, backend: BackendV1) -> None:
        """Make nothing yet.

        Args:
            backend: The device, with its calibration.
        """
        self._backend = backend
        self._gates: list[Gate] = [
            (gate.gate, tuple(gate.qubits)) for gate in backend.properties().gates
        ]
        self._made: set[Gate] = set()
        self._errors: dict[Gate, Any] = {}
        self._readout: dict[Places, Any] = {}
        self._passes: list[Any] = []
        self.of = lru_cache(MODELS)(self._of)

    def _of(self, qubits: frozenset[int]) -> NoiseModel:
        """The noise model, with the errors of some qubits only.

        Whether a model has an error that is no mixture of unitaries decides how Aer
        simulates, so one is kept even where the circuit cannot meet it.
        """
        self._make([gate for gate in self._gates if qubits.issuperset(gate[1])])
        wanted = [gate for gate in self._errors if qubits.issuperset(gate[1])]
        if not any(_not_unitary(self._errors[gate]) for gate in wanted):
            self._make(self._gates)
            others = (g for g, error in self._errors.items() if _not_unitary(error))
            wanted += [gate for gate in others if gate not in wanted][:1]
        configuration = self._backend.configuration()
        model = NoiseModel(basis_gates=configuration.basis_gates)
        for gate in wanted:
            model.add_quantum_error(self._errors[gate], *gate, warnings=False)
        for places, error in self._readout.items():
            if qubits.issuperset(places):
                model.add_readout_error(error, places, warnings=False)
        model._custom_noise_passes = list(self._passes)
        return model

    def _make(self, gates: list[Gate]) -> None:
        """Have Aer make the errors of those gates that it has not made yet."""
        new = set(gates) - self._made
        if not new and self._made:
            return
        made = NoiseModel.from_backend(_with_gates(self._backend, new))
        # Aer offers no way to read a model but its dictionary, which takes long
        for name, errors in made._local_quantum_errors.items():
            for places, error in errors.items():
                self._errors[name, places] = error
        self._readout = dict(made._local_readout_errors)
        self._passes = list(made._custom_noise_passes)
        self._made |= new


def _with_gates(backend: BackendV1, gates: set[Gate]) -> Snapshot:
    """The device as if it had some of its gates only."""
    properties = copy.copy(backend.properties())
    properties.gates = [
        gate for gate in properties.gates if (gate.gate, tuple(gate.qubits)) in gates
    ]
    return Snapshot(backend.configuration(), properties)


def _not_unitary(error: Any) -> bool:
    return any(
        step.operation.name == "kraus" for circuit in error.circuits for step in circuit
    )
