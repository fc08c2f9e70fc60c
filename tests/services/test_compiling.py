"""What compiling takes, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from qiskit import QuantumCircuit

from qexp.services.compiling import nameless, renamed

COMPILE = """
import sys
from qiskit import QuantumCircuit
from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from qexp.services.compiling import compiled

circuit = QuantumCircuit(1)
circuit.h(0)
circuit.measure_all()
machine = backend(load(Backend(name="ibmq_manila", snapshot="manila")))
for method in sys.argv[1:]:
    asked = {} if method == "none" else {"translation_method": method}
    try:
        made = compiled(machine, circuit, {"optimization_level": 1, **asked})
        print("compiled", dict(made.circuit.count_ops()))
    except Exception as error:
        print(type(error).__name__)
print("imported" if "qiskit_ibm_runtime" in sys.modules else "spared")
"""


@pytest.mark.parametrize(
    ("methods", "imported"),
    [
        (["none"], "spared"),
        (["translator"], "spared"),
        (["none", "ibm_backend", "none"], "imported"),
    ],
    ids=str,
)
def test_a_package_of_stages_is_imported_only_if_asked_for(methods, imported):
    command = [sys.executable, "-c", COMPILE, *methods]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    *made, last = said.split("\n")[:-1]
    assert last == imported
    assert made[0].startswith("compiled")
    assert made[0] == made[-1]


def test_another_name_changes_nothing_else():
    circuit = QuantumCircuit(2, name="first")
    circuit.cx(0, 1)
    circuit.metadata = {"a": 1}
    other = renamed(circuit, "second")
    other.metadata = {"b": 2}
    assert (circuit.name, circuit.metadata) == ("first", {"a": 1})
    assert (other.name, other.metadata) == ("second", {"b": 2})
    assert other == circuit
    assert nameless(other) == nameless(circuit)
    assert (circuit.name, circuit.metadata) == ("first", {"a": 1})
