"""Rows that are kept by columns: of a sweep there are ten thousand, of a hundred values.

As dicts they take 5 kB each. Here a value that is the same everywhere takes no room, a
number 8 bytes, and one of a few texts a single byte.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any

CODES = 256
"""Different values from which on a column no longer numbers them."""

INTEGERS = range(-(2**63), 2**63)


class Column:
    """Values, one a row: numbers as such, others by their codes while they are few."""

    __slots__ = ("_codes", "_known", "_length", "_numbers", "_values")

    def __init__(self, values: Iterable[Any] = ()) -> None:
        """Take over values."""
        self._numbers: array[Any] | None = None
        self._values: list[Any] = []
        self._codes: bytearray | None = None
        self._known: dict[tuple[type, Any], int] | None = {}
        self._length = 0
        for value in values:
            self.append(value)

    def __len__(self) -> int:
        """How many values there are."""
        return self._length

    def append(self, value: Any) -> None:
        """Add a value."""
        if not self._length and _kind(value):
            self._numbers = array(_kind(value))
        if self._numbers is not None and _kind(value) == self._numbers.typecode:
            self._numbers.append(value)
        else:
            self._append_other(value)
        self._length += 1

    def _append_other(self, value: Any) -> None:
        if self._numbers is not None:
            self._values, self._known = list(self._numbers), None
            self._numbers = None
        if self._known is None:
            self._values.append(value)
            return
        code = self._known.setdefault((type(value), value), len(self._values))
        if code == CODES:
            self._values, self._known = [*self, value], None
            self._codes = None
            return
        if code == len(self._values):
            self._values.append(value)
        if self._codes is None and code:
            self._codes = bytearray(self._length)
        if self._codes is not None:
            self._codes.append(code)

    def __getitem__(self, place: int) -> Any:
        """A value."""
        if self._numbers is not None:
            return self._numbers[place]
        if self._known is None:
            return self._values[place]
        return self._values[0 if self._codes is None else self._codes[place]]

    def __iter__(self) -> Iterator[Any]:
        """The values."""
        if self._numbers is not None:
            return iter(self._numbers)
        if self._known is None:
            return iter(self._values)
        if self._codes is None:
            return repeat(self._values[0], self._length) if self._values else iter(())
        return map(self._values.__getitem__, self._codes)

    @property
    def numbers(self) -> array[Any] | None:
        """The values where all are numbers of one kind, `d` or `q`; else None."""
        return self._numbers

    def mapped(self, change: Callable[[Any], Any]) -> Column:
        """Other values in the place of these; numbers stay as they are."""
        found = Column()
        found._length = self._length
        if self._numbers is not None:
            found._numbers = self._numbers[:]
            return found
        if self._known is None:
            known = {(type(one), one): change(one) for one in self._values}
            return Column(known[type(one), one] for one in self)
        found._values = [change(one) for one in self._values]
        found._codes = None if self._codes is None else self._codes[:]
        return found


def _kind(value: Any) -> str:
    """Type code of a number's array; empty for what is none, or too large."""
    if type(value) is float:
        return "d"
    return "q" if type(value) is int and value in INTEGERS else ""


class Rows(Sequence[Mapping[str, Any]]):
    """Rows, each a mapping with keys of its own in an order of its own."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        """Take over rows."""
        self._columns: dict[str, Column] = {}
        self._shapes: dict[tuple[str, ...], dict[str, None]] = {}
        self._shape: list[dict[str, None]] = []
        for row in rows:
            self.append(row)

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; its values are taken over as they are now."""
        shape = self._shaped(tuple(row))
        count = len(self._shape)
        for key, value in row.items():
            column = self._columns.get(key)
            if column is None:
                column = self._columns[key] = Column()
            if len(column) < count:
                filling = _filling(value)
                while len(column) < count:
                    column.append(filling)
            column.append(value)
        self._shape.append(shape)

    def _shaped(self, keys: tuple[str, ...]) -> dict[str, None]:
        return self._shapes.setdefault(keys, dict.fromkeys(keys))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._shape)

    def __getitem__(self, place: Any) -> Any:
        """A row, or a list of some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        shape = self._shape[place]
        return Row(self._columns, shape, place % len(self._shape))

    def part(self, place: int, keys: tuple[str, ...]) -> Mapping[str, Any]:
        """Some values of a row, all of which it has."""
        return Row(self._columns, self._shaped(keys), place % len(self._shape))

    @property
    def names(self) -> list[str]:
        """All keys, as rows have them one after another."""
        seen = {id(shape): shape for shape in self._shape}
        return list(dict.fromkeys(key for shape in seen.values() for key in shape))

    def column(self, name: str, absent: Any = math.nan) -> array[Any] | list[Any]:
        """The values of a key.

        Args:
            name: The key.
            absent: What stands for rows that lack it.

        Returns:
            An array where all are numbers of one kind.
        """
        column = self._columns.get(name, Column())
        if all(name in shape for shape in self._shapes.values()):
            numbers = column.numbers
            return list(column) if numbers is None else numbers[:]
        values = chain(column, repeat(absent, len(self) - len(column)))
        pairs = zip(values, self._shape, strict=True)
        return [value if name in shape else absent for value, shape in pairs]

    def mapped(self, change: Callable[[str, Any], Any], **more: Iterable[Any]) -> Rows:
        """Rows with other values, whatever is added to these later.

        Args:
            change: Gives the new value of a key for an old one that is no number.
            more: Values of further keys, for each row.
        """
        found = Rows()
        for key, column in self._columns.items():
            found._columns[key] = column.mapped(partial(change, key))
        found._columns |= {key: Column(values) for key, values in more.items()}
        new = {id(one): found._shaped((*one, *more)) for one in self._shapes.values()}
        found._shape = [new[id(one)] for one in self._shape]
        return found


def _filling(value: Any) -> Any:
    """What takes least room among such values."""
    return {"d": math.nan, "q": 0}.get(_kind(value))


class Row(Mapping[str, Any]):
    """One row."""

    __slots__ = ("_columns", "_place", "_shape")

    def __init__(
        self, columns: dict[str, Column], shape: dict[str, None], place: int
    ) -> None:
        """Look at one place of all columns."""
        self._columns, self._shape, self._place = columns, shape, place

    def __getitem__(self, key: str) -> Any:
        """A value."""
        if key not in self._shape:
            raise KeyError(key)
        return self._columns[key][self._place]

    def __contains__(self, key: object) -> bool:
        """Whether there is a value."""
        return key in self._shape

    def __iter__(self) -> Iterator[str]:
        """Keys in their order."""
        return iter(self._shape)

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._shape)

    def __repr__(self) -> str:
        return f"Row({dict(self)})"
