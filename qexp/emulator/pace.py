"""How long a job waits and runs where the emulator keeps to a device's times."""

from __future__ import annotations

import random
from typing import Any

from qexp.declare.options import Options
from qexp.devices.cost import JOB_OVERHEAD, busy, shots_seconds
from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.services.compiling import decoded

QUEUE_SECONDS = (5.0, 60.0)
"""Shortest and longest wait of a job for those of people who are not here."""


def wait() -> float:
    """Seconds that a new job waits before it may run."""
    return random.uniform(*QUEUE_SECONDS)


def run_seconds(
    results: list[dict[str, Any]], options: dict[str, Any], device: Device
) -> float | None:
    """QPU seconds of a job, by qexp's model of them; None where unknown.

    Args:
        results: The experiments of its Result.
        options: The options that were set.
        device: The device.
    """
    properties = backend(device).properties()
    names = ("shots", "rep_delay", "init_qubits", "use_measure_esp")
    given = {key: options[key] for key in names if key in options}
    asked = Options.model_validate(given).with_defaults(device.option_defaults)
    total = JOB_OVERHEAD
    for result in results:
        length = busy(decoded(result["header"]["compiled"]), device, properties)
        own = asked.model_copy(update={"shots": result["shots"]})
        seconds = None if length is None else shots_seconds(length, own)
        if seconds is None:
            return None
        total += seconds
    return total
