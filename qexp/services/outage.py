"""A service that is away: how long it is waited for, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from qexp.errors import ServiceError

SLICE = 0.25
"""Seconds after which Ctrl-C is noticed while nothing happens."""

NOTABLE = 8
"""Requests without an answer, one after another, that are an outage to tell of."""


class Away(ServiceError):
    """The service does not answer, and the request was certainly not accepted.

    Attributes:
        after: Seconds for which it asked not to be asked again; 0 where it did not.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        """Keep what can be asked for."""
        super().__init__(message)
        self.after = after


class Stopped(ServiceError):
    """Whoever waited for the service was told to wait no more."""


class Wait:
    """Lets time pass.

    Attributes:
        stopped: Whether to wait no more; a signal handler may set it.
    """

    stopped = False

    def now(self) -> float:
        """Seconds since some moment, whatever the clock on the wall is set to."""
        return time.monotonic()

    def __call__(self, seconds: float) -> None:
        """Wait for some seconds, or until `stopped`."""
        end = self.now() + seconds
        while not self.stopped and (left := end - self.now()) > 0:
            time.sleep(min(SLICE, left))


class Outage:
    """Whether the service is away, told once when that begins and once when it ends.

    Attributes:
        patience: Seconds for which it is waited for; 0 where nobody waits.
        tell: Who is told.
        told: Whether it was told that the service is away.
    """

    def __init__(self, wait: Wait) -> None:
        """It is there.

        Args:
            wait: Tells the time.
        """
        self._wait = wait
        self._failed = 0
        self._since = 0.0
        self.told = False
        self.patience = 0.0
        self.tell: Callable[[str], None] = lambda text: None

    @property
    def lasts(self) -> float:
        """Seconds since nothing has been answered; 0 where the last request was."""
        return self._wait.now() - self._since if self._failed else 0.0

    def failed(self, problem: str, *, long: bool = False) -> None:
        """A request was not answered.

        Args:
            problem: What happened instead.
            long: Whether the service asks not to come back soon.
        """
        if not self._failed:
            self._since = self._wait.now()
        self._failed += 1
        if self.patience and not self.told and (long or self._failed >= NOTABLE):
            self.told = True
            self.tell(
                f"the service is away ({problem}). Jobs that were sent stay with it. It "
                f"is asked again for up to {duration(self.patience)} "
                "(service.patience); Ctrl-C ends that"
            )

    def answered(self) -> None:
        """A request was answered, whatever with."""
        away, self._failed = self.lasts, 0
        if self.told:
            self.told = False
            self.tell(f"the service is there again, after {duration(away)}")


def duration(seconds: float) -> str:
    """Some seconds in words, as coarse as a person would say it."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
