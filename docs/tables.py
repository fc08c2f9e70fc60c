"""Tables of what can be declared."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel


def table(model: type[BaseModel], prefix: str) -> str:
    """A Markdown table of a class's fields that are not classes themselves."""
    rows = "| key | type | default | meaning |\n|---|---|---|---|\n"
    for name, field in model.model_fields.items():
        if not field.description:
            continue
        default = "required" if field.is_required() else f"`{_yaml(field.default)}`"
        meaning = " ".join(field.description.split()).replace("|", "\\|")
        kind = _type(field.annotation).replace("|", "\\|")
        rows += f"| `{prefix}{name}` | {kind} | {default} | {meaning} |\n"
    return rows


def _yaml(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("'", "")


def _type(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(one) for one in arguments if one is not type(None))
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    names = {int: "integer", float: "number", bool: "boolean", str: "text"}
    return names.get(annotation, str(getattr(annotation, "__name__", annotation)))
