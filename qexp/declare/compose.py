"""The jobs of a sweep, composed as Hydra composes them, but thousands of them.

Hydra takes a quarter of a second for a job. Most jobs of a sweep differ in values only,
so Hydra composes once for each set of choices, each value is set once by Hydra's own
code, and a job is put together from the results. Wherever it is not certain that this
gives what Hydra gives, and for every error, Hydra itself composes the job.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    Override,
    OverrideType,
    Quote,
    QuotedString,
    ValueType,
)
from hydra.core.utils import env_override
from omegaconf import AnyNode, DictConfig, ListConfig, OmegaConf, open_dict, read_write

from qexp.declare.overlay import (
    ABSENT,
    Change,
    Special,
    UnsureError,
    nested,
    overlaid,
    place,
    specials,
)
from qexp.declare.read import plain

BASES = 256
"""How many sets of choices are kept composed."""

SETTINGS = 65536
"""How many overrides are kept parsed."""

_KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)


@dataclass(frozen=True)
class _Setting:
    """An override.

    Attributes:
        override: As Hydra's parser has it.
        identity: Equal where overrides are.
        chooses: Whether Hydra has to compose anew for it.
        steps: Its key, None where only Hydra knows what it does.
    """

    override: Override
    identity: Hashable
    chooses: bool = False
    steps: tuple[str, ...] | None = None


@dataclass
class _Base:
    """What Hydra composed from choices alone; interpolations are not resolved yet."""

    tree: dict[str, Any]
    unresolved: list[Special]
    changes: dict[Hashable, Change | None] = field(default_factory=dict)

    def change(self, setting: _Setting) -> Change:
        if setting.identity not in self.changes:
            self.changes[setting.identity] = _changed(self.tree, setting)
        change = self.changes[setting.identity]
        if change is None:
            raise UnsureError
        return change


class Composer:
    """Composes the jobs of one sweep.

    Trees share what is equal in them, so they are for reading only.

    Attributes:
        by_hydra: How many jobs were left to Hydra, at its own speed.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        """Compose with a loader, for the sweep whose own configuration is ``master``."""
        self.by_hydra = 0
        self._loader = cast(ConfigLoaderImpl, loader)
        self._master = master
        own = OmegaConf.to_container(master.hydra.overrides.hydra)
        _, self._groups = self._loader._parse_overrides_and_create_caching_repo(
            master.hydra.job.config_name, cast(list[str], own)
        )
        self._parser = OverridesParser.create()
        self._setting = lru_cache(SETTINGS)(self._read)
        self._is_group = lru_cache(SETTINGS)(self._groups.group_exists)
        self._base = lru_cache(BASES)(self._composed)
        self._given: dict[tuple[str, ...], DictConfig] = {}

    def know(self, overrides: Sequence[str], composed: DictConfig) -> None:
        """Take what Hydra has composed already, and do not have it composed again.

        Args:
            overrides: The overrides of a job.
            composed: Its configuration, without Hydra's own node.
        """
        settings = [self._setting(line) for line in overrides]
        if all(one.chooses for one in settings):  # else it is more than its choices
            self._given[tuple(str(one.identity) for one in settings)] = composed

    def tree(
        self,
        overrides: Sequence[str],
        values: Mapping[str, Any] | None = None,
        *,
        number: int = 0,
    ) -> dict[str, Any]:
        """The resolved plain tree of one job, without Hydra's own node.

        Args:
            overrides: The job's overrides, as Hydra's sweepers write them.
            values: Typed values by dotted key, set after the overrides as
                ``++key=value`` would; text for a config group is a choice of it.
            number: The job's number, for `${hydra:job.num}`.

        Raises:
            ConfigError: A value is not set, or an interpolation has no value.
            Exception: Whatever Hydra raises where it cannot compose the job.
        """
        lines, settings = list(overrides), []
        for key, value in (values or {}).items():
            if isinstance(value, str) and self._is_group(key.partition("@")[0]):
                lines.append(self._choice(key, value))
            else:
                settings.append(_forced(key, value))
        try:
            return self._assembled(lines, settings)
        except UnsureError:
            self.by_hydra += 1
            return self._by_hydra(lines, settings, number)

    def _assembled(self, lines: list[str], values: list[_Setting]) -> dict[str, Any]:
        settings = [self._setting(line) for line in lines]
        base = self._base(tuple(str(one.identity) for one in settings if one.chooses))
        if base is None:
            raise UnsureError
        wanted = [one for one in settings if not one.chooses] + values
        changes = [base.change(setting) for setting in wanted]
        return overlaid(base.tree, base.unresolved, changes)

    def _read(self, line: str) -> _Setting:
        try:
            override = self._parser.parse_override(line)
        except Exception:  # Hydra says it better
            return _Setting(_nothing(line), line)
        # shuffle() is evaluated where it is parsed: once for each job
        if override.is_sweep_override() or "shuffle" in line:
            return _Setting(override, line)
        key, type_ = override.key_or_group, override.type
        if self._is_group(key) and not isinstance(override.value(), dict):
            return _Setting(override, line, chooses=True)
        if key.startswith("hydra.") and key != "hydra.searchpath":
            # to add or to delete, Hydra looks at what is there, which may be elsewhere
            sets = type_ in (OverrideType.CHANGE, OverrideType.FORCE_ADD)
            return _Setting(override, line, chooses=sets)
        return _Setting(override, line, steps=_steps(override))

    def _choice(self, group: str, name: str) -> str:
        """The override that chooses from a group."""
        plus = "+" if group == "experiment" else ""
        line = f"{plus}{group}={name}"
        if self._setting(line).override.value() == name:
            return line
        return f"{plus}{group}={QuotedString(name, Quote.single).with_quotes()}"

    def _composed(self, choices: tuple[str, ...]) -> _Base | None:
        try:
            whole = self._given.get(choices) or self._without_hydra(choices)
        except Exception:  # it is Hydra's to raise, with all overrides at hand
            return None
        if not all(_is_untyped(whole._get_node(key)) for key in whole):
            return None
        tree = cast(dict[str, Any], OmegaConf.to_container(whole))
        return _Base(tree, list(specials(tree)))

    def _without_hydra(self, choices: Sequence[str]) -> DictConfig:
        whole = self._loader.load_sweep_config(self._master, list(choices))
        with open_dict(whole):
            del whole["hydra"]
        return whole

    def _by_hydra(
        self, lines: list[str], values: list[_Setting], number: int
    ) -> dict[str, Any]:
        """The tree as Hydra's basic launcher hands it to a job."""
        whole = self._loader.load_sweep_config(self._master, lines)
        with open_dict(whole):
            whole.hydra.job.id = whole.hydra.job.num = number
        forced = [one.override for one in values]
        self._loader._apply_overrides_to_config(forced, whole)
        with _as_job(whole):
            job = copy.deepcopy(whole)
            with open_dict(job):
                del job["hydra"]
            return cast(dict[str, Any], plain(job))


