"""Declarative experiments on quantum computers: declare, run anywhere, compare."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What Python calls, imported when it is asked for: terra takes seconds."""
    if name == "run_circuits":
        return importlib.import_module("qexp.door.circuits").run_circuits
    if name == "retrieve_job":
        return importlib.import_module("qexp.door.retrieve").retrieve_job
    if name == "load":
        return importlib.import_module("qexp.command.load").load
    raise AttributeError(f"module 'qexp' has no attribute {name!r}")
