"""Mappings of which there are many with the same keys: a row for each point of a sweep."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from typing import Any


class Slim(Mapping[str, Any]):
    """A mapping that cannot be changed, and shares its keys with others that have them.

    A row of a sweep has a hundred of them: a dict would take 4 kB of its own for that.
    """

    __slots__ = ("_places", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Take over values; texts among them are shared as well."""
        self._places = _places(tuple(values))
        self._values = tuple(
            sys.intern(one) if type(one) is str else one for one in values.values()
        )

    def __getitem__(self, key: str) -> Any:
        """A value."""
        return self._values[self._places[key]]

    def __contains__(self, key: object) -> bool:
        """Whether there is a value."""
        return isinstance(key, Hashable) and key in self._places

    def __iter__(self) -> Iterator[str]:
        """Keys in their order."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._places)

    def __repr__(self) -> str:
        """It as the dict that it stands for."""
        return f"Slim({dict(self)})"


@lru_cache(maxsize=256)
def _places(keys: tuple[str, ...]) -> dict[str, int]:
    return {key: place for place, key in enumerate(keys)}
