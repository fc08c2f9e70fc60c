"""OpenQASM 3 that strangers send, as it is read."""

from __future__ import annotations

import math

import pytest
from qiskit import QuantumCircuit, qasm3
from qiskit.qasm3.exceptions import QASM3ImporterError
from qiskit.quantum_info import Operator

from qexp.guarded.programs import loads

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def names(circuit: QuantumCircuit) -> list[str]:
    return [instruction.operation.name for instruction in circuit.data]


def test_terra_s_own_export_of_every_native_gate_is_read_back():
    circuit = QuantumCircuit(2, 2)
    circuit.ecr(0, 1)
    circuit.id(0)
    circuit.sx(1)
    circuit.rz(0.3, 0)
    circuit.cz(1, 0)
    circuit.delay(160, 0, unit="dt")
    circuit.measure([0, 1], [0, 1])
    read = loads(qasm3.dumps(circuit))
    assert names(read) == "ecr id sx rz cz delay measure measure".split()
    assert type(read.data[0].operation) is type(circuit.data[0].operation)


def test_physical_qubits_keep_their_numbers():
    read = loads(HEAD + "bit[1] c; x $4; c[0] = measure $4;")
    assert read.num_qubits == 5
    assert read.find_bit(read.data[0].qubits[0]).index == 4


def test_parameters_of_a_gate_keep_their_order_used_or_not():
    text = (
        "gate turn(z, unused, a) q { rx(z) q; rz(a) q; } qubit q; turn(0.1, 9, 0.2) q;"
    )
    expected = QuantumCircuit(1)
    expected.rx(0.1, 0)
    expected.rz(0.2, 0)
    assert Operator(loads(HEAD + text)).equiv(Operator(expected))
    with pytest.raises(QASM3ImporterError, match="takes 3 parameters, not 1"):
        loads(HEAD + text.replace("0.1, 9, 0.2", "0.1"))


def test_a_gate_that_only_has_a_known_name_is_not_that_gate():
    read = loads(HEAD + "gate ecr a, b { h a; } qubit[2] q; ecr q[0], q[1];")
    assert type(read.data[0].operation).__name__ == "Gate"
    assert Operator(read).equiv(Operator.from_label("IH"))


def test_gates_in_branches_are_known_too():
    text = (
        "gate sxdg a { s a; h a; s a; } qubit q; bit[1] c; if (c[0]) { sxdg q; id q; }"
    )
    (branch,) = loads(HEAD + text).data
    (block,) = branch.operation.blocks
    assert names(block) == ["sxdg", "id"]
    assert type(block.data[0].operation).__name__.endswith("SXdgGate")


def test_inputs_stay_parameters():
    read = loads(HEAD + "input float[64] a; qubit q; rx(2 * a) q;")
    bound = read.assign_parameters([math.pi / 2])
    assert Operator(bound).equiv(Operator.from_label("X"))


@pytest.mark.parametrize(
    "text", ["qubit q; nothing q;", "qubit q", "x $0; qubit q;", "for"]
)
def test_what_is_no_program_is_refused(text):
    with pytest.raises(QASM3ImporterError):
        loads(HEAD + text)
