"""Durations and QPU time, against figures computed independently."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import QFT
from qiskit.circuit.random import random_circuit
from qiskit.transpiler.exceptions import TranspilerError

from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.declare.options import Options
from qexp.devices.cost import (
    JOB_OVERHEAD,
    RESET_SECONDS,
    bound,
    busy,
    quantum_seconds,
    shots_seconds,
)
from qexp.devices.device import IDEAL, Device, load
from qexp.devices.pace import diameter, pace
from qexp.devices.snapshot import backend
from qexp.devices.work import work
from qexp.results.compiled import Compiled, estimated_success, metrics, two_qubit_gates

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
    one = metrics(Compiled((small,), 1.0), MONTREAL, options)
    both = metrics(Compiled((small, large), 3.0), MONTREAL, options)
    assert one["two_qubit_gates"] == 1
    assert both["two_qubit_gates"] == 2.5
    assert both["transpile_seconds"] == 3.0
    assert both["quantum_seconds"] > one["quantum_seconds"]


def test_the_hash_tells_compilations_apart():
    first, second = compiled(ghz(3, "linear")), compiled(ghz(3, "linear"))
    placed = compiled(ghz(3, "linear"), initial_layout=[19, 20, 22])
    assert Compiled((first,), 0).hash == Compiled((second,), 0).hash
    assert Compiled((first,), 0).hash != Compiled((placed,), 0).hash


def test_the_shots_of_one_circuit():
    options = Options(shots=1000, rep_delay=1e-4)
    assert shots_seconds(6e-6, options) == pytest.approx(
        1000 * (1e-4 + 6e-6 + RESET_SECONDS)
    )
    kept = options.model_copy(update={"init_qubits": False})
    assert shots_seconds(6e-6, kept) == pytest.approx(1000 * 1.06e-4)
    assert shots_seconds(6e-6, Options(shots=1)) is None
    total = quantum_seconds([1e-6, 2e-6], options)
    each = [shots_seconds(length, options) for length in (1e-6, 2e-6)]
    assert total == pytest.approx(JOB_OVERHEAD + sum(each))


LAYOUTS = (None, "trivial", "dense", "noise_adaptive", "sabre")
ROUTINGS = (None, "basic", "lookahead", "stochastic", "sabre")
TRANSLATIONS = (None, "translator", "synthesis")


def qft(num_qubits):
    circuit = QFT(num_qubits)
    circuit.measure_all()
    return circuit


def random_one(num_qubits, depth, seed):
    circuit = random_circuit(num_qubits, depth, seed=seed, conditional=seed % 3 == 0)
    circuit.measure_all()
    return circuit


def device(name):
    return load(Backend(name=name, snapshot=name.partition("_")[2]))


def assert_bounded(circuit, device_, **options):
    terra = backend(device_)
    properties = terra.properties()
    try:
        made = transpile(circuit, terra, **options)
    except TranspilerError:  # `synthesis` cannot take some gates apart
        assert options.get("translation_method") == "synthesis"
        return
    found = busy(made, device_, properties)
    at_most = bound(circuit, device_, properties)
    assert found is not None
    assert at_most is not None
    assert at_most >= found, (device_.name, options)


compiling = {
    "level": st.integers(0, 3),
    "layout": st.sampled_from(LAYOUTS),
    "routing": st.sampled_from(ROUTINGS),
    "translation": st.sampled_from(TRANSLATIONS),
    "seed": st.integers(0, 10**6),
}


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["ibmq_montreal", "ibmq_manila"]),
    st.integers(1, 6),
    st.integers(1, 6),
    st.fixed_dictionaries(compiling),
)
def test_no_compiled_circuit_takes_longer_than_the_bound(name, width, depth, asked):
    device_ = device(name)
    if asked["routing"] == "lookahead":  # it may search for minutes
        width, depth = min(width, 4), min(depth, 2)
    circuit = random_one(min(width, device_.num_qubits), depth, asked["seed"])
    assert_bounded(
        circuit,
        device_,
        optimization_level=asked["level"],
        layout_method=asked["layout"],
        routing_method=asked["routing"],
        translation_method=asked["translation"],
        seed_transpiler=asked["seed"],
    )


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize(
    ("name", "circuit"),
    [
        ("ibmq_montreal", qft(6)),
        ("ibmq_manila", qft(5)),
        ("ibmq_montreal", ghz(12, "star")),
        ("ibm_washington", ghz(20, "star")),
    ],
    ids=["qft on montreal", "qft on manila", "star on montreal", "star on washington"],
)
def test_nor_does_one_that_must_be_routed(name, circuit, level):
    for routing in ("basic", "stochastic", "sabre"):
        assert_bounded(
            circuit,
            device(name),
            optimization_level=level,
            routing_method=routing,
            seed_transpiler=level,
        )


def pair(edges):
    """Two of montreal's qubits, where no routing gives the bound room."""
    snapshot = {**MONTREAL.configuration, "n_qubits": 2, "coupling_map": edges}
    gates = [
        gate
        for gate in MONTREAL.properties["gates"]
        if gate["qubits"] in ([0], [1], *edges)
    ]
    properties = {
        **MONTREAL.properties,
        "qubits": MONTREAL.properties["qubits"][:2],
        "gates": gates,
    }
    return Device("pair", {**snapshot, "open_pulse": False}, properties, {})


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([[[0, 1]], [[0, 1], [1, 0]]]),
    st.integers(1, 6),
    st.fixed_dictionaries(compiling),
)
def test_nor_does_one_on_two_qubits_of_one_direction(edges, depth, asked):
    assert_bounded(
        random_one(2, depth, asked["seed"]),
        pair(edges),
        optimization_level=asked["level"],
        translation_method=asked["translation"],
        seed_transpiler=asked["seed"],
    )


