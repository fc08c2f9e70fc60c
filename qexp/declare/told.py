"""Devices without YAML as choices of `backend`: those that a service has told of.

Hydra knows the choices that are files, and those that its `ConfigStore` holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.core.config_store import ConfigStore

from qexp.declare.choice import choice
from qexp.errors import ConfigError
from qexp.userconf import choices

GROUP = "backend"

_WORD = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)


@contextmanager
def registered(names: Iterable[str]) -> Iterator[None]:
    """Have names be choices of `backend` while the context lasts.

    Where there is a file of a name, the file counts.
    """
    added = _register(names)
    try:
        yield
    finally:
        for name in added:
            ConfigStore.instance().repo.get(GROUP, {}).pop(f"{name}.yaml", None)


def _register(names: Iterable[str]) -> set[str]:
    store, files = ConfigStore.instance(), set(choices(GROUP))
    added = set(names) - files  # Hydra would take one for the schema of its file
    for name in added:
        node: dict[str, Any] = {
            "name": name,
            "snapshot": None,
            "configuration": None,
            "properties": None,
            "declared": {},
        }
        store.store(name=name, node=node, group=GROUP, package=GROUP)
    return added


def named(arguments: Sequence[str]) -> list[str]:
    """What a command line may name as devices of a service that can be asked for more.

    Args:
        arguments: The command line; nothing is a device where it chooses another service.
    """
    if not any(_asks(one) for one in arguments):
        return []
    values = [
        value
        for key, _, value in (one.lstrip("+").partition("=") for one in arguments)
        if key == GROUP or key.startswith("grid")
    ]
    return [word for value in values for word in _WORD.findall(value)]


def _asks(argument: str) -> bool:
    """Whether an argument chooses a service that knows devices which we do not."""
    key, _, name = argument.partition("=")
    if key != "service":
        return False
    try:
        return choice("service", name).get("kind") == "ibm_quantum"
    except ConfigError:
        return False
