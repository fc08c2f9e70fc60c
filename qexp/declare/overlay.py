"""Changes laid over a plain tree, and its interpolations resolved.

Only what OmegaConf does without a doubt is done here: absolute interpolations of values
in mappings. Anything else is left to it, errors too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

Steps = tuple[str | int, ...]
"""A path in a tree: keys of mappings and indices of lists."""

Special = tuple[Steps, str]
"""Where a text that is no plain value is, and the text: an interpolation, or `???`."""

ABSENT: Any = object()
"""The value of a key that is not there."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}", re.ASCII)


class UnsureError(Exception):
    """Only OmegaConf can tell what comes out."""


@dataclass(frozen=True)
class Change:
    """What an override does to a base.

    Attributes:
        path: The one path below which it changes anything.
        value: What is there afterwards, `ABSENT` where it is deleted.
        specials: Interpolations and `???` in the value.
    """

    path: Steps
    value: Any
    specials: tuple[Special, ...]


def overlaid(
    base: dict[str, Any], unresolved: Sequence[Special], changes: Sequence[Change]
) -> dict[str, Any]:
    """A tree with changes made and interpolations resolved.

    Args:
        base: The tree; what is left alone is shared with the result.
        unresolved: The specials of the base.
        changes: What to change.

    Raises:
        UnsureError: Changes meet, or a value is not a plain one.
    """
    touched = {change.path for change in changes}
    if len(touched) < len(changes):
        raise UnsureError
    if any(_below(change.path[:-1], touched) for change in changes):
        raise UnsureError
    tree, own = base.copy(), set[int]()
    for change in changes:
        _put(tree, change.path, change.value, own)
    left = (one for one in unresolved if not _below(one[0], touched))
    for path, text in chain(left, *(change.specials for change in changes)):
        _put(tree, path, _resolved(tree, text, ()), own)
    return tree


def specials(value: Any, path: Steps = ()) -> Iterator[Special]:
    """Every interpolation and `???` in a value that is found at a path."""
    if isinstance(value, str):
        if "${" in value or value == "???":
            yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from specials(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from specials(inner, (*path, index))


def place(tree: dict[str, Any], steps: tuple[str, ...]) -> tuple[Steps, Any]:
    """The path to the first of the steps that is no mapping, and what is there."""
    node: Any = tree
    for depth, step in enumerate(steps, 1):
        node = node.get(step, ABSENT)
        if not isinstance(node, dict):
            return steps[:depth], node
    return steps, node


def nested(path: Steps, value: Any) -> dict[Any, Any]:
    """A tree that has nothing but one value at a path."""
    tree = {} if value is ABSENT else {path[-1]: value}
    for step in reversed(path[:-1]):
        tree = {step: tree}
    return tree


def _below(path: Steps, paths: set[Steps]) -> bool:
    return any(path[:depth] in paths for depth in range(1, len(path) + 1))


def _put(tree: dict[str, Any], path: Steps, value: Any, own: set[int]) -> None:
    """Set or delete a value, in copies of the containers above it.

    Args:
        tree: What may be written to.
        path: Where the value goes.
        value: The value, `ABSENT` to delete what is there.
        own: Ids of the containers in the tree that have been copied; added to.
    """
    node: Any = tree
    for step in path[:-1]:
        inner = node[step]
        if id(inner) not in own:
            inner = node[step] = inner.copy()
            own.add(id(inner))
        node = inner
    if value is ABSENT:
        del node[path[-1]]
    else:
        node[path[-1]] = value


def _resolved(tree: dict[str, Any], text: str, above: tuple[str, ...]) -> Any:
    """The value of an interpolated text, as OmegaConf has it."""
    parts = _REFERENCE.split(text)
    texts, references = parts[::2], parts[1::2]
    if text in above or not references or any(c in t for t in texts for c in "\\${}"):
        raise UnsureError  # cycles are refused by OmegaConf
    values = [_found(tree, one.split("."), (*above, text)) for one in references]
    if len(values) == 1 and not any(texts):
        return values[0]
    if not all(type(value) in (str, int) for value in values):
        raise UnsureError
    pairs = zip(texts, [*map(str, values), ""], strict=True)
    joined = "".join(chain(*pairs))
    if any(specials(joined)):
        raise UnsureError
    return joined


def _found(tree: dict[str, Any], steps: list[str], above: tuple[str, ...]) -> Any:
    node: Any = tree
    for step in steps:
        if not isinstance(node, dict) or step not in node:
            raise UnsureError
        node = node[step]
    if isinstance(node, str) and "${" in node:
        return _resolved(tree, node, above)
    if any(specials(node)):
        raise UnsureError
    return node
