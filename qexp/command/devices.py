"""The verb `devices`: what a service has to run on, and how that is."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from qexp.declare.choice import choice
from qexp.declare.config import LocalService, Service
from qexp.declare.read import read_tree, with_values
from qexp.errors import ConfigError, QexpError
from qexp.services.ibm.address import INSTANCE, KEYS
from qexp.services.listing import Listed, listing
from qexp.services.outage import duration
from qexp.shown.screen import Screen

AS_JSON = "--json"

DAY = 86_400.0
YEAR = 365.25 * DAY


def devices(arguments: list[str], screen: Screen) -> int:
    """Show the devices of a service, or of those that can be asked with what is set.

    Returns:
        The exit status.

    Raises:
        ConfigError: An argument is not the verb's, or there is no token.
        ServiceError: The service is not there.
    """
    for one in arguments:
        if one != AS_JSON and not one.startswith(("service=", "service.")):
            raise ConfigError(
                f"{one}: devices takes service=…, service.KEY=… and {AS_JSON}."
            )
    told: dict[str, list[dict[str, Any]]] = {}
    missing = 0
    for service in _services(arguments):
        try:
            rows = listing(service)
        except QexpError as error:  # the others can be shown
            screen.error(f"service={service.kind}: {error}")
            missing = error.exit_status
            continue
        told[service.kind] = [asdict(one) for one in rows]
        if AS_JSON not in arguments:
            screen.line(f"service={service.kind}")
            heads = ("device", "qubits", "queue", "status", "calibrated", "ago")
            screen.table(heads, [_row(one) for one in rows])
            screen.line()
    if AS_JSON in arguments:
        screen.line(json.dumps(told, indent=1))
    return missing


def _services(arguments: Sequence[str]) -> list[Service]:
    pairs = [one.partition("=")[::2] for one in arguments if one != AS_JSON]
    name = next((value for key, value in pairs if key == "service"), None)
    values = {key: value for key, value in pairs if key != "service"}
    if name is not None or values:
        return [_section(name or "local", values)]
    found: list[Service] = [LocalService()]
    if os.environ.get(INSTANCE) and any(os.environ.get(one) for one in KEYS):
        found.append(_section("ibm_quantum", {}))
    return found


def _section(name: str, values: dict[str, str]) -> Service:
    """A service's section, as the command line declares it."""
    tree = {
        "name": "devices",
        "circuit": {"kind": "ghz"},
        "backend": {},
        "service": {**choice("service", name), **_required(values)},
    }
    return with_values(read_tree(tree), values).service


def _required(values: dict[str, str]) -> dict[str, str]:
    """What a section cannot be read without."""
    return {"url": values["service.url"]} if "service.url" in values else {}


def _row(one: Listed) -> tuple[str, ...]:
    return (
        one.name,
        "" if one.qubits is None else str(one.qubits),
        "" if one.queue is None else str(one.queue),
        one.status,
        (one.calibrated or "")[:16].replace("T", " "),
        _ago(one.calibrated),
    )


def _ago(calibrated: str | None) -> str:
    if calibrated is None:
        return ""
    try:
        then = datetime.fromisoformat(calibrated.replace("Z", "+00:00"))
    except ValueError:
        return ""
    then = then if then.tzinfo else then.replace(tzinfo=timezone.utc)
    seconds = (datetime.now(timezone.utc) - then).total_seconds()
    for unit, length in (("years", YEAR), ("days", DAY)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return duration(max(0.0, seconds))
