"""Circuits through QPY: what is read back does what was written."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Gate
from qiskit.circuit.library import QFT, XGate
from qiskit.quantum_info import Operator

from qexp.circuits.content import gate_list
from qexp.circuits.distinct import distinct
from qexp.planning import recorded
from qexp.services import wire


def gate(name, *angles):
    inner = QuantumCircuit(1, name=name)
    for angle in angles:
        inner.ry(angle, 0)
    return inner.to_gate()


def defined():
    """One gate statement, two angles; and a gate called as the second is renamed."""
    circuit = qasm2.loads(
        "OPENQASM 2.0; gate mine(t) a { U(t,0,0) a; } gate mine_1 a { U(1,2,0) a; }"
        "qreg q[2]; mine(0.3) q[0]; mine(0.7) q[1]; mine_1 q[0]; mine(0.3) q[1];"
    )
    assert {one.operation.name for one in circuit.data} == {"mine", "mine_1"}
    return circuit


def alike():
    circuit = QuantumCircuit(2)
    circuit.append(gate("g", 0.3), [0])
    circuit.append(gate("g", 0.7), [1])
    return circuit


def nested():
    circuit = QuantumCircuit(3)
    circuit.append(alike().to_gate(), [0, 1])
    circuit.append(alike().to_gate().control(1, ctrl_state=0), [2, 0, 1])
    circuit.append(gate("g", 0.2).control(1), [0, 2])
    circuit.append(gate("g", 0.9).control(1), [0, 2])
    return circuit


def library():
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.append(QFT(2).to_gate(label="a"), [0, 1])
    circuit.append(QFT(2, inverse=True, name="QFT").to_gate(), [1, 2])
    return circuit


MADE = [defined, alike, nested, library]


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("packed", [recorded.packed, wire.packed])
def test_what_is_read_back_does_the_same(make, packed):
    circuit = make()
    before = gate_list(circuit)
    (found,) = recorded.unpacked([packed(circuit)])
    assert Operator(found).equiv(Operator(circuit))
    assert gate_list(circuit) == before  # it is not changed


def test_blocks_are_gone_through():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.append(gate("g", 0.3), [0])
        circuit.append(gate("g", 0.7), [1])
    with otherwise:
        circuit.append(gate("g", 0.5), [0])
    (found,) = recorded.unpacked([recorded.packed(circuit)])
    angles = [
        one.operation.definition.data[0].operation.params
        for block in found.data[1].operation.blocks
        for one in block.data
    ]
    assert angles == [[0.3], [0.7], [0.5]]


def test_what_has_no_definition_or_one_of_each_name_stays():
    circuit = QuantumCircuit(2, 2)
    circuit.append(Gate("opaque", 1, [0.1]), [0])
    circuit.append(Gate("opaque", 1, [0.2]), [0])
    circuit.append(XGate().control(1), [0, 1])
    circuit.append(gate("g", 0.3), [0])
    circuit.append(gate("g", 0.3), [1])
    circuit.measure([0, 1], [0, 1])
    assert distinct(circuit) is circuit


def test_a_delay_in_seconds_is_not_kept_as_one_in_dt():
    circuit = QuantumCircuit(1)
    circuit.delay(2, 0, "us")
    with pytest.raises(ValueError, match="delays are in us"):
        recorded.packed(circuit)