def one_after_another():
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.measure(1, 1)
    return circuit


def in_the_middle():
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.x(1)
    circuit.measure(1, 1)
    return circuit


def into_one_clbit():
    circuit = QuantumCircuit(2, 1)
    circuit.measure([0, 1], [0, 0])
    return circuit


def conditioned():
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    circuit.x(1).c_if(0, 1)
    circuit.measure(1, 1)
    return circuit


@pytest.mark.parametrize(
    ("make", "readouts"),
    [
        (lambda: ghz(5, "linear"), 1),
        (one_after_another, 2),
        (in_the_middle, 2),
        (into_one_clbit, 2),
        (conditioned, 2),
        (lambda: QuantumCircuit(2, 2), 0),
    ],
)
def test_measurements_count_once_for_as_many_as_are_simultaneous(make, readouts):
    circuit = make()
    assert work(circuit).readouts == readouts
    if readouts:
        assert_bounded(circuit, MONTREAL, optimization_level=0)


def test_gates_are_counted_as_cx_and_single_ones():
    circuit = QuantumCircuit(3, 1)
    circuit.ccx(0, 1, 2)
    circuit.swap(0, 1)
    circuit.delay(100, 0, unit="ns")
    circuit.delay(50, 1, unit="ns")
    circuit.reset(2)
    circuit.measure(0, 0)
    asked = work(circuit)
    assert (asked.two_qubit, asked.resets, asked.readouts) == (6 + 3, 1, 1)
    assert asked.delays == (("ns", 150.0, 2),)


def test_the_bound_of_ghz_2_by_hand():
    gates = {1: 0.0, 2: 0.0}
    for gate in PROPERTIES.gates:
        if gate.gate != "reset":
            length = PROPERTIES.gate_length(gate.gate, gate.qubits)
            gates[len(gate.qubits)] = max(gates[len(gate.qubits)], length)
    readout = max(PROPERTIES.readout_length(qubit) for qubit in range(27))
    across = (1 + 3 * 11) * (gates[2] + 10 * gates[1])
    assert diameter(MONTREAL) == 12
    expected = 5 * gates[1] + across + readout
    assert bound(ghz(2, "linear"), MONTREAL, PROPERTIES) == pytest.approx(expected)
    assert pace(MONTREAL, PROPERTIES) is pace(MONTREAL, PROPERTIES)


def branching():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, True)):
        circuit.x(0)
    return circuit


def test_what_is_not_known_has_no_bound():
    assert bound(ghz(2, "linear"), load(Backend(name=IDEAL)), None) is None
    assert bound(branching(), MONTREAL, PROPERTIES) is None
    uncoupled = {**MONTREAL.configuration, "coupling_map": None}
    alone = Device("alone", uncoupled, MONTREAL.properties, {})
    assert bound(ghz(2, "linear"), alone, PROPERTIES) is None
    assert bound(ghz(1, "linear"), alone, PROPERTIES) is not None
    silent = load(Backend(name="ibmqx5", snapshot="rueschlikon"))
    assert bound(ghz(2, "linear"), silent, backend(silent).properties()) is None
