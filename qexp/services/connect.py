"""The service that a `service` section means."""

from __future__ import annotations

from qexp.declare.config import CircuitRunnerService, LocalService, Service
from qexp.services import Runner


def connect(
    service: Service | None, workers: int | None = None, expected: int = 1
) -> Runner:
    """The service; only the chosen one is imported.

    Args:
        service: The service's section; None is the embedded service.
        workers: Most processes of the embedded service; None is what the section says.
        expected: Points that will be submitted, as far as is known.

    Raises:
        ConfigError: There is no token for it.
        ServiceError: It is not there, or does not let this user in.
    """
    if isinstance(service, CircuitRunnerService):
        from qexp.services.circuit_runner import CircuitRunner

        return CircuitRunner(service)
    from qexp.services.local import Local

    if workers is None and isinstance(service, LocalService):
        workers = service.workers
    return Local(workers, expected)
