"""What a dotted path names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qexp.errors import ConfigError


def find(key: str, path: str, what: str) -> Callable[..., Any]:
    """A function or class of a module, also of one in the current folder.

    Args:
        key: The setting that names it, for messages.
        path: `package.module.name`.
        what: What it should be, for messages.

    Raises:
        ConfigError: There is none, or its module cannot be imported.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise ConfigError(f"{key} = {path}: must be a dotted path, module.function.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{key} = {path}: module {module_name} cannot be imported "
            f"({type(error).__name__}: {error}). It is searched in {here} and among the "
            "installed packages."
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        near = get_close_matches(name, dir(module), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{key} = {path}: {module_name} has no {what} {name}.{hint}")
    return found  # type: ignore[no-any-return]
