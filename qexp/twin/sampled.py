"""Shot by shot on Aer: state vectors or matrix product states, with the twin's noise.

Every shot takes its own way through the noise: of each channel's Kraus operators one is
drawn. Final measurements give what is there; readout error is added afterwards. A
measurement in the middle may misread: a coin, on a qubit of its own, decides whether
the measured qubit is flipped before it is read, and back again after.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.circuit.library import XGate
from qiskit.extensions import UnitaryGate
from qiskit.quantum_info import Kraus

from qexp.errors import PointFailed
from qexp.twin import channels, transfer
from qexp.twin.build import Built, Condition
from qexp.twin.network import Network
from qexp.twin.preparation import Reals
from qexp.twin.program import Step

if TYPE_CHECKING:  # Aer is imported where it is used: it takes half a second
    from qiskit_aer import AerSimulator

Bits = npt.NDArray[np.bool_]


def sample(
    built: Built, method: str, shots: int, seed: int, order: Sequence[int]
) -> Bits:
    """(shots, clbits) what each shot gave: final measurements without readout error.

    Args:
        built: The program, with its start.
        method: Aer's, `statevector` or `matrix_product_state`.
        shots: Repetitions.
        seed: Aer's.
        order: Where each position is put; neighbours cost least in a product state.

    Raises:
        PointFailed: This Aer has no such method, or could not run it.
    """
    circuit = _Circuit(built, order).circuit
    result = (
        simulator(method)
        .run(circuit, shots=shots, seed_simulator=seed, memory=True)
        .result()
    )
    if not result.success:
        status = result.results[0].status if result.results else result.status
        raise PointFailed(f"service.noise = device: Aer could not run it ({status})")
    return _bits(result.data()["memory"], built.clbits)


@lru_cache(maxsize=4)
def simulator(method: str) -> AerSimulator:
    """Aer's simulator of a method, on one thread.

    Raises:
        PointFailed: This Aer has none.
    """
    from qiskit_aer import AerSimulator

    known = AerSimulator().available_methods()
    if method not in known:
        raise PointFailed(
            f"service.twin.engine: the Aer that is installed has no method {method}; it "
            f"has {', '.join(known)}. Use engine=exact, or another build of qiskit-aer."
        )
    # its own decomposition of singular values does not end on some product states
    return AerSimulator(method=method, max_parallel_threads=1, mps_lapack=True)


def _bits(memory: list[str], clbits: int) -> Bits:
    """(shots, clbits) the bits of Aer's outcomes, which are hexadecimal."""
    length = (clbits + 8) // 8  # with the coin's clbit
    text = b"".join(int(one, 16).to_bytes(length, "little") for one in memory)
    read = np.frombuffer(text, np.uint8).reshape(len(memory), length)
    bits = np.unpackbits(read, axis=1, bitorder="little")
    return bits[:, :clbits].astype(bool)


