"""What the tests of the twin share: devices, compiled circuits, and Aer as the judge."""

from __future__ import annotations

from functools import cache

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, transpile
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveProbabilities

from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.declare.device import Declared
from qexp.declare.twin import Twin
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from qexp.twin import channels
from qexp.twin.build import build
from qexp.twin.model import model
from qexp.userconf import built_in

FITTED = Twin(eta=0.53, eps_esp=0.004)
"""The parameters behind the figures of the model's accuracy."""


@cache
def device(name="montreal"):
    (file,) = built_in().glob(f"backend/ibm*_{name}.yaml")
    declared = Declared(measure_esp_enabled=name == "montreal" or None)
    return load(Backend(name=file.stem, snapshot=name, declared=declared))


@cache
def ghz_on(qubits, name="montreal", level=3):
    return compiled(ghz(qubits, "linear"), name, level)


def compiled(circuit, name="montreal", level=1, **more):
    machine = backend(device(name))
    return transpile(
        circuit, machine, optimization_level=level, seed_transpiler=0, **more
    )


def programmed(circuit, twin=FITTED, name="montreal"):
    return build(circuit, model(device(name), twin))


def on_aer(program, start=None):
    """The probabilities of a program's final measurements, by Aer's density matrix.

    Args:
        program: Without measurements in the middle.
        start: (2^n,) joint probability of how qubits start; None is the program's own.
    """
    n = len(program.places)
    circuit = QuantumCircuit(n)
    if start is None:
        for qubit, excited in enumerate(program.start):
            circuit.append(SuperOp(channels.flip(excited)), [qubit])
    else:
        circuit.set_density_matrix(np.diag(start))
    for step in program.steps:
        if step.name == "reset":
            circuit.reset(step.qubits[0])
        elif step.unitary is not None:
            circuit.unitary(step.unitary, list(step.qubits))
        for channel in step.channels:
            circuit.append(SuperOp(channel.superop), list(channel.qubits))
    seen = [position for position, _ in program.measured]
    circuit.append(SaveProbabilities(len(seen)), seen)
    simulator = AerSimulator(method="density_matrix", max_parallel_threads=1)
    return simulator.run(circuit, shots=1).result().data()["probabilities"]


def dynamic():
    """A circuit that measures and resets in the middle, and depends on outcomes."""
    circuit = QuantumCircuit(3)
    middle, last = ClassicalRegister(2, "m"), ClassicalRegister(3, "c")
    circuit.add_register(middle, last)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(1, middle[0])
    circuit.x(0).c_if(middle[0], 1)
    circuit.reset(1)
    circuit.h(1)
    circuit.measure(1, middle[1])
    circuit.rx(0.7, 2).c_if(middle, 2)
    circuit.cx(1, 2)
    circuit.measure([0, 1, 2], last)
    return circuit