@contextmanager
def _as_job(whole: DictConfig) -> Iterator[None]:
    """Let `${hydra:…}` and `${oc.env:…}` see what they see while a job runs."""
    hydra, before = HydraConfig.instance(), HydraConfig.instance().cfg
    hydra.set_config(whole)
    try:
        sweep = whole.hydra.sweep
        folder = Path.cwd() / str(sweep.dir) / str(sweep.subdir)
        with read_write(whole.hydra.runtime):
            whole.hydra.runtime.output_dir = os.path.normpath(folder)
        hydra.set_config(whole)
        with env_override(whole.hydra.job.env_set):
            yield
    finally:
        hydra.cfg = before


def _nothing(line: str) -> Override:
    return Override(OverrideType.CHANGE, "", ValueType.ELEMENT, None, input_line=line)


def _forced(key: str, value: Any) -> _Setting:
    line = f"++{key}={value}"
    kind, element = OverrideType.FORCE_ADD, ValueType.ELEMENT
    override = Override(kind, key, element, value, input_line=line)
    return _Setting(override, (key, repr(value)), steps=_steps(override))


def _steps(override: Override) -> tuple[str, ...] | None:
    key = override.key_or_group
    if override.package is not None or not _KEY.fullmatch(key):
        return None
    steps = tuple(key.split("."))
    return None if steps[0] == "hydra" else steps


def _changed(tree: dict[str, Any], setting: _Setting) -> Change | None:
    """What Hydra leaves where it applies an override, None where that is not certain."""
    if setting.steps is None:
        return None
    path, before = place(tree, setting.steps)
    override, value = setting.override, setting.override.value()
    merges = isinstance(value, dict)
    looks = override.is_add() or override.is_delete() or path != setting.steps or merges
    # there Hydra may follow interpolations, and other overrides decide where to
    if (looks and any(specials(before))) or (merges and any(specials(value))):
        return None
    scratch = OmegaConf.create(nested(path, before))
    OmegaConf.set_struct(scratch, True)
    try:
        ConfigLoaderImpl._apply_overrides_to_config([override], scratch)
        after: Any = OmegaConf.to_container(scratch)
    except Exception:  # it is Hydra's to raise, with all overrides at hand
        return None
    for step in path[:-1]:
        after = after[step]
    after = after.get(path[-1], ABSENT)
    return Change(path, after, tuple(specials(after, path)))


def _is_untyped(node: Any) -> bool:
    """Whether a node is what YAML makes: nothing in it converts or refuses a value."""
    about = node._metadata
    if about.ref_type is not Any or any(f is not None for f in about.flags.values()):
        return False
    if not isinstance(node, DictConfig | ListConfig):
        return type(node) is AnyNode
    if about.element_type is not Any or about.object_type not in (dict, list, None):
        return False
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return False
    keys: Any = node if isinstance(node, DictConfig) else range(len(node))
    return all(_is_untyped(node._get_node(key)) for key in keys)
