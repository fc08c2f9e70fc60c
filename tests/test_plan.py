"""What travels: every option that is set, 0 and False included."""

from __future__ import annotations

from qexp import circuits
from qexp.config import Backend, Experiment, GhzCircuit
from qexp.device import load
from qexp.options import Options
from qexp.plan import submission
from qexp.run import make_point
from qexp.seeds import Seeds, draw

MONTREAL = Backend(name="ibmq_montreal", snapshot="montreal")


def planned(**options):
    declared = Experiment(
        name="plan", circuit=GhzCircuit(), backend=MONTREAL, options=Options(**options)
    )
    built = circuits.build(declared.circuit)
    point = make_point(declared, load(declared.backend), built)
    return submission(point, built, draw(1, declared.options, 0)), point


def test_zero_and_false_travel():
    sent, _ = planned(
        seed_transpiler=0,
        rep_delay=0.0,
        optimization_level=0,
        init_qubits=False,
        use_measure_esp=False,
        run_config={"seed_simulator": 0},
    )
    expected = {
        "seed_transpiler": 0,
        "rep_delay": 0.0,
        "optimization_level": 0,
        "init_qubits": False,
        "use_measure_esp": False,
        "measurement_error_mitigation": False,
        "seed_simulator": 0,
    }
    assert expected.items() <= sent.inputs.items()


def test_what_is_not_set_does_not_travel():
    sent, _ = planned()
    assert not {"layout_method", "initial_layout", "routing_method"} & set(sent.inputs)
    assert sent.inputs["shots"] == 4000


def test_circuits_travel_under_the_point_s_name_and_leave_the_declared_ones_alone():
    declared = circuits.build(GhzCircuit())
    sent, point = planned()
    assert [circuit.name for circuit in sent.circuits] == [f"{point.id}-0"]
    assert declared.circuits[0].name == "ghz-5"


def test_set_seeds_are_kept_and_others_drawn():
    assert draw(7, Options(seed_transpiler=0), 0).transpiler == 0
    set_ = Options(run_config={"seed_simulator": 5})
    assert draw(7, set_, 0).simulator == 5
    assert draw(7, Options(), 0) == draw(7, Options(), 0) != draw(8, Options(), 0)
    assert draw(None, Options(), 0) != draw(None, Options(), 0)
    assert isinstance(draw(None, Options(), 0), Seeds)


def test_repeats_have_transpiler_seeds_of_their_own():
    assert draw(7, Options(), 0).transpiler != draw(7, Options(), 1).transpiler
