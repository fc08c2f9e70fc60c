"""What a job may ask of the compiler."""

from __future__ import annotations

import pytest

from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.emulator.inputs import taken
from qexp.emulator.refusal import Refusal

MANILA = load(Backend(name="ibmq_manila", snapshot="manila"))  # 5 qubits


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("coupling_map", [[0, 2_000_000_000]], "0 to 4, not [0, 2000000000]"),
        ("coupling_map", [[0, -1]], "0 to 4"),
        ("coupling_map", [[0, True]], "0 to 4"),
        ("coupling_map", [[0, 1, 2]], "pairs"),
        ("coupling_map", [0], "pairs"),
        ("coupling_map", [[0, 1]] * 26, "25 pairs at most, not of 26"),
        ("coupling_map", {"0": 1}, "must be a list"),
        ("executor", "thread", "no executor"),
        ("callback", 1, "no callback"),
        ("backend", "ibmq_manila", "no backend"),
        ("target", {}, "target cannot be given in JSON"),
        ("instruction_durations", [["x", None, 1]], "cannot be given in JSON"),
        ("hls_config", {}, "cannot be given in JSON"),
        ("inst_map", [], "cannot be given in JSON"),
        ("backend_properties", {}, "cannot be given in JSON"),
        ("approximation_degree", "1", "must be a number"),
        ("approximation_degree", 2, "0 to 1"),
        ("basis_gates", [1], "names of gates"),
        ("routing_method", 1, "must be text"),
        ("optimization_level", True, "must be an integer"),
        ("optimization_level", 1.0, "must be an integer"),
        ("optimization_level", 4, "0 to 3"),
        ("layout_method", "nope", "must be one of default, dense, noise_adaptive"),
        ("scheduling_method", "nope", "must be one of alap, asap, default, not 'nope'"),
        ("unitary_synthesis_method", "nope", "must be one of aqc, default"),
        ("timing_constraints", {"x": 1}, "must be of granularity, min_length"),
        (
            "timing_constraints",
            {"granularity": "x"},
            "an integer of 1 or more, not 'x'",
        ),
        ("seed_transpiler", -1, "0 to 4294967295"),
        ("initial_layout", [0, 0], "different qubits"),
        ("initial_layout", [0, 5], "0 to 4, not 5"),
        ("initial_layout", [0, "1"], "0 to 4, not '1'"),
        ("initial_layout", {"0": 2, "1": 2}, "different qubits"),
        ("initial_layout", {"a": 2}, "by number of a circuit qubit, not 'a'"),
        ("initial_layout", 3, "must be a list or a mapping"),
    ],
)
def test_what_the_compiler_does_not_take_is_refused(key, value, sentence):
    own = key in ("optimization_level", "seed_transpiler", "initial_layout")
    for params in ({"transpiler_options": {key: value}}, {key: value})[: 1 + own]:
        with pytest.raises(Refusal) as refused:
            taken(params, MANILA)
        assert refused.value.code == 1101
        assert sentence in refused.value.message
        assert key in refused.value.message


def test_what_fits_the_device_is_taken():
    options = {
        "coupling_map": [[0, 1], [1, 0], [4, 3]],
        "basis_gates": ["cx", "u"],
        "initial_layout": {"0": 4, "1": 3},
        "approximation_degree": 0.9,
        "routing_method": "basic",
        "optimization_level": None,
        "timing_constraints": {"acquire_alignment": 1},
    }
    found = taken({"transpiler_options": options}, MANILA).options
    assert found["transpiler_options"] == options


def test_a_simulator_is_given_no_executor():
    with pytest.raises(Refusal, match="executor"):
        taken({"executor": "thread"}, MANILA)
