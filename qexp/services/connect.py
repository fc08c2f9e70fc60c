"""The service that a `service` section means."""

from __future__ import annotations

from qexp.declare.config import Service
from qexp.services import Runner


def connect(service: Service, workers: int | None = None, expected: int = 1) -> Runner:
    """The service; only the chosen one is imported.

    Args:
        service: The service's section.
        workers: Most processes of the embedded service; None is one for each core.
        expected: Points that will be submitted, as far as is known.
    """
    from qexp.services.local import Local

    return Local(workers, expected)
