"""Terra's view of a device: the backend object that `transpile` and Aer take."""

from __future__ import annotations

import copy
import warnings
from functools import lru_cache
from typing import Any

from qiskit.providers import BackendV1, Options
from qiskit.providers.models import (
    BackendProperties,
    PulseBackendConfiguration,
    QasmBackendConfiguration,
)

from qexp.devices.device import Device


class Snapshot(BackendV1):  # type: ignore[misc]
    """A device that can be compiled for and simulated, but not called."""

    def __init__(self, configuration: Any, properties: Any) -> None:
        super().__init__(configuration)
        self._properties = properties

    def properties(self) -> Any:
        """The calibration, or None."""
        return self._properties

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: Any, **options: Any) -> Any:
        """Refuse: a snapshot has no machine behind it."""
        raise RuntimeError(f"{self.name()} is a snapshot; simulate it with Aer")


@lru_cache(maxsize=32)
def backend(device: Device) -> BackendV1:
    """Terra's backend object of a device; made once for each distinct device."""
    configuration = {
        "description": device.name,
        **copy.deepcopy(device.configuration),
        "backend_name": device.name,
    }
    return Snapshot(_configuration(configuration), _properties(device))


def _configuration(content: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if content.get("open_pulse"):
            _decode_scales(content)
            return PulseBackendConfiguration.from_dict(content)
        return QasmBackendConfiguration.from_dict(content)


def _decode_scales(content: dict[str, Any]) -> None:
    # JSON has no complex numbers: a channel's scale is served as [real, imaginary]
    for channel in content.get("u_channel_lo", []):
        for item in channel:
            item["scale"] = complex(*item["scale"])


def _properties(device: Device) -> Any:
    if device.properties is None:
        return None
    return BackendProperties.from_dict(copy.deepcopy(device.properties))
