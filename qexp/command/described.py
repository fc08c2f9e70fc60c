"""Devices that only a service can describe: asked for before anything is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qexp.declare.ibm_quantum import IbmQuantumService

if TYPE_CHECKING:
    from qexp.command.session import Session
    from qexp.declare.expand import Expanded


def describe(opened: Session, expanded: Expanded) -> None:
    """Have the devices of some cells known here.

    Raises:
        ConfigError: The service has no such device, or there is no key to ask with.
        ServiceError: Nothing is known of a device, and nobody answers.
    """
    wanted: dict[IbmQuantumService, list[str]] = {}
    for cell in expanded.cells:
        service, backend = cell.experiment.service, cell.experiment.backend
        described = backend.snapshot or backend.configuration
        if isinstance(service, IbmQuantumService) and backend.name and not described:
            wanted.setdefault(service, []).append(backend.name)
    if not wanted:
        return
    from qexp.services.ibm import catalogue  # it is seldom needed

    for service, names in wanted.items():
        catalogue.describe(service, names, opened.screen.note)
