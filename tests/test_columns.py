"""Rows that are kept by columns."""

from __future__ import annotations

import math
import tracemalloc

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qexp.findings.gathered import as_frame
from qexp.track.columns import CODES, Rows

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
OF_ONE_KIND = [st.floats(), st.integers(), st.sampled_from(["a", "b"]), VALUES]
ROWS = st.sampled_from(OF_ONE_KIND).flatmap(
    lambda values: st.lists(st.dictionaries(st.sampled_from("abcd"), values))
)


def _same(one, other):
    return repr(one) == repr(other)  # NaN, True and 1, 0.0 and -0.0


@given(ROWS)
def test_they_are_the_rows_that_they_were_made_of(rows):
    kept = Rows(rows)
    assert len(kept) == len(rows)
    assert _same([dict(row) for row in kept], rows)
    assert all(list(row) == list(own) for row, own in zip(kept, rows, strict=True))
    assert kept.names == list(dict.fromkeys(key for row in rows for key in row))
    for name in "abcd":
        expected = [row.get(name, "none") for row in rows]
        assert _same(list(kept.column(name, "none")), expected)


@given(ROWS)
def test_other_values_stand_where_the_old_ones_were(rows):
    def change(key, old):
        return f"{key}{old}" if isinstance(old, str) else old

    more = [str(number) for number in range(len(rows))]
    changed = Rows(rows).mapped(change, more=more)
    expected = [
        {**{key: change(key, old) for key, old in row.items()}, "more": one}
        for row, one in zip(rows, more, strict=True)
    ]
    assert _same([dict(row) for row in changed], expected)


@given(ROWS, ROWS)
def test_what_is_added_later_is_in_no_rows_made_before(rows, later):
    kept = Rows(rows)
    before = kept.mapped(lambda key, old: old)
    read = {name: before.column(name, "none") for name in "abcd"}
    for row in later:
        kept.append(row)
    assert _same([dict(row) for row in before], rows)
    assert all(_same(before.column(name, "none"), read[name]) for name in "abcd")
    assert _same([dict(row) for row in kept], [*rows, *later])


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), min_size=1))
def test_a_table_of_them_is_what_pandas_makes_of_the_values(rows):
    names = dict.fromkeys(key for row in rows for key in row)
    columns = {name: [row.get(name, math.nan) for row in rows] for name in names}
    pd.testing.assert_frame_equal(as_frame(rows), pd.DataFrame(columns))


@pytest.mark.parametrize("many", [1, CODES - 1, CODES, CODES + 1, 3 * CODES])
def test_texts_may_be_many(many):
    rows = [{"text": str(number % many)} for number in range(4 * CODES)]
    assert [dict(row) for row in Rows(rows)] == rows
    numbers = Rows(rows).mapped(lambda key, old: int(old))
    assert list(numbers.column("text")) == [int(row["text"]) for row in rows]


def test_what_is_not_there_is_not():
    row = Rows([{"a": None}, {"b": 1}])[0]
    assert row.get("a", 1) is None
    assert row.get("b", 1) == 1
    assert "b" not in row
    with pytest.raises(KeyError):
        row["b"]


def test_a_part_of_a_row_has_what_it_was_asked_for():
    rows = Rows([{"a": 1.0, "b": 2.0}, {"b": 3.0, "a": 4.0}])
    assert dict(rows.part(-1, ("a",))) == {"a": 4.0}


def _size(make):
    rows = ({f"key {k}": float(n + k) for k in range(100)} for n in range(1000))
    tracemalloc.start()
    kept = make(rows)
    found = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return found / len(kept)


def test_many_take_a_fraction_of_what_dicts_do():
    assert _size(Rows) < 1000 < _size(list) / 5
