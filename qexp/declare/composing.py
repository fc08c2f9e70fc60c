"""Hydra's and OmegaConf's errors as sentences about what was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf.errors import OmegaConfBaseException

from qexp.declare.messages import nearest
from qexp.errors import ConfigError, QexpError
from qexp.userconf import built_in

LIST_GRID = (
    "grid is a list of mappings here, so grid.KEY=… cannot be added to it. Give the whole "
    "list: 'grid=[{options.shots:[100]},{options.shots:[200]}]'."
)

FREE = (
    "options.run_config.",
    "options.transpiler_options.",
    "circuit.arguments.",
    "backend.declared.",
)
"""Mappings to which a key may be added."""


@contextmanager
def explained(arguments: list[str]) -> Iterator[None]:
    """Raise ConfigError for whatever keeps Hydra from composing ``arguments``."""
    try:
        yield
    except QexpError:
        raise
    except OverrideParseException as error:
        raise ConfigError(_unreadable(arguments, str(error))) from error
    except MissingConfigException as error:
        raise ConfigError(_no_such_choice(str(error))) from error
    except ConfigCompositionException as error:
        raise ConfigError(_not_composed(error, arguments)) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(str(error).splitlines()[0]) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}") from error
    except Exception as error:  # Hydra has no base class for all that it raises
        reason = str(error).strip().splitlines() or [type(error).__name__]
        if "is not an int" in reason[0] and any("grid." in one for one in arguments):
            raise ConfigError(LIST_GRID) from error
        raise ConfigError(
            f"the configuration cannot be composed: {reason[0]}"
        ) from error


def _unreadable(arguments: list[str], message: str) -> str:
    for argument in arguments:
        try:
            if not argument.startswith("-"):
                OverridesParser.create().parse_override(argument)
        except (HydraException, OmegaConfBaseException):
            return (
                f"{argument}: cannot be read. Write KEY=VALUE; put what the shell would "
                "change in quotes: 'options.initial_layout=[0,1,2]'."
            )
    return message.splitlines()[0]


def _no_such_choice(message: str) -> str:
    found = re.search(r"Could not find '(.+)/([^/']+)'", message)
    if not found:
        return message.splitlines()[0]
    listed = message.partition("Available options in ")[2].partition(
        "Config search path"
    )[0]
    allowed = [line.strip() for line in listed.splitlines()[1:] if line.strip()]
    group, choice = found[1], found[2]
    hint = nearest(choice, allowed)
    return f"{group} = {choice}: no such choice.{hint}"


def _not_composed(error: ConfigCompositionException, arguments: list[str]) -> str:
    message = str(error)
    unset = re.match(r"You must specify '(\w+)'", message)
    if unset:
        return _not_chosen(unset[1], arguments)
    refused = re.match(r"Could not override '([^']+)'", message)
    if refused:
        return _no_such_key(refused[1], error.__cause__)
    ambiguous = re.match(r"Ambiguous value for argument '(.+)'", message)
    if ambiguous:
        key = ambiguous[1].partition("=")[0]
        return (
            f"{ambiguous[1]}: several values are a sweep; add -m. Write a list as "
            f"'{key}=[…]'."
        )
    return message.splitlines()[0]


def _not_chosen(group: str, arguments: list[str]) -> str:
    known = (*_groups(), "name", "seed", "metrics")
    for argument in arguments:
        key, equals, _ = argument.lstrip("+").partition("=")
        if equals and "." not in key and not key.startswith("-") and key not in known:
            return f"{argument}: no such key or group.{nearest(key, known)}"
    names = sorted(file.stem for file in (built_in() / group).glob("*.yaml"))
    return (
        f"{group}: not chosen. Choose one ({group}=NAME: {', '.join(names)}) or an "
        "experiment that does (+experiment=ghz). The first line of an experiment's YAML "
        "has to be: # @package _global_"
    )


def _groups() -> list[str]:
    return sorted(path.name for path in built_in().iterdir() if path.is_dir())


def _no_such_key(path: str, cause: Any) -> str:
    missing = getattr(cause, "full_key", None) or path
    parent = getattr(cause, "parent_node", None)
    allowed = set() if parent is None else {str(key) for key in parent}
    if "." not in missing:
        allowed = (allowed | set(_groups())) - {"hydra"}
    if path.startswith(FREE):
        return f"{path}: not there yet. Write +{path}=… to add it."
    return f"{path}: no such key.{nearest(missing, allowed)}"