class _Circuit:
    """A program as a circuit of Aer's: gates and noise fused where they may be."""

    def __init__(self, built: Built, order: Sequence[int]) -> None:
        program = built.program
        self._built, self._order = built, order
        self._coin = len(program.places)
        self._bits = [Clbit() for _ in range(built.clbits + 1)]
        self.circuit = QuantumCircuit(self._coin + (not built.plain))
        self.circuit.add_bits(self._bits)
        self._registers: dict[tuple[int, ...], ClassicalRegister] = {}
        self._network = Network()
        for qubit, excited in enumerate(program.start):
            self._apply((qubit,), transfer.of_channel(channels.flip(float(excited))))
        for number, step in enumerate(program.steps):
            self._step(step, built.conditions.get(number))
        self._flush()
        for qubit, clbit in program.measured:
            self.circuit.measure(order[qubit], self._bits[clbit])

    def _step(self, step: Step, condition: Condition | None) -> None:
        if step.name == "measure":
            self._measure(step, condition)
        elif condition is not None:
            self._conditional(step, condition)
        elif step.name == "reset":
            self._apply(step.qubits, transfer.RESET)
        elif step.unitary is not None:
            self._apply(step.qubits, transfer.of_gate(step.unitary))
        if condition is None or step.name == "measure":
            for channel in step.channels:
                self._apply(channel.qubits, transfer.of_channel(channel.superop))

    def _apply(self, qubits: tuple[int, ...], matrix: Reals) -> None:
        if len(qubits) == 1:
            self._network.single(qubits[0], matrix)
        else:
            shape = [4] * (2 * len(qubits))
            self._network.several(qubits[::-1], matrix.reshape(shape))

    def _flush(self) -> None:
        """Write down what was fused."""
        for qubit in range(self._coin):
            self._network.finish(qubit, np.eye(4))
        for tensor in self._network.tensors:
            size = 4 ** len(tensor.wires)
            # the wires of a tensor rise, and a transfer matrix has the last qubit first
            count = len(tensor.wires)
            axes = [*range(count)][::-1] + [*range(count, 2 * count)][::-1]
            matrix = tensor.values.transpose(axes).reshape(size, size)
            if np.allclose(matrix, np.eye(size), atol=1e-13):
                continue
            places = [self._order[wire] for wire in tensor.wires]
            self.circuit.append(_instruction(matrix), places)
        self._network = Network()

    def _conditional(self, step: Step, condition: Condition) -> None:
        self._flush()
        places = [self._order[qubit] for qubit in step.qubits]
        on = self._condition(condition)
        if step.name == "reset":
            self.circuit.reset(places).c_if(*on)
        elif step.unitary is not None:
            self.circuit.append(UnitaryGate(step.unitary), places).c_if(*on)
        for channel in step.channels:
            where = [self._order[qubit] for qubit in channel.qubits]
            noise = _instruction(transfer.of_channel(channel.superop))
            self.circuit.append(noise, where).c_if(*on)

    def _condition(self, condition: Condition) -> tuple[Any, int]:
        clbits, value = condition
        if len(clbits) == 1:
            return self._bits[clbits[0]], value
        if clbits not in self._registers:
            register = ClassicalRegister(bits=[self._bits[clbit] for clbit in clbits])
            self._registers[clbits] = register
            self.circuit.add_register(register)
        return self._registers[clbits], value

    def _measure(self, step: Step, condition: Condition | None) -> None:
        assert step.clbit is not None
        self._flush()
        place, said = self._order[step.qubits[0]], self._bits[-1]
        e10, e01 = self._built.misread[step.qubits[0]]
        if condition is not None:  # its coin must not look at the qubit
            e10 = e01 = (e10 + e01) / 2
        self._toss(place, e10, e01)
        self.circuit.append(XGate().c_if(said, 1), [place])
        measured = self.circuit.measure(place, self._bits[step.clbit])
        if condition is not None:
            measured.c_if(*self._condition(condition))
        self.circuit.append(XGate().c_if(said, 1), [place])

    def _toss(self, place: int, e10: float, e01: float) -> None:
        """Set the coin's clbit with the probability that the qubit is misread."""
        angles = [2 * math.asin(math.sqrt(error)) for error in (e10, e01)]
        self.circuit.reset(self._coin)
        self.circuit.ry(angles[0], self._coin)
        if e01 != e10:
            self.circuit.cry(angles[1] - angles[0], place, self._coin)
        self.circuit.measure(self._coin, self._bits[-1])


def _instruction(matrix: Reals) -> Any:
    """What does the same as a transfer matrix."""
    operators = _kraus(np.ascontiguousarray(matrix).tobytes())
    if len(operators) == 1:
        return UnitaryGate(operators[0])
    return Kraus(operators).to_instruction()


@lru_cache(maxsize=2048)
def _kraus(content: bytes) -> list[Any]:
    flat = np.frombuffer(content)
    size = math.isqrt(flat.size)
    return transfer.to_kraus(flat.reshape(size, size))
