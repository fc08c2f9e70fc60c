"""What a device can do, and where."""

from __future__ import annotations

import json

import pytest
from qiskit import QuantumCircuit

from qexp.declare.config import Backend
from qexp.emulator.platform.isa import require_native
from qexp.emulator.refusal import Refusal
from qexp.emulator.shelf import Offered

CONFIGURATION = {
    "backend_name": "small",
    "backend_version": "1",
    "n_qubits": 3,
    "basis_gates": ["x", "rz", "cx"],
    "gates": [
        {"name": "x", "coupling_map": [[0], [1]]},
        {"name": "rz"},
        {"name": "cx", "coupling_map": [[0, 1]]},
    ],
    "local": False,
    "simulator": False,
    "conditional": False,
    "open_pulse": False,
    "memory": True,
    "max_shots": 1000,
    "coupling_map": [[0, 1], [1, 0], [1, 2]],
}


@pytest.fixture
def offered(tmp_path):
    """Gives a device that has some fields of its configuration changed."""

    def made(**changed) -> Offered:
        file = tmp_path / "configuration.json"
        file.write_text(json.dumps({**CONFIGURATION, **changed}))
        return Offered(Backend(name="small", configuration=str(file)))

    return made


def native(device: Offered, gate: str, *qubits: int) -> bool:
    circuit = QuantumCircuit(3, 1)
    getattr(circuit, gate)(*((0.1,) if gate == "rz" else ()), *qubits)
    circuit.measure(2, 0)
    circuit.reset(2)
    try:
        require_native([circuit], device)
    except Refusal as refusal:
        why = refusal
    else:
        return True
    assert why.code == 1517
    assert f"{gate} on qubits {qubits}" in why.message
    return False


def test_a_gate_is_where_the_device_says(offered):
    device = offered()
    assert native(device, "x", 1)
    assert not native(device, "x", 2)
    assert native(device, "cx", 0, 1)
    assert not native(device, "cx", 1, 0)
    assert not native(device, "cx", 1, 2)


def test_a_gate_of_which_nothing_is_said_is_everywhere_or_on_the_couplings(offered):
    assert native(offered(), "rz", 2)
    device = offered(gates=[])
    assert native(device, "x", 2)
    assert native(device, "cx", 1, 0)
    assert not native(device, "cx", 0, 2)
    assert not native(device, "h", 0)


def test_without_couplings_every_pair_is_one(offered):
    assert native(offered(gates=[], coupling_map=None), "cx", 0, 2)
