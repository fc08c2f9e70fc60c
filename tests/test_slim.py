"""Rows that share their keys."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qexp.track.slim import Slim

ROWS = st.dictionaries(st.text(), st.none() | st.integers() | st.text())


@given(ROWS)
def test_it_is_the_mapping_that_it_was_made_of(values):
    slim = Slim(values)
    assert dict(slim) == values
    assert list(slim) == list(values)
    assert len(slim) == len(values)
    assert slim == values
    assert pickle.loads(pickle.dumps(slim)) == values


def test_what_is_not_there_is_not():
    slim = Slim({"a": None})
    assert slim.get("a", 1) is None
    assert slim.get("b", 1) == 1
    assert [] not in slim
    with pytest.raises(KeyError):
        slim["b"]


def _size(make):
    tracemalloc.start()
    kept = [make({f"key {k}": float(n + k) for k in range(100)}) for n in range(200)]
    found = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return found / len(kept)


def test_many_take_half_of_what_dicts_do():
    assert _size(Slim) < _size(dict) / 2
