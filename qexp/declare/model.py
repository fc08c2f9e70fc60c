"""The base of every declared value: strict, closed and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

OUTSIDE: dict[str, Any] = {"identity": False}
"""``json_schema_extra`` of a field that does not change the physics of a point."""

Copied = TypeVar("Copied", bound="Model")

_NOTHING: set[str] = set()


@dataclass(frozen=True)
class Suggested:
    """Values that a text usually has, for whoever completes it; others are allowed."""

    values: tuple[str, ...]


class Model(BaseModel):
    """A group of settings. Unknown keys and values of another type are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    def model_copy(
        self: Copied, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Copied:
        """As pydantic's, but nothing is noted about which fields were given.

        Nobody asks for it, and in a plan of many points it is half of the memory.
        """
        return super().model_copy(update=update, deep=deep).without_notes()

    def without_notes(self: Copied) -> Copied:
        """It, without a note of its own about which of its fields were given."""
        object.__setattr__(self, "__pydantic_fields_set__", _NOTHING)
        return self

    def identity(self) -> dict[str, Any]:
        """The values that belong to a point's identity, by field name."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if field.json_schema_extra != OUTSIDE
        }
