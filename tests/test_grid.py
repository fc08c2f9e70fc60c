"""Grids as plain values: which cells there are, and what is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qexp.declare import grid
from qexp.errors import ConfigError


def cells(declared):
    return list(grid.cells(grid.products(declared)))


def test_a_mapping_is_a_product_and_a_list_of_them_a_union():
    assert cells({"a": [1, 2], "b": [3, 4]}) == [
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    ]
    zipped = [{"a": [1], "b": [3]}, {"a": [2], "b": [4]}]
    assert cells(zipped) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]


def test_nothing_swept_is_one_cell():
    assert grid.products(None) == []
    assert grid.products({}) == []
    assert grid.products([]) == []
    assert cells({}) == [{}]


def test_nested_mappings_are_dotted_keys_and_the_later_counts():
    nested = {"options": {"shots": [1], "run_config": {"seed_simulator": [2]}}}
    assert cells(nested) == [
        {"options.shots": 1, "options.run_config.seed_simulator": 2}
    ]
    both = {"options.shots": [1, 2], "a": [0], "options": {"shots": [3]}}
    assert cells(both) == [{"a": 0, "options.shots": 3}]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abcd"), st.lists(st.integers(), min_size=1, max_size=4)
        ).filter(bool),
        min_size=1,
        max_size=3,
    )
)
def test_the_size_is_the_number_of_cells(declared):
    found = grid.products(declared)
    assert grid.size(found) == len(list(grid.cells(found)))
    expected = [
        dict(zip(one, values, strict=True))
        for one in declared
        for values in itertools.product(*one.values())
    ]
    assert list(grid.cells(found)) == expected


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"options.shots": []}, "grid.options.shots: the list is empty"),
        ({"options.shots": 5}, r"grid.options.shots = 5: must be a list of values"),
        ([{"a": [1]}, {"b": "x"}], "grid.1.b = x: must be a list"),
    ],
)
def test_what_is_no_list_of_values_is_refused(declared, words):
    with pytest.raises(ConfigError, match=words):
        grid.products(declared)


def test_too_many_cells_are_refused_before_they_are_made():
    million = {key: list(range(100)) for key in "abc"}
    found = grid.products(million)
    with pytest.raises(ConfigError, match="1,000,000 cells x 2 repeats") as caught:
        grid.require_size(grid.size(found), 2, 20_000)
    assert "max_points=2000000" in str(caught.value)
    grid.require_size(10_000, 2, 20_000)


def test_values_that_stand_twice_are_told():
    found = grid.products({"a": [1, 1, 2, 1], "b": ["x", "y"], "c": [True, 1]})
    assert grid.repeated(found) == ["a: 1 stands twice"]


TREE = {
    "options": {"shots": 10, "init_qubits": True, "initial_layout": [0, 1]},
    "backend": {"name": "ibmq_manila"},
    "circuit": {"kind": "ghz", "num_qubits": 3},
}


@pytest.mark.parametrize(
    ("item", "matches"),
    [
        ({"options.shots": 10}, True),
        ({"options.shots": 10.0}, True),
        ({"options.shots": 11}, False),
        ({"options.init_qubits": True}, True),
        ({"options.init_qubits": 1}, False),
        ({"options": {"shots": 10, "init_qubits": True}}, True),
        ({"options.shots": 10, "backend": "ibmq_montreal"}, False),
        ({"backend": "ibmq_manila", "circuit": "ghz"}, True),
        ({"circuit.num_qubits": 3}, True),
        ({"circuit.files": "x"}, False),
        ({"options.initial_layout": [0, 1]}, True),
    ],
)
def test_a_cell_is_left_out_where_it_has_all_values_of_an_item(item, matches):
    assert grid.excluded([{"options.shots": 99}, item], TREE, {}) == (
        1 if matches else None
    )


def test_a_choice_of_the_grid_is_known_by_its_own_name():
    assert grid.excluded([{"backend": "mine"}], TREE, {"backend": "mine"}) == 0
    assert grid.excluded([{"backend": "mine"}], TREE, {}) is None


def test_a_key_that_no_cell_has_is_refused():
    with pytest.raises(ConfigError, match=r"exclude.0.optoins.shots: no such key"):
        grid.excluded([{"optoins.shots": 1}], TREE, {})
