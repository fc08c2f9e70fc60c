"""Where sweeps are killed: an emulator, and new folders."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.reliability import lives, small
from tests.reliability.lives import Life
from tests.reliability.service import Service
from tests.reliability.warm import Warm


@dataclass
class Bench:
    """Sweeps in new folders, on one emulator."""

    warm: Warm
    service: Service
    root: Path
    database: Path

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self.reference = cache(self._reference)
        self.seconds = cache(self._seconds)

    def folder(self) -> Path:
        return small.prepared(self.root / str(next(self._numbers)), self.database)

    def _reference(self, compile: str):
        arguments = small.arguments(self.service.server.url, compile)
        there = (self.warm, self.service.server, self.folder())
        return lives.undisturbed(*there, arguments)

    def _seconds(self, compile: str) -> float:
        """How long a sweep takes, once the emulator has warmed up."""
        life = self.life(compile)
        start = time.monotonic()
        life.end()
        return time.monotonic() - start

    def life(self, compile: str, *more: str) -> Life:
        """A sweep that has not begun."""
        expected, submissions, _, _ = self.reference(compile)
        self.service.fail()
        return Life(
            self.warm,
            self.service.server,
            self.folder(),
            small.arguments(self.service.server.url, compile, *more),
            expected,
            submissions,
        )


@contextmanager
def opened(root: Path, database: Path, seconds: float = 1800) -> Iterator[Bench]:
    """A bench in a folder; sweeps start with a copy of an MLflow database."""
    (root / "service").mkdir()
    warm, service = Warm(), Service(root / "service", seconds)
    try:
        yield Bench(warm, service, root / "sweeps", database)
    finally:
        service.close()
        warm.close()
