"""What a Dask worker does: the tasks of a batch, one after another."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Mapping, Sequence

from qexp.devices.device import Device
from qexp.services.engine import Engine
from qexp.services.link import Sent
from qexp.services.program import reason

_own = threading.local()
"""Each thread has an engine of its own, with what it has compiled and simulated."""

UNREADABLE = "the worker cannot read the circuits; run with service.executor=processes"


def device(raw: bytes) -> Device:
    """A device, as it was sent."""
    found: Device = pickle.loads(raw)
    return found


def answer(sent: Sequence[Sent], devices: Mapping[str, Device]) -> list[bytes]:
    """The answers to some tasks.

    Args:
        sent: The tasks.
        devices: Their devices, by digest.
    """
    if not hasattr(_own, "engine"):
        _own.engine = Engine(threads=1)
    return [_answer(_own.engine, one, devices[one.order.device]) for one in sent]


def _answer(engine: Engine, sent: Sent, machine: Device) -> bytes:
    sys.path += [entry for entry in sent.path if entry not in sys.path]
    try:
        circuits = pickle.loads(sent.circuits)
    except Exception as error:  # a class of the user's that cannot be found
        return engine.refuse(sent.order, machine, f"{UNREADABLE} ({reason(error)})")
    return engine.run(sent.order, machine, circuits)
