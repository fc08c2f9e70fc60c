"""Overrides of a job that concern its grid: axes that they give, and clashes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from qexp.declare import grid
from qexp.declare.config import Grid
from qexp.errors import ConfigError


class Given:
    """The overrides of a job, as far as they concern its grid."""

    def __init__(self, overrides: Sequence[str]) -> None:
        """Read what Hydra would start the job with."""
        self._parsed = OverridesParser.create().parse_overrides(list(overrides))

    def replaced(
        self, found: list[grid.Product], declared: Grid | None
    ) -> list[grid.Product]:
        """The products with the axes that overrides give: these count, not the file's.

        Which of the two stands later in the composed mapping depends on how the file
        writes its keys.

        Args:
            found: The products of the grid.
            declared: The grid, as it was composed.
        """
        if isinstance(declared, list):
            return found
        own = {
            ".".join(path): _at(declared, path)
            for override in self._parsed
            for path in _grid_paths(override)
        }
        return [
            {axis: own.get(axis, values) for axis, values in product.items()}
            for product in found
        ]

    def require_effect(self, found: Sequence[grid.Product]) -> None:
        """Refuse an override of what the grid sweeps: it would do nothing.

        Raises:
            ConfigError: Names both.
        """
        swept = set.intersection(*(set(one) for one in found)) if found else set()
        for override in self._parsed if swept else ():
            if override.key_or_group == "circuit":
                continue  # Hydra wants one to start with
            for key in _keys(override):
                clash = next((one for one in swept if _covers(one, key)), None)
                if clash is not None:
                    raise ConfigError(
                        f"{override.input_line}: has no effect, because grid sweeps over "
                        f"{clash}. Leave it out, or set grid.{clash}=[…]."
                    )


def _grid_paths(override: Override) -> list[tuple[str, ...]]:
    """Where an override puts lists of values into the grid, step by step."""
    start, *steps = override.key_or_group.split(".")
    if start != "grid" or override.is_delete():
        return []
    return list(_leaves(override.value(), tuple(steps)))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif path:
        yield path


def _at(declared: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        declared = declared[step]
    return declared


def _covers(axis: str, key: str) -> bool:
    return key == axis or ("." in axis and key.startswith(f"{axis}."))


def _keys(override: Override) -> list[str]:
    """The keys that an override sets; those inside, where its value is a mapping."""
    value = override.value()
    if isinstance(value, Mapping):
        return [f"{override.key_or_group}.{key}" for key, _ in grid.flat(value)]
    return [override.key_or_group]
