"""A value that another thread gives later: a Future in a tenth of the memory.

A sweep waits for ten thousand of them, each of which would have a lock of its own.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")

_kept = threading.Condition()


class Promise(Generic[T]):
    """What is known later: a value, or an error."""

    __slots__ = ("_error", "_value")

    def __init__(self, *value: T) -> None:
        """Know nothing yet, or the value."""
        self._value = value
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Whether it is known."""
        return bool(self._value) or self._error is not None

    def set_result(self, value: T) -> None:
        """Give the value."""
        with _kept:
            self._value = (value,)
            _kept.notify_all()

    def set_exception(self, error: BaseException) -> None:
        """Say why there is none."""
        with _kept:
            self._error = error
            _kept.notify_all()

    def result(self, timeout: float | None = None) -> T:
        """The value; waits for it.

        Args:
            timeout: How many seconds at most; None is for ever.

        Raises:
            BaseException: There is none; what was given as the reason.
            TimeoutError: It is not known by then.
        """
        error = self.exception(timeout)
        if error is not None:
            raise error
        return self._value[0]

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Why there is no value, or None; waits as `result` does.

        Raises:
            TimeoutError: That is not known by then.
        """
        with _kept:
            if not _kept.wait_for(self.done, timeout):
                raise TimeoutError
        return self._error
