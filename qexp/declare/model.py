"""The base of every declared value: strict, closed and immutable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

OUTSIDE: dict[str, Any] = {"identity": False}
"""``json_schema_extra`` of a field that does not change the physics of a point."""


@dataclass(frozen=True)
class Suggested:
    """Values that a text usually has, for whoever completes it; others are allowed."""

    values: tuple[str, ...]


class Model(BaseModel):
    """A group of settings. Unknown keys and values of another type are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    def identity(self) -> dict[str, Any]:
        """The values that belong to a point's identity, by field name."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if field.json_schema_extra != OUTSIDE
        }
