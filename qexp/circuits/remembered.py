"""What has been worked out of a circuit, for points that share the very same object."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

from qiskit import QuantumCircuit

KEPT = 256
"""Circuits that each function remembers; the last used."""

T = TypeVar("T")


def remembered(function: Callable[..., T]) -> Callable[..., T]:
    """Have a function of a circuit, and of hashable things, work each out once.

    Circuits are told apart as objects, which costs nothing; so it is for circuits that
    nobody changes.
    """
    kept: OrderedDict[tuple[Hashable, ...], tuple[QuantumCircuit, T]] = OrderedDict()
    lock = threading.Lock()

    @wraps(function)
    def wrapped(circuit: QuantumCircuit, *others: Any) -> T:
        key = (id(circuit), *others)
        with lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key][1]
        value = function(circuit, *others)
        with lock:
            # the circuit as well, or its number would be another's one day
            kept[key] = circuit, value
            if len(kept) > KEPT:
                kept.popitem(last=False)
        return value

    return wrapped
