"""Declarative experiments on quantum computers: declare, run anywhere, compare."""

from __future__ import annotations

__version__ = "0.1.0"
