"""Keys and closed sets of values, by walking the schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qexp.declare.config import Experiment
from qexp.declare.family import FamilyCircuit
from qexp.declare.messages import shown
from qexp.declare.model import Suggested

FEW = 10
"""Most values of a range of integers that are worth a list."""


def keys(path: Sequence[str], words: Sequence[str]) -> dict[str, FieldInfo]:
    """The keys under a path that can be set, by name.

    Args:
        path: Names from the top; empty for the top itself.
        words: The command line, which may say which of several classes applies.
    """
    holders: list[type[BaseModel]] = [Experiment]
    for depth, step in enumerate(path):
        below = [one.model_fields[step] for one in holders if step in one.model_fields]
        holders = [model for field in below for model in models(field.annotation)]
        if depth == 0 and len(holders) > 1:
            from qexp.complete.chosen import kinds

            holders = _of_kind(holders, kinds(step, words))
    every = {k: field for one in holders for k, field in one.model_fields.items()}
    if holders == [FamilyCircuit]:  # its class has the others, and its file names them
        from qexp.complete.chosen import named

        every |= {k: FieldInfo(annotation=Any) for k in named(path[0], words)} | every
    return {k: field for k, field in every.items() if not _fixed(field)}


def models(annotation: Any) -> list[type[BaseModel]]:
    """The classes that a value may be of; none for what is not a group of keys."""
    origin = get_origin(annotation)
    if origin in (Annotated, Union, UnionType):
        return [model for one in get_args(annotation) for model in models(one)]
    known = origin is None and isinstance(annotation, type)
    return [annotation] if known and issubclass(annotation, BaseModel) else []


def closed(annotation: Any, constraints: Iterable[Any] = ()) -> list[str]:
    """The values of a type that has few, as they are typed; none for other types."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return closed(arguments[0], arguments[1:])
    if origin is Literal:
        return [shown(value) for value in arguments]
    if origin in (Union, UnionType):
        values = [value for one in arguments for value in closed(one)]
        return [*values, "null"] if values and NoneType in arguments else values
    if annotation is bool:
        return ["true", "false"]
    if annotation is str:
        known = [one.values for one in constraints if isinstance(one, Suggested)]
        return [name for values in known for name in values]
    return _range(constraints) if annotation is int else []


def members(annotation: Any) -> list[str]:
    """What a list may hold, where that is a closed set; none for other types."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return closed(arguments[0])
    if origin in (Annotated, Union, UnionType):
        return [value for one in arguments for value in members(one)]
    return []


def _range(constraints: Iterable[Any]) -> list[str]:
    flat = [one for some in constraints for one in getattr(some, "metadata", (some,))]
    lowest = next((one.ge for one in flat if hasattr(one, "ge")), None)
    highest = next((one.le for one in flat if hasattr(one, "le")), None)
    if lowest is None or highest is None or highest - lowest >= FEW:
        return []
    return [str(value) for value in range(lowest, highest + 1)]


def _fixed(field: FieldInfo) -> bool:
    """Whether a key has one value only: its group's choice decides it."""
    return len(closed(field.annotation)) == 1


def _of_kind(holders: list[type[BaseModel]], wanted: set[str]) -> list[type[BaseModel]]:
    known = [
        one
        for one in holders
        if "kind" in one.model_fields
        and wanted & set(closed(one.model_fields["kind"].annotation))
    ]
    return known or holders
