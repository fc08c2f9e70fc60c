"""The exact engine: the probabilities that Aer's density matrix gives."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise.device import basic_device_gate_errors

from qexp.devices.snapshot import backend
from qexp.twin import exact
from qexp.twin.model import model
from qexp.twin.preparation import Setting
from tests.twin.machines import FITTED, compiled, device, ghz_on, on_aer, programmed

SHORT = Setting(rep_delay=0.0, init_qubits=True, esp=False)


def random(qubits, seed):
    circuit = random_circuit(qubits, 6, max_operands=2, seed=seed)
    circuit.measure_all()
    return compiled(circuit, "guadalupe", layout_method="trivial")


def some_measured():
    circuit = QuantumCircuit(4, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.reset(3)
    circuit.cx(1, 2)
    circuit.delay(700, 2, unit="ns")
    circuit.x(3)
    circuit.measure([2, 0], [0, 1])
    return compiled(circuit, "guadalupe")


CIRCUITS = {
    "random 3": random(3, 1),
    "random 4": random(4, 2),
    "random 6": random(6, 3),
    "ghz": ghz_on(6, "guadalupe"),
    "some measured": some_measured(),
    "one": compiled(ghz_on(1, "guadalupe"), "guadalupe"),
}


@pytest.fixture(params=CIRCUITS.values(), ids=CIRCUITS.keys())
def built(request):
    built = programmed(request.param, name="guadalupe")
    twin = model(device("guadalupe"), FITTED)
    start = twin.carried(built.program.places, SHORT).mean(axis=1)
    return replace(built, program=replace(built.program, start=start))


def test_it_is_aer_s_density_matrix(built):
    found = exact.probabilities(exact.plan(built), built.program.start)
    assert found == pytest.approx(on_aer(built.program), abs=1e-9)
    assert found.sum() == pytest.approx(1, abs=1e-12)


def test_a_joint_start_is_one_too(built):
    n = len(built.program.places)
    start = np.random.default_rng(5).dirichlet(np.full(2**n, 0.3))
    everything = tuple((qubit, qubit) for qubit in range(n))
    whole = replace(built, program=replace(built.program, measured=everything))
    found = exact.probabilities(exact.plan(built, whole=True), start)
    assert found == pytest.approx(on_aer(whole.program, start), abs=1e-9)


@pytest.mark.parametrize("name", ["montreal", "manila", "washington", "tokyo"])
def test_gates_have_the_noise_of_aer_s_model(name):
    properties = copy.copy(backend(device(name)).properties())
    properties.gates = [
        gate for gate in properties.gates if {0, 1, 2}.issuperset(gate.qubits)
    ]
    twin = model(device(name), FITTED)
    compared = set()
    for gate, places, error in basic_device_gate_errors(properties):
        expected = SuperOp(error).data
        assert twin.gate(gate, tuple(places)) == pytest.approx(expected, abs=1e-9)
        compared.add((gate, len(places)))
    assert ("cx", 2) in compared
    assert len(compared) > 2


def test_a_chain_takes_the_memory_of_its_bits_only():
    ready = exact.plan(programmed(ghz_on(16)))
    assert ready.order.peak < 16 * 2**16


def test_a_measurement_on_which_something_depends_is_not_final():
    circuit = QuantumCircuit(27, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(1).c_if(0, 1)
    circuit.measure(1, 1)
    built = programmed(circuit)
    assert built.program.measured == ((1, 1),)
    ready = exact.plan(built)
    assert ready.records == (0,)
    found = exact.probabilities(ready, np.zeros(2))
    assert found[0b11] > 0.9
    # the gate follows what was read: after a misread 0 it does not happen
    e01 = built.misread[0][1]
    assert found[0b00] == pytest.approx(e01, rel=0.1)
