"""Circuits from their declaration: built, digested, and what an ideal machine gives."""

from __future__ import annotations

from qexp.circuits.builder import Builder, build
from qexp.circuits.built import Built
from qexp.circuits.facts import CONTROL_FLOW, Facts

__all__ = ["CONTROL_FLOW", "Builder", "Built", "Facts", "build"]
