"""Texts that are made while they are written."""

from __future__ import annotations

import json
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from qexp.streamed import BLOCK, Streamed, as_json, in_bytes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(), VALUES, max_size=4),
    st.sampled_from([None, 1, 3]),
    st.data(),
)
def test_what_is_put_together_is_what_json_writes_of_the_whole(content, indent, data):
    lists = [key for key, value in content.items() if isinstance(value, list)]
    late = data.draw(st.sets(st.sampled_from(lists))) if lists else set()
    streamed = {k: iter(v) if k in late else v for k, v in content.items()}
    assert "".join(as_json(streamed, indent)) == json.dumps(content, indent=indent)


@given(st.lists(st.text()))
def test_a_text_is_the_same_whenever_it_is_read(parts):
    text = Streamed(lambda: iter(parts))
    assert str(text) == str(text) == "".join(parts)
    assert b"".join(in_bytes(text)) == b"".join(in_bytes(str(text)))


def test_it_is_never_held_as_a_whole():
    item, items = "x" * 100, 100_000
    made = Streamed(lambda: as_json({"a": (f"{item}{n}" for n in range(items))}, 1))
    tracemalloc.start()
    length = sum(map(len, made))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 100 * BLOCK
    assert peak < 10 * BLOCK
