"""Whether circuits consist of what a device can do, on the qubits where it can."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qexp.emulator.platform.codes import NOT_OF_THE_DEVICE
from qexp.emulator.refusal import TOO_WIDE, Refusal
from qexp.emulator.shelf import Offered

ALWAYS = frozenset({"measure", "reset", "delay", "barrier"})
"""What every device has, on every qubit."""

Places = frozenset[tuple[int, ...]]


def require_native(circuits: list[QuantumCircuit], offered: Offered) -> None:
    """Refuse circuits that a device cannot run as they are.

    Args:
        circuits: Circuits whose qubit k is the device's qubit k.
        offered: The device.

    Raises:
        Refusal: One of them is too wide, or has an instruction that is not the
            device's, or not on these qubits.
    """
    most, places = offered.device.num_qubits, _places(offered)
    for number, circuit in enumerate(circuits):
        if circuit.num_qubits > most:
            raise Refusal(
                *TOO_WIDE,
                f"circuit {number}: {circuit.num_qubits} qubits are too many: "
                f"{offered.name} has {most}",
            )
        for name, qubits in _instructions(circuit, range(circuit.num_qubits)):
            allowed = places.get(name, frozenset())
            if name not in ALWAYS and allowed is not None and qubits not in allowed:
                raise Refusal(
                    *NOT_OF_THE_DEVICE,
                    f"circuit {number}: The instruction {name} on qubits {qubits} is "
                    f"not supported by the target system {offered.name}",
                    "Transpile the circuit for the device",
                )


def _instructions(
    circuit: QuantumCircuit, physical: Any
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for instruction in circuit.data:
        indices = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        qubits = tuple(physical[index] for index in indices)
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            for block in operation.blocks:
                yield from _instructions(block, qubits)
        else:
            yield operation.name, qubits


@lru_cache(maxsize=64)
def _places(offered: Offered) -> dict[str, Places | None]:
    """Where each gate of a device can be; None is on any qubit."""
    configuration = offered.configuration
    places: dict[str, Places | None] = dict.fromkeys(configuration["basis_gates"])
    coupling = configuration["coupling_map"]
    if coupling:
        pairs = frozenset(map(tuple, coupling))
        places |= dict.fromkeys({"cx", "cz", "ecr"} & places.keys(), pairs)
    for gate in configuration["gates"]:
        if gate["name"] in places and gate.get("coupling_map"):
            places[gate["name"]] = frozenset(map(tuple, gate["coupling_map"]))
    return places
