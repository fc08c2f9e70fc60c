"""What devices a service has, and how they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qexp.declare.choice import choice
from qexp.declare.config import Backend, CircuitRunnerService, LocalService, Service
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.devices import known
from qexp.devices.device import load
from qexp.errors import ConfigError, ServiceError
from qexp.services.http import Http
from qexp.userconf import choices

if TYPE_CHECKING:
    from qexp.services.account import Account

SIMULATED = "simulated here"

FILES = "from_files"
"""The choice of `backend` that is no device."""


@dataclass(frozen=True)
class Listed:
    """A device of a service.

    Attributes:
        name: Its name.
        qubits: Its qubits; None where that is not told.
        queue: Jobs that wait for it; None where there is no queue, or it is not told.
        status: The service's word for it.
        calibrated: When it was calibrated last (ISO 8601); None where that is not told.
    """

    name: str
    qubits: int | None
    queue: int | None
    status: str
    calibrated: str | None


def listing(service: Service) -> list[Listed]:
    """The devices of a service, by name.

    Raises:
        ConfigError: There is no token or key.
        ServiceError: The service is not there.
    """
    if isinstance(service, LocalService):
        found = list(_here())
    elif isinstance(service, CircuitRunnerService):
        found = list(_of_circuit_runner(service))
    else:
        found = list(_of_ibm(service))
    return sorted(found, key=lambda one: one.name)


def _here() -> Iterator[Listed]:
    """What the embedded service simulates: shipped devices, the user's, and known ones."""
    for name in choices("backend"):
        if name == FILES:
            continue
        try:
            device = load(Backend(**choice("backend", name)))
        except (ConfigError, ValueError):  # a service has to be asked for it
            continue
        calibrated = None if device.properties is None else device.calibrated
        yield Listed(name, device.num_qubits, None, SIMULATED, calibrated)
    for name in known.names():
        one = known.known(name)
        if one is not None and name not in choices("backend"):
            width = one.configuration.get("n_qubits")
            yield Listed(name, width, None, SIMULATED, _date(one.properties))


def _of_circuit_runner(service: CircuitRunnerService) -> Iterator[Listed]:
    from qexp.services.account import Account

    account = Account(service, Http(service.timeout))
    try:
        for name, configuration in account.devices().items():
            told = _status(account, name)
            online = "online" if told.get("state") else str(told.get("status", ""))
            yield Listed(
                name,
                configuration.get("n_qubits"),
                told.get("lengthQueue"),
                online or "not told",
                account.calibrated(name),
            )
    finally:
        account.close()


def _of_ibm(service: IbmQuantumService) -> Iterator[Listed]:
    from qexp.services.ibm.account import Account, status

    account = Account(service, Http(service.timeout))
    try:
        listed = account.devices()
        known.keep_list(list(listed.values()))
        for name, one in listed.items():
            yield Listed(
                name,
                one.get("qubits"),
                one.get("queue_length"),
                status(one) or "not told",
                account.calibrated(name),
            )
    finally:
        account.close()


def _status(account: Account, name: str) -> dict[str, Any]:
    try:
        return account.status(name, 1)
    except ServiceError:
        return {}


def _date(properties: Any) -> str | None:
    found = (properties or {}).get("last_update_date")
    return found if isinstance(found, str) else None
