"""The best settings of a sweep, as what one types and declares to have them again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from qexp.declare.options import Options
from qexp.effects import Candidate

_DEFAULT = "default"
"""What stands in the table for a layout method that is not set."""

GROUPS = ("backend", "circuit", "service")
"""Columns that name a choice of a config group."""


def settings(candidate: Candidate) -> dict[str, Any]:
    """A candidate's settings by their keys, such as `options.layout_method`."""
    return {key_of(name): _set(value) for name, value in candidate.options.items()}


def key_of(column: str) -> str:
    """The key that is declared for a column of the table."""
    return f"options.{column}" if column in Options.model_fields else column


def _set(value: Hashable) -> Any:
    return None if value == _DEFAULT else value


def as_overrides(candidate: Candidate) -> str:
    """A candidate's settings as one types them."""
    return " ".join(
        f"{key}={_typed(value)}" for key, value in settings(candidate).items()
    )


def _typed(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def as_yaml(candidate: Candidate) -> str:
    """A candidate's settings as one declares them."""
    tree: dict[str, Any] = {}
    for key, value in settings(candidate).items():
        if key in GROUPS:
            tree.setdefault("defaults", []).append({f"override /{key}": value})
            continue
        *parents, last = key.split(".")
        branch = tree
        for name in parents:
            branch = branch.setdefault(name, {})
        branch[last] = value
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    return text


def in_words(options: Mapping[str, Hashable]) -> str:
    """Settings in a few words."""
    return ", ".join(f"{name} {_typed(value)}" for name, value in options.items())
