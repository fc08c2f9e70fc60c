"""Ctrl-C in two steps: once to end in good order, twice to end at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from qexp.errors import LedgerError
from qexp.ledger.book import Book

LOOK_SECONDS = 1.0
"""How often a sweep looks whether it is to be cancelled."""

CANCEL = "cancel"
"""What `python -m qexp cancel` asks of the process that runs a sweep."""


class Interrupted:
    """Whether Ctrl-C came."""

    def __init__(self) -> None:
        """Not yet."""
        self.asked = False


@contextmanager
def orderly(first: Callable[[], None]) -> Iterator[Interrupted]:
    """Call ``first`` on the first Ctrl-C; the second raises KeyboardInterrupt.

    Args:
        first: Asks that nothing more be started. It is called in a signal handler, so it
            should only take note.
    """
    state = Interrupted()
    if threading.current_thread() is not threading.main_thread():
        yield state
        return

    def handler(number: int, frame: FrameType | None) -> None:
        if state.asked:
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt
        state.asked = True
        first()

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield state
    finally:
        signal.signal(signal.SIGINT, before)


class Asked:
    """Whether another process asked to cancel the sweep."""

    def __init__(self) -> None:
        """Not yet."""
        self.done = False


@contextmanager
def heeding(book: Book, stop: Callable[[], None]) -> Iterator[Asked]:
    """Call ``stop`` when another process asks to cancel the sweep.

    Args:
        book: The sweep.
        stop: Asks that nothing more be started.
    """
    asked, over = Asked(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            with suppress(LedgerError):  # whoever writes to it will tell
                if book.asked == CANCEL:
                    asked.done = True
                    stop()
                    return

    thread = threading.Thread(target=look, name="qexp-heeding", daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()


def from_here_on() -> None:
    """Let Ctrl-C and SIGTERM raise, so that what has begun is ended in good order."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _ended)


def _ended(number: int, frame: FrameType | None) -> None:
    # what batch systems and containers send; 128 and the signal, as shells have it
    raise SystemExit(128 + number)
