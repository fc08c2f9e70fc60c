"""From Hydra's jobs to declared cells: every job's grid, composed and validated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from qexp.declare import grid
from qexp.declare.compose import Composer
from qexp.declare.config import Experiment
from qexp.declare.given import Given
from qexp.declare.read import Reader
from qexp.errors import ConfigError
from qexp.garbage import resting

_GRID = re.compile(r"[+~]*grid[.=]")

Overrides = Sequence[str]
"""What Hydra would start one job with, such as `options.shots=100`."""


@dataclass(frozen=True)
class Declared:
    """One cell, as it was declared.

    Attributes:
        experiment: Everything that is declared of it.
        labels: Its value for each key that varies in the sweep.
        job: Number of the job of Hydra's that it belongs to, among those handed in.
    """

    experiment: Experiment
    labels: Mapping[str, Any]
    job: int = 0


@dataclass
class Expanded:
    """All cells of a sweep.

    Attributes:
        cells: The cells, until they have been planned for good.
        swept: Whether a sweep was asked for, be it of one cell.
        notes: What a person should know of how the cells came about.
    """

    cells: tuple[Declared, ...]
    swept: bool
    notes: tuple[str, ...] = ()


@dataclass
class _Excluded:
    """How many cells each item of `exclude` has left out, and the items themselves."""

    items: list[dict[str, Any]] = field(default_factory=list)
    hits: dict[int, int] = field(default_factory=dict)
    missing: set[tuple[int, str]] | None = None

    def look(self, tree: Mapping[str, Any], values: grid.Values) -> None:
        """Take note of the keys that no cell has had so far."""
        if self.items and self.missing != set():
            found = grid.missing(self.items, tree, values)
            self.missing = found if self.missing is None else self.missing & found

    def require_keys(self, tree: Mapping[str, Any]) -> None:
        """Refuse a key that no cell has.

        Raises:
            ConfigError: Names it.
        """
        for number, key in sorted(self.missing or ()):
            allowed = [name for name, _ in grid.flat(tree)]
            raise ConfigError(
                f"exclude.{number}.{key}: no cell has such a key.{_near(key, allowed)}"
            )


@dataclass(frozen=True)
class _Own:
    """One of Hydra's jobs: its number, overrides, configuration, and what that says.

    Its cells are composed without their grid: they are what it means.
    """

    number: int
    overrides: Overrides
    tree: dict[str, Any]
    base: Experiment


def single(experiment: Experiment) -> Expanded:
    """The one cell of an experiment without a grid."""
    swept = experiment.repeats > 1 or experiment.sentinel != "none"
    return Expanded((Declared(experiment, {}),), swept, _unused_exclude(experiment))


def _unused_exclude(experiment: Experiment) -> tuple[str, ...]:
    return ("exclude has no effect: nothing is swept",) if experiment.exclude else ()


@resting()
def expand(
    jobs: Sequence[Overrides],
    composer: Composer,
    *,
    multirun: bool,
    first: int = 0,
    axes: Sequence[str] = (),
    part: bool = False,
) -> Expanded:
    """The cells of Hydra's jobs, each of which may have a grid of its own.

    Args:
        jobs: The overrides of each job; one job where Hydra does not sweep.
        composer: Composes them.
        multirun: Whether Hydra sweeps.
        first: Hydra's number of the first job.
        axes: Keys that vary, though they may not among these jobs.
        part: Whether these are some jobs of a sweep only; then no cell may be left, and
            what `exclude` does is not judged.

    Raises:
        ConfigError: A key, a type or a value is wrong, or there are too many cells.
    """
    reader = Reader()
    varying = _varying(jobs, axes) if multirun else []
    cells: list[Declared] = []
    notes: dict[str, None] = {}
    out = _Excluded()
    for number, overrides in enumerate(jobs):
        tree = composer.tree(overrides, number=first + number)
        base = reader.read(tree)
        found = grid.products(base.grid)
        if found:
            given = Given(overrides)
            found = given.replaced(found, base.grid)
            given.require_effect(found)
        count = len(cells) + grid.size(found) * (len(jobs) - number)
        grid.require_size(count, base.repeats, base.max_points)
        notes |= dict.fromkeys(f"grid: {text}" for text in grid.repeated(found))
        labels = _labels(overrides, varying)
        own = _Own(first + number, _without_grid(overrides), tree, base)
        out.items = base.exclude
        for values in grid.cells(found):
            experiment = _cell(own, values, composer, reader, out)
            if experiment is not None:
                cells.append(Declared(experiment, {**labels, **values}, number))
    if not part:
        out.require_keys(tree)
        _require_some(cells, out)
        notes |= dict.fromkeys(_ineffective(out))
    swept = multirun or bool(found) or base.repeats > 1 or base.sentinel != "none"
    return Expanded(tuple(cells), swept, tuple(notes))


def _cell(
    job: _Own, values: grid.Values, composer: Composer, reader: Reader, out: _Excluded
) -> Experiment | None:
    """What one cell of a job's grid declares; None where it is excluded."""
    tree = job.tree
    if values:
        tree = composer.tree(job.overrides, values, number=job.number)
    out.look(tree, values)
    item = grid.excluded(job.base.exclude, tree, values)
    if item is not None:
        out.hits[item] = out.hits.get(item, 0) + 1
        return None
    if not values:
        return job.base
    try:
        experiment = reader.read({**tree, "grid": None})
    except ConfigError as error:
        raise _in_grid(error, values) from error
    return experiment.model_copy(update={"grid": job.base.grid})


def _without_grid(overrides: Overrides) -> list[str]:
    return [one for one in overrides if not _GRID.match(one)]


def _near(key: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(key, allowed, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _in_grid(error: ConfigError, values: grid.Values) -> ConfigError:
    """The error of a cell, with where its value came from."""
    text = str(error)
    given = [key for key in values if text.startswith((key, key.partition(".")[0]))]
    return ConfigError(f"grid.{text}" if given else text)


def _require_some(cells: list[Declared], out: _Excluded) -> None:
    if not cells:
        raise ConfigError(
            f"exclude: leaves out all {sum(out.hits.values())} cells. Exclude less."
        )


def _ineffective(out: _Excluded) -> list[str]:
    left_out = sum(out.hits.values())
    notes = [f"exclude leaves out {left_out} cells"] if left_out else []
    return notes + [
        f"exclude.{number} = {json.dumps(item, default=str)}: no cell is like that, so "
        "none is left out"
        for number, item in enumerate(out.items)
        if number not in out.hits
    ]


def _varying(jobs: Sequence[Overrides], axes: Sequence[str]) -> list[str]:
    """The keys in which the jobs of one `-m` differ, and the axes, in order."""
    values: dict[str, set[str]] = {}
    for overrides in jobs:
        for override in overrides:
            key, _, value = override.partition("=")
            values.setdefault(key, set()).add(value)
    everywhere = [key for key in values if "hydra." not in key]
    return [
        key for key in everywhere if len(values[key]) > 1 or key.lstrip("+") in axes
    ]


def _labels(overrides: Overrides, varying: Sequence[str]) -> dict[str, str]:
    pairs = dict(override.partition("=")[::2] for override in overrides)
    return {key.lstrip("+"): _yaml(pairs[key]) for key in varying if key in pairs}


def _yaml(value: str) -> str:
    """A value as YAML has it; Hydra's sweeper writes `true` as Python does."""
    return value.lower() if value in ("True", "False") else value
