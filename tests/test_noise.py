"""Noise of the qubits that a circuit touches: the same counts as with all of it."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.random import random_circuit
from qiskit_aer import AerSimulator

from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.services.aer import AerMachine
from qexp.services.noise import touched


def measured_early():
    # with washington's qubits Aer would take the stabilizer method, were no error kept
    # that is not unitary
    circuit = QuantumCircuit(4, 4)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(1, 1)
    circuit.reset(1)
    circuit.h(3)
    circuit.measure(range(4), range(4))
    return circuit


CIRCUITS = {
    "ghz": (ghz(4, "star"), {}),
    "random": (random_circuit(4, 5, max_operands=2, seed=1, measure=True), {}),
    "conditional": (
        random_circuit(
            3, 4, max_operands=2, seed=2, conditional=True, reset=True, measure=True
        ),
        {},
    ),
    "measured early": (measured_early(), {}),
    "with delays": (ghz(4, "linear"), {"scheduling_method": "alap"}),
}


@pytest.fixture(
    scope="module",
    params=[
        "manila",
        "montreal",
        pytest.param("washington", marks=pytest.mark.long),
    ],
)
def machine(request):
    name = request.param
    device = load(Backend(name=name, snapshot=name))
    return AerMachine(device, "aer", 1)


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS.keys())
def test_counts_are_those_of_the_whole_model(machine, circuit):
    declared, options = circuit
    compiled = transpile(declared, machine.backend, seed_transpiler=0, **options)
    ours = machine.sample(compiled, shots=500, seed=3)
    whole = AerSimulator.from_backend(machine.backend, max_parallel_threads=1)
    theirs = whole.run(compiled, shots=500, seed_simulator=3).result()
    assert ours["data"]["counts"] == theirs.to_dict()["results"][0]["data"]["counts"]


def test_only_what_is_touched_is_kept():
    device = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    machine = AerMachine(device, "aer")
    circuit = QuantumCircuit(27, 2)
    circuit.barrier()
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    assert touched(circuit) == {0, 1}
    model = machine._noise.of(touched(circuit))
    assert sorted(model._local_readout_errors) == [(0,), (1,)]
    assert len(model._local_quantum_errors["cx"]) == 2
