"""The devices on offer, as the service describes them."""

from __future__ import annotations

import json
import math
from functools import cached_property
from typing import Any

import yaml

from qexp.declare.config import Backend
from qexp.devices.device import Device, load
from qexp.devices.served import pulse_defaults
from qexp.emulator.refusal import NO_BACKEND, Refusal
from qexp.userconf import built_in

Json = dict[str, Any]

ONLINE = "2019-01-01T00:00:00+00:00"
"""Since when a device is online whose snapshot does not say."""

_MICROSECONDS = ("rep_delay_range", "default_rep_delay")


class Offered:
    """One device of the service."""

    def __init__(self, section: Backend) -> None:
        """Read what its YAML names."""
        self.device: Device = load(section)
        self._snapshot = section.snapshot or ""

    @property
    def name(self) -> str:
        """The device's own name."""
        return self.device.name

    @property
    def version(self) -> str:
        """The backend's version."""
        return str(self.device.configuration.get("backend_version"))

    @cached_property
    def configuration(self) -> Json:
        """The configuration as it is served, what is declared included."""
        return {
            "online_date": ONLINE,
            "description": self.name,
            "max_experiments": 300,
            **self.device.configuration,
            **{key: _served(key, to) for key, to in self.device.declared.items()},
            "backend_name": self.name,
        }

    @property
    def max_circuits(self) -> int:
        """Most circuits of one job."""
        return int(self.configuration["max_experiments"])

    @property
    def properties(self) -> Json:
        """The calibration; empty where there is none."""
        return self.device.properties or {}

    @property
    def defaults(self) -> Json:
        """The pulse defaults; empty where there are none."""
        return pulse_defaults(self._snapshot) or {}


def _served(key: str, value: Any) -> Any:
    """A declared value, which is in SI units, in those that are served."""
    if key not in _MICROSECONDS:
        return value
    if isinstance(value, list):
        return [_served(key, one) for one in value]
    # 1e-4 s are 100 µs, and not 99.99999999999999
    return float(f"{value * 1e6:.12g}") if math.isfinite(value) else value


class Shelf:
    """All devices of the service, by name; each is read when it is first asked for."""

    def __init__(self) -> None:
        """Read which there are: every built-in backend that has a snapshot."""
        self._sections: dict[str, Backend] = {}
        self._offered: dict[str, Offered] = {}
        for file in sorted((built_in() / "backend").glob("*.yaml")):
            content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            if isinstance(content, dict) and content.get("snapshot"):
                section = Backend.model_validate(content)
                self._sections[section.name or file.stem] = section

    @property
    def names(self) -> list[str]:
        """The devices' names."""
        return sorted(self._sections)

    def __getitem__(self, name: str) -> Offered:
        """A device.

        Raises:
            Refusal: There is none of that name.
        """
        if name not in self._sections:
            raise Refusal(*NO_BACKEND, f"Backend {name} not found")
        if name not in self._offered:
            self._offered[name] = Offered(self._sections[name])
        return self._offered[name]

    @cached_property
    def configurations(self) -> bytes:
        """All configurations, as the list of devices."""
        return plain([self[name].configuration for name in self.names])


def plain(value: Any) -> bytes:
    """What a device is described with, as JSON; complex numbers as pairs."""
    return json.dumps(value, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value.tolist() if hasattr(value, "tolist") else str(value)
