"""A circuit is the same on every processor, though their last digits differ."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import random_unitary

from qexp.circuits.content import content_of, digest_of_gates

X86 = platform.machine() in ("x86_64", "AMD64")

CONTENTS = """
import json
from qexp.circuits import build
from qexp.circuits.content import digest_of_gates
from qexp.declare.family import FamilyCircuit

FAMILIES = [
    "volume.QuantumVolume",
    "xeb.LinearXEB",
    "mirror.MirrorCircuits",
    "benchmarking.CliffordRB",
    "algorithms.QftRoundTrip",
    "algorithms.QaoaMaxCut",
    "bell.Chsh",
]
built = {
    one: build(FamilyCircuit(kind="family", family=f"qexp.families.{one}"))
    for one in FAMILIES
}
print(json.dumps({
    kind: [one.content, digest_of_gates(one.circuits)] for kind, one in built.items()
}))
"""


def contents(core: str) -> dict[str, list[str]]:
    """What each family's circuits are called, where OpenBLAS takes the processor so."""
    environment = {**os.environ, "OPENBLAS_CORETYPE": core}
    made = subprocess.run(
        [sys.executable, "-c", CONTENTS],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(made.stdout)
    return found


@pytest.mark.skipif(not X86, reason="the names of processors are x86-64's")
def test_circuits_are_known_again_on_another_processor():
    old, new = contents("Nehalem"), contents("Haswell")
    assert {kind: one[0] for kind, one in old.items()} == {
        kind: one[0] for kind, one in new.items()
    }
    # the two do differ in what they compute, or this would have shown nothing
    assert old["volume.QuantumVolume"][1] != new["volume.QuantumVolume"][1]


def drawn(matrix, angle, state):
    circuit = QuantumCircuit(2, 2)
    circuit.append(UnitaryGate(matrix), [0, 1])
    circuit.initialize(state, [0, 1])
    circuit.rx(angle, 0)
    return circuit


def test_only_what_no_device_resolves_is_left_out():
    unitary = random_unitary(4, seed=1).data
    state = np.array([0.6, 0.8j, 0, 0])
    base = content_of([drawn(unitary, 0.3, state)])
    off = state + np.array([0, 1e-17, 1e-17j, 0])
    last = content_of([drawn(unitary * (1 + 1e-16j), 0.3 + 1e-16, off)])
    assert last == base
    turned = unitary * np.exp(1e-7j)
    assert content_of([drawn(turned, 0.3, state)]) != base
    assert content_of([drawn(unitary, 0.3 + 1e-9, state)]) != base
    assert content_of([drawn(unitary, 0.3, state * 1j)]) != base


@pytest.mark.parametrize(("seconds", "same"), [(3.2e-8, True), (3.2000001e-8, False)])
def test_a_delay_in_seconds_is_not_nothing(seconds, same):
    def waiting(time):
        circuit = QuantumCircuit(1)
        circuit.delay(time, 0, unit="s")
        return circuit

    assert (content_of([waiting(seconds)]) == content_of([waiting(3.2e-8)])) is same
    assert content_of([waiting(0.0)]) != content_of([waiting(1e-10)])


def test_a_cache_tells_apart_what_differs_in_the_last_digit():
    one, other = QuantumCircuit(1), QuantumCircuit(1)
    one.rx(0.3, 0)
    other.rx(0.30000000000000004, 0)
    assert digest_of_gates([one]) != digest_of_gates([other])
    assert content_of([one]) == content_of([other])
