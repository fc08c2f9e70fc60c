"""Durations and QPU time, against figures computed independently."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile

from qexp.circuits.ghz import ghz
from qexp.compiled import Compiled, estimated_success, metrics, two_qubit_gates
from qexp.config import Backend
from qexp.cost import busy, quantum_seconds
from qexp.device import IDEAL, load
from qexp.options import Options
from qexp.snapshot import backend

MONTREAL = load(Backend(name="ibmq_montreal", snapshot="montreal"))
SNAPSHOT = backend(MONTREAL)
PROPERTIES = SNAPSHOT.properties()


def compiled(circuit, **options):
    return transpile(circuit, SNAPSHOT, seed_transpiler=1, **options)


@pytest.mark.parametrize("num_qubits", [1, 3, 5, 8])
def test_the_duration_is_that_of_terra_s_scheduler(num_qubits):
    circuit = ghz(num_qubits, "linear")
    scheduled = compiled(circuit, scheduling_method="alap")
    expected = scheduled.duration * MONTREAL.configuration["dt"] * 1e-9
    assert busy(compiled(circuit), MONTREAL, PROPERTIES) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("delay", "seconds"), [(0.0, 2.04), (5e-5, 2.25), (2.5e-4, 3.07), (5e-4, 4.09)]
)
def test_the_qpu_time_of_ghz_5(delay, seconds):
    # 4096 shots, with reset: figures of a separate calculation of the same model
    duration = busy(compiled(ghz(5, "linear")), MONTREAL, PROPERTIES)
    options = Options(shots=4096, rep_delay=delay)
    assert quantum_seconds([duration], options) == pytest.approx(seconds, abs=0.01)


def test_three_hundred_circuits_share_the_overhead():
    duration = busy(compiled(ghz(5, "linear")), MONTREAL, PROPERTIES)
    options = Options(shots=4096, rep_delay=2.5e-4)
    assert quantum_seconds([duration] * 300, options) == pytest.approx(323, abs=1)


def test_delays_in_every_unit():
    circuit = QuantumCircuit(1, 1)
    circuit.delay(1000, 0, unit="ns")
    circuit.delay(1, 0, unit="us")
    circuit.delay(9000, 0, unit="dt")
    dt = MONTREAL.configuration["dt"] * 1e-9
    assert busy(circuit, MONTREAL, PROPERTIES) == pytest.approx(2e-6 + 9000 * dt)


def test_what_is_not_known_has_no_duration():
    assert busy(ghz(2, "linear"), MONTREAL, PROPERTIES) is None  # h is not a gate there
    ideal = load(Backend(name=IDEAL))
    assert busy(ghz(2, "linear"), ideal, None) is None
    assert quantum_seconds([None], Options(shots=1, rep_delay=0.0)) is None
    assert quantum_seconds([1e-6], Options(shots=1)) is None


def test_estimated_success_is_the_product_of_what_works():
    circuit = QuantumCircuit(2, 2)
    circuit.cx(0, 1)
    circuit.barrier()
    circuit.measure(0, 0)
    kept = 1 - PROPERTIES.gate_error("cx", [0, 1])
    read = 1 - PROPERTIES.readout_error(0)
    assert estimated_success(circuit, PROPERTIES) == pytest.approx(kept * read)


def test_barriers_are_no_gates():
    assert two_qubit_gates(compiled(ghz(2, "linear"))) == 1


def test_metrics_are_means_and_sums_over_circuits():
    options = Options(shots=100, rep_delay=0.0)
    small, large = compiled(ghz(2, "linear")), compiled(ghz(5, "linear"))
    one = metrics(Compiled((small,), 1.0), MONTREAL, PROPERTIES, options)
    both = metrics(Compiled((small, large), 3.0), MONTREAL, PROPERTIES, options)
    assert one["two_qubit_gates"] == 1
    assert both["two_qubit_gates"] == 2.5
    assert both["transpile_seconds"] == 3.0
    assert both["quantum_seconds"] > one["quantum_seconds"]


def test_the_hash_tells_compilations_apart():
    first, second = compiled(ghz(3, "linear")), compiled(ghz(3, "linear"))
    placed = compiled(ghz(3, "linear"), initial_layout=[19, 20, 22])
    assert Compiled((first,), 0).hash == Compiled((second,), 0).hash
    assert Compiled((first,), 0).hash != Compiled((placed,), 0).hash
