"""What is declared, as YAML in the artifacts."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qexp.track.files import TOGETHER, as_yaml

KEYS = st.text(min_size=1, max_size=8) | st.sampled_from(["yes", "1", "a b", "k" * 120])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(KEYS, some, max_size=3),
    max_leaves=12,
)


class Plain(yaml.CSafeDumper):
    """Writes a value that is there twice two times."""

    def ignore_aliases(self, data):
        return True


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_put_together_is_what_yaml_writes_of_the_whole(content):
    whole = yaml.dump(content, Dumper=Plain, sort_keys=False, allow_unicode=True)
    assert as_yaml(content) == whole


ITEMS = st.integers(0, 2 * TOGETHER + 1).flatmap(
    lambda many: st.just([{"options.shots": n, "b": None} for n in range(many)])
) | st.lists(VALUES, max_size=3)


@settings(max_examples=50, deadline=None)
@given(KEYS, ITEMS)
def test_a_list_that_is_made_meanwhile_reads_like_the_whole(key, items):
    assert as_yaml({key: iter(items), "b": 1}) == as_yaml({key: items, "b": 1})


def test_equal_values_of_several_types_are_told_apart():
    texts = [as_yaml({"a": {"b": value}}) for value in (1, True, 1.0, "1", [1], None)]
    assert len(set(texts)) == len(texts)
