"""How much memory there is, and what is kept in it."""

from __future__ import annotations

import os
import resource
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")

USED = 4
"""One part in so many of the machine's memory is for everything but simulation."""

_GROUP = Path("/sys/fs/cgroup/memory.max")


def installed() -> int:
    """Bytes that the machine has, or its control group may use."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no control group, or one without a limit
        there = min(there, int(_GROUP.read_text()))
    return there


def at_hand() -> int:
    """Bytes that one simulation may take: three quarters of what this process may."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    there = installed()
    if limit != resource.RLIM_INFINITY:
        there = min(there, limit)
    return there * (USED - 1) // USED


class Kept(Generic[Value]):
    """What was made last, by key, up to a total size."""

    def __init__(self, most: int, size: Callable[[Value], int]) -> None:
        """Start empty.

        Args:
            most: Total size up to which things are kept.
            size: The size of one.
        """
        self._most, self._size, self._total = most, size, 0
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __call__(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept under the key, or what the function makes now."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._kept[key] = make()
        self._total += self._size(made)
        while self._total > self._most:
            _, old = self._kept.popitem(last=False)
            self._total -= self._size(old)
        return made
