"""Whose job is next: no token waits for all that another has sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Turns:
    """Tokens take turns; within a token the oldest job is first."""

    def __init__(self) -> None:
        """Nobody had a turn yet."""
        self._running: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._number = 0

    def next(self, owners: Iterable[str]) -> str | None:
        """Who is next: with the fewest running jobs, then with the longest wait.

        Args:
            owners: Whose jobs wait, in the order of their oldest ones.
        """
        return min(
            owners,
            key=lambda one: (self._running[one], self._last.get(one, 0)),
            default=None,
        )

    def begin(self, owner: str) -> None:
        """A job of somebody's runs."""
        self._number += 1
        self._last[owner] = self._number
        self._running[owner] += 1

    def end(self, owner: str) -> None:
        """It does not run any more."""
        self._running[owner] -= 1
