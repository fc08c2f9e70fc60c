"""The user's own `conf` folder: where it is, and whether this process may use it.

Hydra loads plugins in every application of an environment. The one that adds the user's
folder asks here, so that it acts in qexp's own runs only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_active: list[Path] = []


def built_in() -> Path:
    """The folder of the built-in YAML: in the wheel, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def found() -> Path | None:
    """The `conf` in the current folder, unless it is none or the built-in one."""
    here = Path.cwd() / "conf"
    if not here.is_dir() or here.resolve() == built_in().resolve():
        return None
    return here


def groups(folder: Path) -> list[str]:
    """The config groups of qexp's that a folder adds to, sorted."""
    known = {path.name for path in built_in().iterdir() if path.is_dir()}
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name in known)


def choices(group: str) -> list[str]:
    """The names that a config group can be set to, built-in and the user's, sorted."""
    folders = [built_in(), *filter(None, [found()])]
    return sorted(
        {file.stem for one in folders for file in (one / group).glob("*.yaml")}
    )


@contextmanager
def in_use() -> Iterator[Path | None]:
    """Let Hydra search the user's folder while the context lasts."""
    folder = found()
    if folder is not None:
        _active.append(folder)
    try:
        yield folder
    finally:
        _active.clear()


def active() -> Path | None:
    """The folder to search, inside `in_use`; None in any other application."""
    return _active[0] if _active else None
