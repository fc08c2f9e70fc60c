"""One choice of a config group, read without Hydra's command line."""

from __future__ import annotations

from typing import Any

import yaml
from omegaconf import OmegaConf

from qexp.declare.messages import nearest
from qexp.errors import ConfigError
from qexp.userconf import built_in, choices, found


def choice(group: str, name: str) -> dict[str, Any]:
    """What a choice sets: the user's file of that name, or the built-in one.

    Args:
        group: The config group.
        name: The choice.

    Raises:
        ConfigError: There is none, or it cannot be read.
    """
    for folder in (found(), built_in()):
        file = None if folder is None else folder / group / f"{name}.yaml"
        if file is not None and file.is_file():
            try:
                content = yaml.safe_load(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, yaml.YAMLError) as error:
                raise ConfigError(f"{file}: {error}") from error
            return _whole(group, name, content if isinstance(content, dict) else {})
    raise ConfigError(
        f"{group} = {name}: no such choice.{nearest(name, choices(group))}"
    )


def _whole(group: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """A file's content over the choices that it builds on."""
    below: Any = OmegaConf.create()
    for other in content.pop("defaults", []):
        if isinstance(other, str) and other not in ("_self_", name):
            below = OmegaConf.merge(below, choice(group, other))
    whole = OmegaConf.to_container(OmegaConf.merge(below, content))
    assert isinstance(whole, dict)
    return {str(key): value for key, value in whole.items() if value != "???"}
