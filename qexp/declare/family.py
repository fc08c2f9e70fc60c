"""The section of a circuit family: which class it is, and that class's own keys."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from qexp.declare.model import Model


class FamilyCircuit(Model):
    """Several circuits and the analysis of what they give, by a class of Python.

    Every other key is an argument of the class.
    """

    model_config = ConfigDict(extra="allow")

    kind: Literal["family"] = "family"

    family: str = Field(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)+$")
    """Dotted path of the class, `package.module.Class`; the current folder is
    importable."""

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the class, by name."""
        return dict(self.__pydantic_extra__ or {})

    def identity(self) -> dict[str, Any]:
        """The class and its arguments: what is made of counts depends on them."""
        return {**super().identity(), **self.arguments}
