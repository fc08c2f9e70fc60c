"""The embedded circuit-runner against what one writes by hand with terra, Aer and M3."""

from __future__ import annotations

import warnings

import pytest
from mthree import M3Mitigation
from qiskit import QuantumCircuit, transpile
from qiskit.result import Result
from qiskit_aer import AerSimulator

from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.services.aer import AerMachine
from qexp.services.compiling import decoded
from qexp.services.program import run


def montreal():
    from qiskit.providers.fake_provider import FakeMontreal

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FakeMontreal()


@pytest.fixture(scope="module")
def by_hand():
    """Terra's own fake backend and a simulator made of it: nothing of qexp's."""
    fake = montreal()
    return fake, AerSimulator.from_backend(fake)


@pytest.fixture(scope="module")
def machine():
    return AerMachine(load(Backend(name="ibmq_montreal", snapshot="montreal")), "aer")


def needs_swaps():
    circuit = QuantumCircuit(5, 5, name="needs-swaps")
    circuit.h(0)
    for first in range(5):
        for second in range(first):
            circuit.cx(first, second)
            circuit.rz(0.3 * first, second)
    circuit.measure(range(5), range(5))
    return circuit


COMBINATIONS = [
    {},
    {"optimization_level": 0},
    {"optimization_level": 1, "seed_transpiler": 0},
    {"optimization_level": 2, "layout_method": "dense"},
    {"optimization_level": 3, "layout_method": "noise_adaptive"},
    {"optimization_level": 3, "layout_method": "sabre", "routing_method": "sabre"},
    {"optimization_level": 1, "layout_method": "trivial", "routing_method": "basic"},
    {"optimization_level": 1, "routing_method": "stochastic"},
    {"optimization_level": 0, "routing_method": "lookahead"},
    {"optimization_level": 2, "translation_method": "synthesis"},
    {"initial_layout": [13, 14, 11, 8, 5]},
    {"initial_layout": [0, 1, 4, 7, 10], "optimization_level": 0},
    {"transpiler_options": {"approximation_degree": 0.95}, "optimization_level": 3},
    {"shots": 1, "optimization_level": 1},
]


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@pytest.mark.parametrize("make", [lambda: ghz(5, "linear"), needs_swaps])
def test_counts_are_those_of_transpile_and_a_single_run(
    machine, by_hand, options, make
):
    circuit, inputs = make(), {"seed_transpiler": 11, "shots": 500, **options}
    answer = run(machine, [circuit], {**inputs, "seed_simulator": 5})
    result = Result.from_dict(answer)

    fake, simulator = by_hand
    shots = inputs.pop("shots")
    further = inputs.pop("transpiler_options", {})
    compiled = transpile(circuit, fake, **inputs, **further)
    seed = answer["results"][0]["header"]["seed_simulator"]
    expected = simulator.run(compiled, shots=shots, seed_simulator=seed).result()

    assert result.success
    assert result.get_counts() == expected.get_counts()
    assert decoded(answer["results"][0]["header"]["compiled"]) == compiled


def test_the_compared_circuit_does_need_swaps(by_hand):
    compiled = transpile(needs_swaps(), by_hand[0], seed_transpiler=11)
    assert compiled.count_ops()["cx"] > needs_swaps().count_ops()["cx"]


def test_mitigated_results_are_those_of_mthree(machine, by_hand):
    circuit = ghz(5, "linear")
    inputs = {"seed_transpiler": 1, "seed_simulator": 3, "shots": 2000}
    answer = run(machine, [circuit], {**inputs, "measurement_error_mitigation": True})
    header = answer["results"][0]["header"]
    result = Result.from_dict(answer)

    fake, simulator = by_hand
    compiled = transpile(circuit, fake, seed_transpiler=1)
    counts = simulator.run(
        compiled, shots=2000, seed_simulator=header["seed_simulator"]
    ).result()
    qubits = list(header["final_measurement_mapping"])
    calibrated = AerSimulator.from_backend(
        fake, seed_simulator=_calibration_seed(header)
    )
    mitigation = M3Mitigation(calibrated)
    mitigation.cals_from_system(qubits)
    expected = mitigation.apply_correction(counts.get_counts(), qubits)

    got = {
        f"{int(outcome, 16):05b}": value
        for outcome, value in answer["results"][0]["data"]["quasiprobabilities"].items()
    }
    assert got == pytest.approx(dict(expected))
    assert sum(got.values()) == pytest.approx(1)
    assert header["measurement_mitigation_time"] > 0
    assert result.get_counts() == counts.get_counts()


