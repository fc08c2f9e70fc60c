"""Why a point cannot be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Why a point cannot be run.

    Attributes:
        key: Full path of the setting.
        value: What was given.
        reason: What is wrong, what is allowed, what to do.
    """

    key: str
    value: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value}: {self.reason}"
