"""The plan: what travels, in which jobs, in which order, and what it costs."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qexp.declare.config import Backend, Experiment, GhzCircuit, LocalService
from qexp.declare.expand import Declared
from qexp.declare.options import Options
from qexp.errors import ConfigError
from qexp.planning.cell import make
from qexp.planning.packing import compile_inputs, execution_inputs
from qexp.planning.plan import plan
from qexp.planning.price import price
from qexp.planning.seeds import draw, sweep_seed
from qexp.track.sweep import plan_json

MONTREAL = Backend(name="ibmq_montreal", snapshot="montreal")
MANILA = Backend(name="ibmq_manila", snapshot="manila")


def declared(options=None, labels=None, **rest):
    rest = {"name": "plan", "circuit": GhzCircuit(), "backend": MONTREAL} | rest
    return Declared(Experiment(options=options or Options(), **rest), labels or {})


def planned(*cells, seed=1, swept=True, **rest):
    return plan(make(cells), swept=swept, seed=seed, **rest)


def grid(levels=(0, 1, 2), delays=(5e-5, 2.5e-4), **rest):
    return [
        declared(
            Options(optimization_level=level, rep_delay=delay),
            {"options.optimization_level": level, "options.rep_delay": delay},
            **rest,
        )
        for level in levels
        for delay in delays
    ]


def inputs(**options):
    made = planned(declared(Options(**options)))
    (place,) = made.places.values()
    point, drawn = place.point, place.seeds
    return {**execution_inputs(point, drawn), **compile_inputs(point, drawn)}, made


def test_zero_and_false_travel():
    sent, _ = inputs(
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
    assert expected.items() <= sent.items()


def test_what_is_not_set_does_not_travel():
    sent, _ = inputs()
    assert not {"layout_method", "initial_layout", "routing_method"} & set(sent)
    assert sent["shots"] == 4000


def test_circuits_travel_under_the_point_s_name_and_leave_the_declared_ones_alone():
    _, made = inputs()
    (part,) = made.submissions[0].parts
    (place,) = made.places.values()
    named = [circuit.name for circuit in part.circuits()]
    assert named == [f"{place.point.sample}-0"]
    assert part.built.circuits[0].name == "ghz-5"


def test_set_seeds_are_kept_and_others_drawn():
    assert draw(7, Options(seed_transpiler=0), 0).transpiler == 0
    set_ = Options(run_config={"seed_simulator": 5})
    assert draw(7, set_, 0).simulator == 5
    assert draw(7, Options(), 0) == draw(7, Options(), 0) != draw(8, Options(), 0)
    assert sweep_seed(None) != sweep_seed(None)
    assert sweep_seed(0) == 0


def test_repeats_have_transpiler_seeds_of_their_own_shared_by_all_options():
    made = planned(*grid(repeats=3))
    by_block = {}
    for place in made.places.values():
        by_block.setdefault(place.block, set()).add(place.seeds.transpiler)
    assert all(len(seeds) == 1 for seeds in by_block.values())
    assert len({seeds.pop() for seeds in by_block.values()}) == 3


def test_a_job_holds_what_shares_its_execution_options():
    made = planned(*grid())
    assert [len(one.parts) for one in made.submissions] == [3, 3]
    assert {one.inputs["rep_delay"] for one in made.submissions} == {5e-5, 2.5e-4}
    levels = [part.compile["optimization_level"] for part in made.submissions[0].parts]
    assert sorted(levels) == [0, 1, 2]


def test_one_cell_that_is_declared_twice_is_run_once():
    made = planned(*grid(), *grid(levels=(1,)))
    assert len(made.places) == 6
    assert made.duplicates == 2
    assert "2 cells are the same points as others and are not run again" in made.notes
    # written differently, and the same nevertheless
    same = planned(declared(Options(shots=4000)), declared(Options()))
    assert len(same.places) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(0, 2**31 - 1),
    st.sampled_from(["none", "ghz-3", "readout"]),
)
def test_blocks_are_complete_and_jobs_keep_within_limits(
    shots, repeats, limit, seed, watch
):
    device = MANILA.model_copy(update={"name": "ibmq_manila"})
    cells = [
        declared(Options(shots=100 + n, rep_delay=delay), backend=device, **rest)
        for n in range(shots)
        for delay in (0.0, 1e-4)
        for rest in [{"repeats": repeats, "sentinel": watch}]
    ]
    made = planned(*cells, seed=seed)
    for block in range(repeats):
        of_block = [p for p in made.places.values() if p.block == block]
        assert Counter(p.cell.ready[2].id for p in of_block) == Counter(
            cell.ready[2].id for cell in made.cells
        )
    for sent in made.submissions:
        own = [made.places[p.name] for p in sent.parts if p.name in made.places]
        assert {p.block for p in own} == {sent.block}
        assert [p.position for p in own] == list(range(len(own)))
        assert len({p.point.options.shots for p in own}) == 1
        watched = len(sent.parts) - len(own)
        assert watched == (0 if watch == "none" else 2)
    orders = [
        [
            (sent.inputs["shots"], sent.inputs["rep_delay"])
            for sent in made.submissions
            if sent.block == block
        ]
        for block in range(repeats)
    ]
    for first, second in zip(orders[::2], orders[1::2], strict=False):
        assert second == first[::-1]
    assert len({one.id for one in made.submissions}) == len(made.submissions)
    assert list(range(len(made.submissions))) == [s.number for s in made.submissions]


def test_jobs_are_as_few_as_the_limit_on_circuits_allows(monkeypatch):
    from qexp.planning.limits import Limits

    monkeypatch.setattr(
        "qexp.planning.packing.limits", lambda service, device: Limits(4)
    )
    made = planned(*grid(levels=(0, 1, 2, 3), delays=(0.0, 1e-4)))
    assert [len(one.names) for one in made.submissions] == [4, 4]
    watched = planned(*grid(levels=(0, 1, 2, 3), delays=(0.0,), sentinel="ghz-3"))
    assert [len(one.names) for one in watched.submissions] == [4, 4]


def test_where_the_server_compiles_compile_options_are_the_job_s(monkeypatch):
    from qexp.planning.limits import Limits

    rules = Limits(300, own_compile_options=False, restless_alone=True)
    monkeypatch.setattr("qexp.planning.packing.limits", lambda service, device: rules)
    assert [len(one.parts) for one in planned(*grid()).submissions] == [1] * 6
    restless = [declared(Options(init_qubits=False, shots=n)) for n in (1, 1, 2)]
    assert len(planned(*restless).submissions) == 2


def test_the_order_is_random_seeded_and_another_in_each_block():
    one, again, other = (planned(*grid(repeats=2), seed=seed) for seed in (1, 1, 2))
    assert list(one.places) == list(again.places)
    assert [s.id for s in one.submissions] == [s.id for s in again.submissions]
    assert list(one.places) != list(other.places)
    cells = [
        [p.cell.labels for p in one.places.values() if p.block == block]
        for block in (0, 1)
    ]
    assert cells[0] != cells[1]


def test_no_option_of_jobs_has_the_same_order_in_two_repeats():
    sweeps = [
        planned(*grid(levels=(0,), repeats=3), seed=seed).submissions
        for seed in range(40)
    ]
    orders = [
        [tuple(s.inputs["rep_delay"] for s in sent if s.block == k) for k in range(3)]
        for sent in sweeps
    ]
    assert all(one[0] == one[1][::-1] for one in orders)
    # the first of a pair of blocks is drawn, for each pair anew
    assert len({one[0] for one in orders}) > 1
    assert {one[0] == one[2] for one in orders} == {True, False}


def test_mirrored_jobs_are_told_by_their_settings_whatever_is_left_out():
    for seed in range(20):
        delays = (0.0, 1e-4, 2e-4, 2.5e-4)
        made = planned(*grid(delays=delays, repeats=2), seed=seed)
        kept = [k for k, place in made.places.items() if place.position]
        # as of what failed, or was not measured before
        part = plan(made.cells, swept=True, seed=seed, part=True, only=kept)
        orders = [
            [s.inputs["rep_delay"] for s in part.submissions if s.block == k]
            for k in (0, 1)
        ]
        assert len(orders[0]) == 4
        assert orders[0] == orders[1][::-1]


def test_ids_and_seeds_do_not_depend_on_what_else_is_in_the_sweep():
    alone = planned(grid()[0])
    among = planned(*grid())
    (id_,) = alone.places
    assert among.places[id_].seeds == alone.places[id_].seeds


def wide(**rest):
    return declared(
        labels={"circuit.num_qubits": 6},
        circuit=GhzCircuit(num_qubits=6),
        backend=MANILA,
        **rest,
    )


def test_a_cell_that_cannot_be_run_is_kept_and_the_others_go_on():
    made = planned(declared(backend=MANILA), wide())
    assert len(made.places) == 1
    (refused,) = made.invalid
    assert "ibmq_manila has 5 qubits" in refused.problems[0]


def test_on_invalid_stop_refuses_all_and_drop_leaves_out():
    with pytest.raises(ConfigError, match="Nothing was run") as caught:
        planned(declared(backend=MANILA), wide(on_invalid="stop"))
    assert "circuit.num_qubits=6" in str(caught.value)
    made = planned(declared(backend=MANILA), wide(on_invalid="drop"))
    assert not made.invalid
    assert len(made.dropped) == 1
    assert any("1 cell dropped" in note for note in made.notes)


def test_a_sweep_of_which_nothing_can_be_run_is_refused():
    with pytest.raises(ConfigError, match="No cell is left to run"):
        planned(wide(), wide())


def test_a_single_point_that_cannot_be_run_is_refused_as_it_is():
    with pytest.raises(ConfigError, match=r"^circuit.num_qubits = 6: ibmq_manila"):
        planned(wide(), swept=False)


def test_points_that_the_command_has_run_before_are_not_planned_again():
    first = planned(*grid())
    second = planned(*grid(levels=(0, 3)), known=first.places)
    levels = {p.point.options.optimization_level for p in second.places.values()}
    assert levels == {3}


def test_a_sweep_of_several_names_is_one_mlflow_experiment():
    made = planned(declared(name="b"), declared(Options(shots=1), name="a"))
    assert made.name == "b+a"


def test_the_price_is_an_upper_bound_and_exact_once_compiled():
    from qexp.shown.planview import compile_all
    from qexp.shown.screen import Screen

    made = planned(*grid(repeats=2, sentinel="readout"))
    at_most, exact = price(made), price(made, compile_all(made, Screen()))
    assert len(exact.jobs) == 4
    for most, real in zip(at_most.jobs, exact.jobs, strict=True):
        assert real < most < 2 * real
    # 2 s a job, and the shots of 3 points and 4 sentinel circuits
    delays = [one.inputs["rep_delay"] for one in made.submissions]
    for seconds, delay in zip(exact.jobs, delays, strict=True):
        assert seconds == pytest.approx(2 + 7 * 4000 * (delay + 1.1e-5), rel=0.05)


def test_a_device_without_durations_has_no_price():
    made = planned(declared(backend=Backend(name="aer_ideal")))
    assert price(made).total is None


def test_share_identical_travels_with_the_repeat():
    made = planned(*grid(repeats=2, share_identical=True))
    sent = [
        (one.inputs["share_identical"], one.inputs["repeat"])
        for one in made.submissions
    ]
    assert sorted(sent) == [(True, 0), (True, 0), (True, 1), (True, 1)]
    assert "share_identical" not in planned(*grid()).submissions[0].inputs


def test_the_plan_as_json_has_every_point_and_job():
    made = planned(*grid(), wide())
    content = plan_json(made)
    assert {one["id"] for one in content["points"]} == set(made.places)
    assert sum(one["circuits"] for one in content["jobs"]) == 6
    assert content["invalid"][0]["cell"] == {"circuit.num_qubits": "6"}


def test_workers_are_not_part_of_what_a_point_is():
    one = planned(declared(service=LocalService(workers=1)))
    other = planned(declared(service=LocalService(workers=7)))
    assert list(one.places) == list(other.places)


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("repeats", 3, 1),
        ("seed", 1, 2),
        ("sentinel", "ghz-3", "none"),
        ("share_identical", True, False),
    ],
)
def test_what_is_one_for_a_sweep_cannot_differ_between_its_cells(key, one, other):
    cells = [
        declared(Options(shots=1), **{key: one}),
        declared(Options(shots=2), **{key: other}),
    ]
    with pytest.raises(ConfigError, match=f"^{key}: .* one for a whole sweep"):
        planned(*cells)
    with pytest.raises(ConfigError, match=f"^{key}: "):
        planned(*reversed(cells))


def test_a_sentinel_is_compiled_for_each_device():
    made = planned(
        declared(Options(shots=1), sentinel="ghz-3"),
        declared(Options(shots=1), sentinel="ghz-3", backend=MANILA),
    )
    parts = [part for one in made.submissions for part in one.parts]
    keys = {part.key for part in parts if part.name.startswith("sentinel")}
    assert len(keys) == 2
