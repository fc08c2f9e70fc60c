"""Imports without a search for garbage, of which they make none.

They make hundreds of thousands of objects that stay; to look through them again and again
takes a sixth of the time of a command that runs one point.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Have the garbage collector rest, and leave alone from then on what is there."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
