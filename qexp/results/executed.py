"""How the job of a point was run, where its service tells: when, at what cost, on what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from qexp.devices import current
from qexp.devices.device import Device

Json = dict[str, Any]

TIMES = ("created", "running", "finished")


@dataclass(frozen=True, eq=False)
class Executed:
    """One job, as its service tells of it.

    Attributes:
        times: When it was created, began to run, and was finished (ISO 8601), as far as
            is known.
        charged: QPU seconds that it is charged; None where that is not told.
        calibration: The device's calibration when it ran, as served; None where the
            service has none.
    """

    times: Mapping[str, str]
    charged: float | None
    calibration: Json | None

    def device(self, planned: Device) -> Device:
        """The device as it was when the job ran, as far as that is known."""
        return _then(self, planned)

    @property
    def figures(self) -> dict[str, float]:
        """Seconds in the queue and on the device, and what the job is charged."""
        queued = _between(self.times.get("created"), self.times.get("running"))
        ran = _between(self.times.get("running"), self.times.get("finished"))
        found = {
            "queue_seconds": queued,
            "run_seconds": ran,
            "job_quantum_seconds": self.charged,
        }
        return {name: value for name, value in found.items() if value is not None}


def executed(told: Any) -> Executed | None:
    """What an answer tells of its job; None where it tells nothing.

    Args:
        told: `ran` of an answer; see `qexp.services.ibm.ran`.
    """
    if not isinstance(told, dict):
        return None
    usage, calibration = told.get("usage"), told.get("calibration")
    return Executed(
        {one: told[one] for one in TIMES if isinstance(told.get(one), str)},
        _seconds(usage),
        calibration if isinstance(calibration, dict) else None,
    )


def _seconds(usage: Any) -> float | None:
    value = usage.get("qpu_charge_time_seconds") if isinstance(usage, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


@lru_cache(maxsize=16)
def _then(one: Executed, planned: Device) -> Device:
    if one.calibration is None:
        return planned
    basis = planned.configuration["basis_gates"]
    return replace(planned, properties=current.properties(one.calibration, basis))


def _between(first: str | None, last: str | None) -> float | None:
    if first is None or last is None:
        return None
    try:
        seconds = (_moment(last) - _moment(first)).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(0.0, seconds)


def _moment(text: str) -> datetime:
    # Python 3.10 does not read the Z
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
