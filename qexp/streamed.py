"""Texts that are made while they are written: of a long sweep, nobody holds them whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

BLOCK = 1 << 16
"""Characters that are gathered before they are handed on."""


class Streamed:
    """A text in parts, made anew whenever it is read."""

    def __init__(self, make: Callable[[], Iterable[str]]) -> None:
        """Take over what makes its parts."""
        self._make = make

    def __iter__(self) -> Iterator[str]:
        """It in blocks of some length."""
        waiting: list[str] = []
        length = 0
        for part in self._make():
            waiting.append(part)
            length += len(part)
            if length >= BLOCK:
                yield "".join(waiting)
                waiting, length = [], 0
        yield "".join(waiting)

    def __str__(self) -> str:
        return "".join(self)


Text = str | Streamed


def in_bytes(text: Text) -> Iterator[bytes]:
    """A text as UTF-8, in parts."""
    return (part.encode() for part in ((text,) if isinstance(text, str) else text))


def as_json(content: Mapping[str, Any], indent: int | None = None) -> Iterator[str]:
    """A mapping as JSON, as `json.dumps` writes it.

    Args:
        content: What is written. A value may be an iterator: then it is a list whose
            items are made one by one.
        indent: As for `json.dumps`; not 0.
    """
    if not content:
        yield "{}"
        return
    line = _line(indent, 1)
    yield "{"
    for number, (key, value) in enumerate(content.items()):
        yield f"{_comma(indent) if number else ''}{line}{json.dumps(key)}: "
        if isinstance(value, Iterator):
            yield from _list(value, indent)
        else:
            yield _dumped(value, indent, 1)
    yield f"{_line(indent, 0)}}}"


def _list(items: Iterator[Any], indent: int | None) -> Iterator[str]:
    number = -1
    for number, item in enumerate(items):
        before = _comma(indent) if number else "["
        yield f"{before}{_line(indent, 2)}{_dumped(item, indent, 2)}"
    yield "[]" if number < 0 else f"{_line(indent, 1)}]"


def _comma(indent: int | None) -> str:
    return ", " if indent is None else ","


def _line(indent: int | None, depth: int) -> str:
    return "" if indent is None else "\n" + " " * (indent * depth)


def _dumped(value: Any, indent: int | None, depth: int) -> str:
    # no text in JSON holds a line break as it is
    return json.dumps(value, indent=indent).replace("\n", _line(indent, depth))
