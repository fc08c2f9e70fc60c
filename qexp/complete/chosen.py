"""Which choice of a group a command line makes: itself, or by its experiment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from qexp.userconf import built_in, found


def kinds(group: str, words: Sequence[str]) -> set[str]:
    """The kinds of the chosen choices; empty where none is chosen, or none is known."""
    files = (next(_with("kind", _lineage(group, n)), {}) for n in _names(group, words))
    return {str(file["kind"]) for file in files if file}


def named(group: str, words: Sequence[str]) -> list[str]:
    """The keys that the files of the chosen choices name."""
    files = (file for n in _names(group, words) for file in _lineage(group, n))
    return [str(key) for file in files for key in file if key != "defaults"]


def _names(group: str, words: Sequence[str]) -> list[str]:
    return _said(group, words) or _by_experiment(group, words) or _by_default(group)


def _said(group: str, words: Sequence[str]) -> list[str]:
    said = (word.lstrip("+").partition("=") for word in words)
    values = [value for key, _, value in said if key == group and value]
    return values[-1].split(",") if values else []


def _by_experiment(group: str, words: Sequence[str]) -> list[str]:
    names = []
    for experiment in _said("experiment", words):
        selected = (_selected(group, f) for f in _lineage("experiment", experiment))
        names += next(filter(None, selected), [])
    return names


def _by_default(group: str) -> list[str]:
    return _selected(group, _read(built_in() / "qexp.yaml"))


def _with(key: str, files: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (file for file in files if key in file)


def _lineage(group: str, name: str) -> Iterator[dict[str, Any]]:
    """A choice's YAML, then those of its own group that it extends."""
    waiting, seen = [name], set()
    while waiting:
        name = waiting.pop(0).removeprefix(f"/{group}/")
        if name in seen:
            continue
        seen.add(name)
        folders = [*filter(None, [found()]), built_in()]
        files = (folder / group / f"{name}.yaml" for folder in folders)
        file = next((one for one in files if one.is_file()), None)
        data = _read(file) if file else {}
        yield data
        waiting += [one for one in _defaults(data) if isinstance(one, str)]


def _selected(group: str, data: dict[str, Any]) -> list[str]:
    """The choices that a list of defaults makes of a group; `???` is none."""
    for entry in _defaults(data):
        for key, value in entry.items() if isinstance(entry, dict) else ():
            words = str(key).split("@")[0].split()
            if words and words[-1].removeprefix("/") == group and value != "???":
                return (
                    [str(one) for one in value]
                    if isinstance(value, list)
                    else [str(value)]
                )
    return []


def _defaults(data: dict[str, Any]) -> list[Any]:
    defaults = data.get("defaults")
    return defaults if isinstance(defaults, list) else []


def _read(file: Any) -> dict[str, Any]:
    """A file's mapping; empty where it is not one, which Hydra will say better."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return data if isinstance(data, dict) else {}
