"""Which of a token's jobs are listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qexp.emulator.states import OPEN


@dataclass(frozen=True)
class Wanted:
    """A page of a list of jobs.

    Attributes:
        owner: Whose.
        programs: Of which programs.
        limit: Most jobs of the page.
        offset: How many come before it.
        pending: Those that have not ended, or those that have.
        backend: On this backend.
        session: Of this session.
        tags: With all of these tags.
        after: Accepted at this time or later (as `store.now`).
        before: Accepted at this time or earlier.
        order: `DESC` for the newest first, or `ASC`.
    """

    owner: str
    programs: Sequence[str]
    limit: int
    offset: int
    pending: bool | None = None
    backend: str | None = None
    session: str | None = None
    tags: Sequence[str] = ()
    after: str | None = None
    before: str | None = None
    order: str = "DESC"

    @property
    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL, and its values."""
        marks = ", ".join("?" * len(self.programs))
        parts, values = [f"owner = ? AND program IN ({marks})"], [self.owner]
        values += self.programs
        if self.pending is not None:
            parts.append(f"status {'' if self.pending else 'NOT '}IN (?, ?)")
            values += OPEN
        for tag in self.tags:
            parts.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)")
            values.append(tag)
        for condition, value in (
            ("backend = ?", self.backend),
            ("session = ?", self.session),
            ("created >= ?", self.after),
            ("created <= ?", self.before),
        ):
            if value is not None:
                parts.append(condition)
                values.append(value)
        return " AND ".join(parts), values
