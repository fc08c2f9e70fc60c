"""Programs of GHZ circuits on a device's snapshot, with Aer's noise of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise import thermal_relaxation_error

from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from qexp.services.noise import DeviceNoise, touched
from qexp.twin.program import Channel, Program, Step


def prepared(n: int) -> QuantumCircuit:
    """A GHZ state of the first n qubits, in few layers."""
    circuit = QuantumCircuit(n)
    circuit.h(0)
    reached = 1
    while reached < n:
        for control in range(min(reached, n - reached)):
            circuit.cx(control, reached + control)
        reached = min(2 * reached, n)
    return circuit


def populations(n: int) -> QuantumCircuit:
    circuit = prepared(n)
    circuit.measure_all()
    return circuit


def parity_oscillation(n: int, phi: float) -> QuantumCircuit:
    """As in arXiv:1905.05720: all qubits are turned about one axis of the equator."""
    circuit = prepared(n)
    circuit.rz(phi, range(n))
    circuit.h(range(n))
    circuit.measure_all()
    return circuit


def coherence(n: int, phi: float) -> QuantumCircuit:
    """Multiple quantum coherences of `prepared`."""
    return echoed(prepared(n), phi)


def echoed(state: QuantumCircuit, phi: float) -> QuantumCircuit:
    """Multiple quantum coherences, arXiv:1905.05720: rotated, echoed, and undone."""
    circuit = state.copy()
    circuit.barrier()
    circuit.rz(phi, circuit.qubits)
    circuit.x(circuit.qubits)
    circuit.barrier()
    circuit.compose(state.inverse(), inplace=True)
    circuit.measure_all()
    return circuit


class Noisy:
    """A device that turns circuits into programs."""

    def __init__(self, name: str) -> None:
        self.backend = backend(load(Backend(name=name, snapshot=name)))
        self._noise = DeviceNoise(self.backend)
        self._superop = lru_cache(None)(self._made)
        self._relaxed = lru_cache(None)(self._relaxation)

    def program(self, circuit: QuantumCircuit, *, start: float = 0.0, **options):
        """Compile and schedule a circuit, and put the noise in."""
        options = {"optimization_level": 3, "seed_transpiler": 1} | options
        compiled = transpile(circuit, self.backend, scheduling_method="alap", **options)
        places = tuple(sorted(touched(_undelayed(compiled))))
        self._errors = self._noise.of(frozenset(places))._local_quantum_errors
        at = {place: position for position, place in enumerate(places)}
        steps, measured = [], []
        for instruction in compiled.data:
            on = tuple(compiled.find_bit(q).index for q in instruction.qubits)
            operation = instruction.operation
            if operation.name == "barrier" or on[0] not in at:
                continue
            qubits = tuple(at[place] for place in on)
            if operation.name == "measure":
                clbit = compiled.find_bit(instruction.clbits[0]).index
                measured.append((*qubits, clbit))
            else:
                steps.append(self._step(operation, on, qubits))
        start = np.full(len(places), start)
        return Program(places, tuple(steps), tuple(measured), start)

    def in_place(self, circuit: QuantumCircuit, *, start: float):
        """The program of a circuit that uses each qubit of the device as it is."""
        places = list(range(circuit.num_qubits))
        return self.program(
            circuit, start=start, optimization_level=1, initial_layout=places
        )

    def _step(self, operation, on, qubits) -> Step:
        if operation.name == "delay":
            dt = self.backend.configuration().dt
            relaxed = self._relaxed(on[0], operation.duration * dt)
            return Step("delay", qubits, None, (), (Channel(qubits, relaxed),))
        superop = self._superop(operation.name, on)
        channels = () if superop is None else (Channel(qubits, superop),)
        unitary = np.asarray(operation.to_matrix())
        params = tuple(map(float, operation.params))
        return Step(operation.name, qubits, unitary, params, channels)

    def _made(self, name: str, on: tuple[int, ...]):
        error = self._errors.get(name, {}).get(on)
        return None if error is None else SuperOp(error).data

    def _relaxation(self, place: int, seconds: float) -> np.ndarray:
        properties = self.backend.properties()
        t1 = properties.t1(place)
        t2 = min(properties.t2(place), 2 * t1)
        return SuperOp(thermal_relaxation_error(t1, t2, seconds)).data


def _undelayed(circuit: QuantumCircuit) -> QuantumCircuit:
    left = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name != "delay":
            left.append(instruction)
    return left


def tree(noisy: Noisy, middle: int) -> QuantumCircuit:
    """A GHZ state of a whole device, along the shortest paths from one qubit."""
    device = neighbours(noisy)
    circuit = QuantumCircuit(len(device))
    circuit.h(middle)
    reached, front = {middle}, [middle]
    while front:
        after = []
        for control in front:
            for target in device[control]:
                if target not in reached:
                    circuit.cx(control, target)
                    reached.add(target)
                    after.append(target)
        front = after
    return circuit


def neighbours(noisy: Noisy) -> list[list[int]]:
    """The neighbours of each qubit."""
    configuration = noisy.backend.configuration()
    found: list[list[int]] = [[] for _ in range(configuration.n_qubits)]
    for one, other in configuration.coupling_map:
        found[one].append(other)
    return found
