"""What a `grid` and an `exclude` mean: which cells there are, as plain values."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qexp.declare.config import Grid
from qexp.errors import ConfigError

Product = dict[str, list[Any]]
"""Values by key or group; the cells are all their combinations."""

Values = dict[str, Any]
"""One cell: a value for each key or group."""


def products(grid: Grid | None) -> list[Product]:
    """The products whose union a grid is; none where nothing is swept.

    Nested mappings are read as dotted keys. Where both ways of writing name one key, the
    later counts, so that the command line replaces what a file says.

    Raises:
        ConfigError: A key has no list, or an empty one.
    """
    if grid is None:
        return []
    listed = grid if isinstance(grid, list) else [grid]
    found = [_product(mapping, place) for place, mapping in _places(listed, grid)]
    return found if any(found) else []


def _places(listed: Sequence[Any], grid: Grid) -> list[tuple[str, Any]]:
    if not isinstance(grid, list):
        return [("grid", grid)]
    return [(f"grid.{number}", mapping) for number, mapping in enumerate(listed)]


def _product(mapping: Mapping[str, Any], place: str) -> Product:
    found: Product = {}
    for key, values in flat(mapping):
        if not isinstance(values, list):
            raise ConfigError(
                f"{place}.{key} = {values}: must be a list of values, such as "
                f"{place}.{key}=[{values}]."
            )
        if not values:
            raise ConfigError(f"{place}.{key}: the list is empty. Give it a value.")
        found.pop(key, None)  # the later one, and in its own place
        found[key] = values
    return found


def flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested mappings as dotted keys, with what is not a mapping below them."""
    for key, values in mapping.items():
        if isinstance(values, Mapping):
            yield from flat(values, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", values


def size(found: Sequence[Product]) -> int:
    """Number of cells, duplicates included; 1 where nothing is swept."""
    if not found:
        return 1
    return sum(math.prod(len(values) for values in one.values()) for one in found)


def cells(found: Sequence[Product]) -> Iterator[Values]:
    """The cells, in the order in which they are written: the last key varies fastest."""
    if not found:
        yield {}
    for one in found:
        for combination in itertools.product(*one.values()):
            yield dict(zip(one, combination, strict=True))


def repeated(found: Sequence[Product]) -> list[str]:
    """Keys whose list names a value twice, with that value."""
    return [
        f"{key}: {shown} stands twice"
        for one in found
        for key, values in one.items()
        for shown in _twice(values)
    ]


def _twice(values: Sequence[Any]) -> list[str]:
    texts = [json.dumps(value, default=str) for value in values]
    return sorted({text for text in texts if texts.count(text) > 1})


def require_size(count: int, repeats: int, most: int) -> None:
    """Refuse a sweep that is too large, before anything of it is built.

    Raises:
        ConfigError: Says how large it is.
    """
    if count * repeats > most:
        times = f" x {repeats} repeats" if repeats > 1 else ""
        raise ConfigError(
            f"max_points = {most}: the sweep has {count:,} cells{times}. Sweep over less, "
            f"or set max_points={count * repeats}."
        )


def excluded(
    exclude: Sequence[Mapping[str, Any]], tree: Mapping[str, Any], values: Values
) -> int | None:
    """The number of the first item of `exclude` that a cell has all values of.

    Args:
        exclude: The items.
        tree: The cell's composed configuration.
        values: What the grid gave the cell; tells which choice a group was.

    Raises:
        ConfigError: An item names a key that no cell has.
    """
    for number, item in enumerate(exclude):
        pairs = dict(flat(item))
        if all(_has(key, value, tree, values, number) for key, value in pairs.items()):
            return number
    return None


def missing(
    exclude: Sequence[Mapping[str, Any]], tree: Mapping[str, Any], values: Values
) -> set[tuple[int, str]]:
    """The keys of `exclude` that a cell does not have, with their item's number."""
    return {
        (number, key)
        for number, item in enumerate(exclude)
        for key, _ in flat(item)
        if key not in values and not _is_there(key, tree)
    }


def _is_there(key: str, tree: Mapping[str, Any]) -> bool:
    node: Any = tree
    for step in key.split("."):
        if not isinstance(node, Mapping) or step not in node:
            return False
        node = node[step]
    return True


def _has(
    key: str, value: Any, tree: Mapping[str, Any], values: Values, number: int
) -> bool:
    if key in values:
        return _same(values[key], value)
    node: Any = tree
    for step in key.split("."):
        if not isinstance(node, Mapping) or step not in node:
            if step == key.split(".")[0]:
                raise ConfigError(
                    f"exclude.{number}.{key}: no such key. Allowed: {', '.join(tree)}, "
                    "and what is below them."
                )
            return False  # a key that other choices of the group have
        node = node[step]
    if isinstance(node, Mapping) and isinstance(value, str):
        return value in (node.get("name"), node.get("kind"))
    return _same(node, value)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal as YAML has them: true is not 1, but 1.0 is."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
