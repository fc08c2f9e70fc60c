"""What the platform says of its devices, fetched into the workspace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.devices import known
from qexp.devices.known import Known
from qexp.errors import ConfigError, QexpError, ServiceError
from qexp.services.http import Http
from qexp.services.ibm.account import Account

FRESH = 3600.0
"""Seconds for which a description is taken for what the device is: it is calibrated about
as often."""


def describe(
    service: IbmQuantumService,
    names: Iterable[str],
    tell: Callable[[str], None],
    http: Http | None = None,
) -> None:
    """Have some devices known here, as they are now.

    What is known already serves where the service cannot be asked.

    Args:
        service: The service's section.
        names: The devices.
        tell: Is told where an older description has to do.
        http: What sends requests.

    Raises:
        ConfigError: The service has no such device; or nothing is known of it, and there
            is no key to ask with.
        ServiceError: Nothing is known of a device, and nobody answers.
    """
    found = {name: known.known(name) for name in dict.fromkeys(names)}
    stale = [name for name, one in found.items() if one is None or one.age > FRESH]
    if not stale:
        return
    try:
        _fetch(service, stale, http or Http(service.timeout))
    except ConfigError:
        if any(found[name] is None for name in stale):
            raise
    except ServiceError as error:
        if any(found[name] is None for name in stale):
            raise
        tell(f"{', '.join(stale)}: as known from earlier, because of: {error}")


def _fetch(service: IbmQuantumService, names: list[str], http: Http) -> None:
    account = Account(service, http)
    try:
        listed = account.devices()
        known.keep_list(list(listed.values()))
        for name in names:
            try:
                account.configuration(name)
            except QexpError as error:
                if name in listed:  # it is offline, and says so
                    raise
                raise ConfigError(str(error)) from error
            configuration, properties = account.described(name)
            known.keep(Known(name, time.time(), configuration, properties))
    finally:
        account.close()
