"""The device a run is compiled for: configuration, calibration, and what is declared.

A device is read from the snapshot that terra ships, from JSON files as a service serves
them, or is the ideal machine. It says which option values it takes and what it does
where none is given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from qexp.declare.config import Backend
from qexp.devices import known
from qexp.devices.served import IDEAL, Json, served, snapshot

__all__ = ["IDEAL", "Device", "load", "snapshot"]

Stamp = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class Device:
    """A device as its service describes it; equal where the digests are.

    Attributes:
        name: The device's own name.
        configuration: Its configuration, JSON as served (`rep_delay` in microseconds).
        properties: Its calibration, JSON as served; None for an ideal machine.
        declared: Fields that the user's YAML puts over the configuration, SI units.
    """

    name: str
    configuration: Json
    properties: Json | None
    declared: Json

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that describes the device, in hexadecimal."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Device) and other.digest == self.digest

    def to_dict(self) -> Json:
        """Configuration, calibration and declared fields, ready for JSON."""
        return {
            "name": self.name,
            "configuration": self.configuration,
            "properties": self.properties,
            "declared": self.declared,
        }

    @property
    def num_qubits(self) -> int:
        """Physical qubits."""
        return int(self.configuration["n_qubits"])

    @property
    def dt(self) -> float | None:
        """The sample time, in seconds."""
        served = self.configuration.get("dt")  # in nanoseconds
        return None if served is None else float(served) * 1e-9

    @property
    def max_shots(self) -> int:
        """Most shots of one circuit."""
        return int(self._field("max_shots", 1_000_000))

    @property
    def dynamic_reprate(self) -> bool:
        """Whether `rep_delay` can be chosen."""
        return bool(self._field("dynamic_reprate_enabled", False))

    @property
    def rep_delay_range(self) -> tuple[float, float] | None:
        """Lowest and highest `rep_delay`, in seconds."""
        if not self.dynamic_reprate:
            return None
        served = self.configuration.get("rep_delay_range") or ()
        range_ = self.declared.get("rep_delay_range") or [_seconds(t) for t in served]
        return (float(range_[0]), float(range_[1])) if len(range_) == 2 else None

    @property
    def default_rep_delay(self) -> float | None:
        """`rep_delay` where none is asked for, in seconds."""
        if not self.dynamic_reprate:
            return None
        declared = self.declared.get("default_rep_delay")
        served = self.configuration.get("default_rep_delay")
        return declared if served is None or declared is not None else _seconds(served)

    @property
    def esp_available(self) -> bool:
        """Whether excited-state-promoted readout may be asked for."""
        return bool(self._field("measure_esp_enabled", False))

    @property
    def esp_default(self) -> bool:
        """What an unset `use_measure_esp` becomes: the snapshot's own flag."""
        return bool(self.configuration.get("measure_esp_enabled", False))

    @property
    def option_defaults(self) -> Json:
        """The device's value of each option that it decides where it is not set."""
        return {
            "rep_delay": self.default_rep_delay,
            "use_measure_esp": self.esp_default,
        }

    @property
    def calibrated(self) -> str:
        """When the device was calibrated (ISO 8601), or 'ideal' or 'unknown'."""
        if self.properties is None:
            return "ideal" if self.name == IDEAL else "unknown"
        return str(self.properties.get("last_update_date", "unknown"))

    @property
    def day(self) -> str:
        """The day of the calibration, or what stands for it."""
        return self.calibrated[:10]

    def _field(self, key: str, default: Any) -> Any:
        declared = self.declared.get(key)
        served = self.configuration.get(key)
        value = served if declared is None else declared
        return default if value is None else value


def load(backend: Backend) -> Device:
    """The device that a `backend` section describes: one object for equal sections.

    Files are read again when they have changed.

    Raises:
        ConfigError: No device is chosen, or a file cannot be read as one.
    """
    # a section may hold lists, so it is looked up by its text
    return _load(json.dumps(backend.model_dump()), _stamps(backend))


@lru_cache(maxsize=128)
def _load(section: str, stamps: tuple[Stamp | None, ...]) -> Device:
    backend = Backend.model_validate(json.loads(section))
    configuration, properties = served(backend)
    declared = backend.declared.model_dump(exclude_none=True)
    name = backend.name or str(configuration["backend_name"])
    return Device(name, configuration, properties, declared)


def _stamps(backend: Backend) -> tuple[Stamp | None, ...]:
    files = [backend.configuration, backend.properties]
    if backend.name and not (backend.snapshot or backend.configuration):
        told = known.file_of(backend.name)
        files.append(None if told is None else str(told))
    return tuple(_stamp(file) for file in files if file)


def _stamp(file: str) -> Stamp | None:
    """What changes when a file does; None for a file that is not there."""
    path = Path(file).absolute()
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return str(path), status.st_mtime_ns, status.st_size


def _seconds(microseconds: float) -> float:
    # the arithmetic of terra's BackendConfiguration, so that equal values stay equal
    return microseconds * 1e-6
