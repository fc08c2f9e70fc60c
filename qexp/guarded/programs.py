"""OpenQASM 3 as terra reads it, and better where its reader is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import openqasm3
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, Gate, Parameter
from qiskit.circuit.library import IGate, UGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.qasm3.exceptions import QASM3ImporterError
from qiskit.quantum_info import Operator
from qiskit_qasm3_import.converter import ConvertVisitor
from qiskit_qasm3_import.exceptions import ConversionError

WIDEST_GATE = 3
"""Most qubits of a gate that is compared with terra's own."""


def loads(text: str) -> QuantumCircuit:
    """The circuit of an OpenQASM 3 program.

    Args:
        text: The program. A gate that it defines under the name of one of terra's own,
            and that does the same, is that gate; so is `id`.

    Raises:
        QASM3ImporterError: It is none, or has what a circuit cannot have.
    """
    try:
        circuit = _Converter().convert(openqasm3.parse(text)).circuit
    except openqasm3.parser.QASM3ParsingError as error:
        raise QASM3ImporterError(f"it is no OpenQASM 3 program: {error}") from error
    except ConversionError as error:
        raise QASM3ImporterError(str(error)) from error
    return _with_own_gates(circuit)


class _Converter(ConvertVisitor):
    """The reader, which loses the order of a gate's parameters, and those not used."""

    def visit_QuantumGateDefinition(self, node: Any, context: Any) -> Any:
        """A gate that the program defines."""
        context = super().visit_QuantumGateDefinition(node, context)
        symbol = context.symbol_table.get(node.name.name)
        names = [argument.name for argument in node.arguments]
        symbol.data = _Defined(node.name.name, symbol.data._definition, names)
        return context


class _Defined:
    """Makes gates of one definition."""

    def __init__(
        self, name: str, definition: QuantumCircuit, parameters: Sequence[str]
    ) -> None:
        self._name = name
        self._definition = definition
        used = {one.name: one for one in definition.parameters}
        self._order: list[Parameter | None] = [used.get(one) for one in parameters]

    def __call__(self, *values: Any) -> Gate:
        if len(values) != len(self._order):
            raise ConversionError(
                f"gate {self._name} takes {len(self._order)} parameters, not {len(values)}"
            )
        gate = Gate(self._name, self._definition.num_qubits, [*values])
        pairs = zip(self._order, values, strict=True)
        used = {one: value for one, value in pairs if one is not None}
        gate._definition = self._definition.assign_parameters(used)
        return gate


def _with_own_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    for place, instruction in enumerate(circuit.data):
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            blocks = [_with_own_gates(block) for block in operation.blocks]
            circuit.data[place] = instruction.replace(
                operation=operation.replace_blocks(blocks)
            )
        elif (own := _own(operation)) is not None:
            circuit.data[place] = instruction.replace(operation=own)
    return circuit


def _own(operation: Any) -> Gate | None:
    if isinstance(operation, UGate) and operation.params == [0, 0, 0]:
        return IGate()  # the reader makes the former of id
    if type(operation) is not Gate or operation.num_qubits > WIDEST_GATE:
        return None
    own = get_standard_gate_name_mapping().get(operation.name)
    if own is None or len(own.params) != len(operation.params):
        return None
    try:
        values = tuple(float(value) for value in operation.params)
    except TypeError:  # they are not bound
        return None
    made = own.base_class(*values) if values else own.copy()
    same = Operator(made).equiv(Operator(operation.definition))
    return made if same else None
