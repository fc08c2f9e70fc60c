"""What a device cannot do, and what changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qexp.circuits import build
from qexp.circuits.facts import facts
from qexp.declare.config import Backend, GhzCircuit, LocalService
from qexp.declare.options import Options
from qexp.declare.twin import Twin
from qexp.devices.device import load
from qexp.planning.checks import problems, without_effect
from qexp.planning.free import AER_OPTIONS

MONTREAL = load(Backend(name="ibmq_montreal", snapshot="montreal"))
GHZ = build(GhzCircuit(num_qubits=3))
LOCAL = LocalService()


def found(**options):
    return problems(Options(**options), MONTREAL, LOCAL, GHZ)


def notes(service=LOCAL, **options):
    return without_effect(Options(**options), MONTREAL, service, GHZ)


def test_the_defaults_are_fine():
    assert found() == []
    assert notes() == []


@pytest.mark.parametrize("delay", [0.0, 1e-9, 2.5e-4, 5e-4])
def test_delays_within_the_range_are_fine_zero_included(delay):
    assert found(rep_delay=delay) == []


@given(st.floats(min_value=5.000001e-4, max_value=1e3))
def test_no_delay_beyond_the_range_is(delay):
    (problem,) = found(rep_delay=delay)
    assert problem.key == "options.rep_delay"
    assert problem.value == delay


@given(st.permutations(range(27)))
def test_any_distinct_qubits_of_the_device_are_a_layout(permutation):
    assert found(initial_layout=list(permutation[:3])) == []


@given(st.lists(st.integers(-5, 40), max_size=5))
def test_no_other_list_is(layout):
    fine = len(layout) == 3 == len(set(layout)) and all(0 <= q < 27 for q in layout)
    assert bool(found(initial_layout=layout)) is not fine


def test_aer_s_options_are_those_of_the_installed_aer():
    from qiskit_aer import AerSimulator

    known = set(AerSimulator._default_options()._fields)
    decided_elsewhere = {"shots", "noise_model", "seed_simulator", "memory"}
    for_graphics_cards = {
        "chunk_swap_buffer_qubits",
        "cuStateVec_enable",
        "tensor_network_num_sampling_qubits",
        "use_cuTensorNet_autotuning",
    }
    assert known - decided_elsewhere - for_graphics_cards == AER_OPTIONS


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"rep_delay": 0.0}, "rep_delay"),
        ({"init_qubits": False}, "init_qubits"),
        ({"use_measure_esp": True}, "use_measure_esp"),
        ({"initial_layout": [0, 1, 2], "layout_method": "dense"}, "layout_method"),
    ],
)
def test_what_changes_nothing_is_named(options, word):
    (note,) = notes(LocalService(noise="aer"), **options)
    assert f"options.{word} has no effect" in note
    assert len(notes(**options)) == (word == "layout_method")


def test_a_parameter_of_the_twin_that_changes_nothing_is_named():
    (note,) = notes(LocalService(noise="aer", twin=Twin(eta=0.3)))
    assert "service.twin.eta has no effect with service.noise=aer" in note
    assert notes(LocalService(twin=Twin(eta=0.3))) == []


def test_esp_is_refused_where_the_device_lacks_it_unless_that_is_overridden():
    manila = load(Backend(name="ibmq_manila", snapshot="manila"))
    esp, override = Options(use_measure_esp=True), Twin(esp_override=True)
    (problem,) = problems(esp, manila, LOCAL, GHZ)
    assert "service.twin.esp_override=true" in str(problem)
    assert problems(esp, manila, LocalService(twin=override), GHZ) == []
    on_aer = LocalService(noise="aer", twin=override)
    assert len(problems(esp, manila, on_aer, GHZ)) == 1


def test_an_option_of_aer_s_is_refused_for_the_twin():
    options = Options(run_config={"method": "statevector", "max_parallel_threads": 1})
    (problem,) = problems(options, MONTREAL, LOCAL, GHZ)
    assert "is an option of Aer" in str(problem)
    assert problems(options, MONTREAL, LocalService(noise="aer"), GHZ) == []


def test_esp_without_reset_is_remarked_on():
    (note,) = notes(use_measure_esp=True, init_qubits=False)
    assert "starts the next shot from |2⟩" in note


def test_a_circuit_is_looked_at_once_for_all_points(monkeypatch):
    looked = []

    def counted(circuit):
        looked.append(circuit.name)
        return facts(circuit)

    monkeypatch.setattr("qexp.circuits.built.facts", counted)
    built = build(GhzCircuit(num_qubits=4))
    for shots in range(1, 50):
        options = Options(shots=shots, measurement_error_mitigation=True)
        assert problems(options, MONTREAL, LOCAL, built) == []
        assert without_effect(options, MONTREAL, LOCAL, built) == []
    assert looked == ["ghz-4"]


def test_circuits_and_devices_are_not_mixed_up():
    manila = load(Backend(name="ibmq_manila", snapshot="manila"))
    wide, narrow = (build(GhzCircuit(num_qubits=width)) for width in (6, 5))
    for _ in range(2):
        assert problems(Options(), MONTREAL, LOCAL, wide) == []
        assert problems(Options(), manila, LOCAL, narrow) == []
        (problem,) = problems(Options(), manila, LOCAL, wide)
        assert "has 6 qubits, ibmq_manila has 5" in str(problem)


def test_problems_come_in_one_order():
    bad = build(GhzCircuit(num_qubits=28))
    options = Options(
        shots=9000,
        rep_delay=1.0,
        initial_layout=[0, 0],
        transpiler_options={"no": 1},
        run_config={"nor": 1, "skip_transpilation": True},
    )
    assert [one.key for one in problems(options, MONTREAL, LOCAL, bad)] == [
        "circuit",
        "options.shots",
        "options.rep_delay",
        "options.initial_layout",
        "options.transpiler_options.no",
        "options.run_config.nor",
        "options.run_config.skip_transpilation",
    ]
