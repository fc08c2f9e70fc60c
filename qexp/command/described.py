"""Devices that only a service can describe: asked for before anything is planned."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qexp.declare.config import Experiment
from qexp.declare.ibm_quantum import IbmQuantumService


def describe(experiments: Iterable[Experiment], tell: Callable[[str], None]) -> None:
    """Have the devices of some cells known here.

    Args:
        experiments: What the cells declare.
        tell: Is told where an older description has to do.

    Raises:
        ConfigError: The service has no such device, or there is no key to ask with.
        ServiceError: Nothing is known of a device, and nobody answers.
    """
    wanted: dict[IbmQuantumService, list[str]] = {}
    for one in experiments:
        service, backend = one.service, one.backend
        described = backend.snapshot or backend.configuration
        if isinstance(service, IbmQuantumService) and backend.name and not described:
            wanted.setdefault(service, []).append(backend.name)
    if not wanted:
        return
    from qexp.services.ibm import catalogue  # it is seldom needed

    for service, names in wanted.items():
        catalogue.describe(service, names, tell)