def _calibration_seed(header):
    from qexp.planning.seeds import derive

    return derive(header["seed_simulator"], "calibration")


def test_the_mapping_is_that_of_the_service_program(machine):
    # qubit to clbit, ordered by clbit; only final measurements count
    circuit = QuantumCircuit(3, 4, name="mapped")
    circuit.measure(0, 3)
    circuit.x(0)
    circuit.measure(1, 2)
    circuit.measure(0, 0)
    inputs = {
        "initial_layout": [4, 1, 0],
        "optimization_level": 0,
        "measurement_error_mitigation": True,
        "shots": 100,
        "seed_simulator": 1,
    }
    answer = run(machine, [circuit], inputs)
    header = answer["results"][0]["header"]
    assert header["final_measurement_mapping"] == {4: 0, 1: 2}
    quasi = answer["results"][0]["data"]["quasiprobabilities"]
    assert max(quasi, key=quasi.get) == "0x1"


def test_counts_depend_neither_on_threads_nor_on_company(machine):
    circuits = [ghz(5, "linear"), ghz(3, "star"), needs_swaps()]
    for position, circuit in enumerate(circuits):
        circuit.name = f"circuit-{position}"
    inputs = {"seed_transpiler": 2, "seed_simulator": 4, "shots": 300}
    together = run(machine, circuits, inputs)["results"]
    backwards = run(machine, circuits[::-1], inputs)["results"][::-1]
    alone = [
        run(machine, [circuit], inputs | {"max_parallel_threads": 1})["results"][0]
        for circuit in circuits
    ]
    counts = [
        [one["data"]["counts"] for one in run] for run in (together, backwards, alone)
    ]
    assert counts[0] == counts[1] == counts[2]


def test_mitigation_does_not_depend_on_company_either(machine):
    one, other = ghz(3, "linear"), ghz(2, "linear")
    one.name, other.name = "one", "other"
    inputs = {
        "seed_simulator": 4,
        "seed_transpiler": 1,
        "shots": 100,
        "measurement_error_mitigation": True,
    }
    alone = run(machine, [one], inputs)["results"][0]["data"]
    after = run(machine, [other, one], inputs)["results"][1]["data"]
    assert alone == after


def test_two_names_give_two_samples(machine):
    first, second = ghz(5, "linear"), ghz(5, "linear")
    first.name, second.name = "repeat-0", "repeat-1"
    results = run(machine, [first, second], {"seed_simulator": 1})["results"]
    assert results[0]["data"]["counts"] != results[1]["data"]["counts"]


def test_a_circuit_that_fails_leaves_the_others_alone(machine):
    good, bad = ghz(3, "linear"), QuantumCircuit(2, name="bad")
    answer = run(
        machine, [bad, good], {"measurement_error_mitigation": True, "shots": 50}
    )
    failed, worked = answer["results"]
    assert not answer["success"]
    assert not failed["success"]
    assert failed["status"].startswith("ERROR: ")
    assert worked["success"]
    assert sum(worked["data"]["counts"].values()) == 50


def test_the_compiler_s_refusal_is_the_point_s(machine):
    # terra's unroller cannot reach a basis of rz, sx, x and cx
    answer = run(machine, [ghz(3, "linear")], {"translation_method": "unroller"})
    assert (
        "Unable to define instruction 'u' in the basis"
        in answer["results"][0]["status"]
    )


def test_without_the_compiler_the_circuit_runs_as_it_is(machine):
    circuit = QuantumCircuit(2, 1, name="native")
    circuit.x(1)
    circuit.measure(1, 0)
    inputs = {"skip_transpilation": True, "optimization_level": 3, "shots": 100}
    header = run(machine, [circuit], inputs)["results"][0]["header"]
    assert decoded(header["compiled"]) == circuit
    assert header["transpile_seconds"] == 0
