"""Delays in the device's own unit of time, which is the only one that QPY knows.

QPY writes the number of a delay and not its unit (terra 0.46, QPY up to version 10): 2 µs
are read as 2 dt.
"""

from __future__ import annotations

from collections.abc import Iterator

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, Delay
from qiskit.circuit.duration import duration_in_dt
from qiskit.utils import apply_prefix

from qexp.errors import ConfigError

DT = "dt"


def units(circuit: QuantumCircuit) -> Iterator[str]:
    """The unit of each delay, those in branches and loops included."""
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, Delay):
            yield operation.unit
        elif isinstance(operation, ControlFlowOp):
            for block in operation.blocks:
                yield from units(block)


def in_dt(circuit: QuantumCircuit, dt: float | None) -> QuantumCircuit:
    """A circuit whose delays are in dt, as the compiler would have made them.

    Args:
        circuit: The circuit, which is given back where there is nothing to change.
        dt: The device's sample time in seconds; None where it has none.

    Raises:
        ConfigError: A delay cannot be given in dt.
    """
    others = sorted({unit for unit in units(circuit) if unit != DT})
    if not others:
        return circuit
    if dt is None:
        raise ConfigError(
            f"circuit {circuit.name}: its delays in {', '.join(others)} cannot be sent, "
            "because the device does not say how long its dt is. Leave them out."
        )
    return _changed(circuit, dt)


def _changed(circuit: QuantumCircuit, dt: float) -> QuantumCircuit:
    made = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            blocks = [_changed(block, dt) for block in operation.blocks]
            operation = operation.replace_blocks(blocks)
        elif isinstance(operation, Delay) and operation.unit != DT:
            seconds = apply_prefix(operation.duration, operation.unit)
            operation = Delay(duration_in_dt(seconds, dt))
        made.append(operation, instruction.qubits, instruction.clbits)
    return made
