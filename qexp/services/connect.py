"""The service that a `service` section means."""

from __future__ import annotations

from qexp.config import Service
from qexp.device import Device
from qexp.services import Runner


def connect(service: Service, device: Device) -> Runner:
    """The service; only the chosen one is imported."""
    from qexp.services.local import Local

    return Local(service, device)
