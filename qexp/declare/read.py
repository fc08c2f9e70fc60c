"""From what Hydra composed to a typed experiment, or to a clear refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
)
from pydantic import ValidationError

from qexp.declare.config import Experiment
from qexp.declare.family import FamilyCircuit
from qexp.declare.messages import explain
from qexp.declare.metric import METRICS, unknown_metric
from qexp.errors import ConfigError

SECTIONS = ("circuit", "backend", "options", "service", "tracking", "resume", "budget")
"""The groups of an experiment's settings."""


def read(composed: DictConfig) -> Experiment:
    """The experiment that a composed configuration declares.

    Raises:
        ConfigError: A key, a type or a value is wrong; a line for each.
    """
    return read_tree(plain(composed))


def read_tree(tree: dict[str, Any]) -> Experiment:
    """The experiment that a plain tree of resolved values declares.

    Raises:
        ConfigError: A key, a type or a value is wrong; a line for each.
    """
    try:
        experiment = Experiment.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(explain(error)) from error
    if not isinstance(experiment.circuit, FamilyCircuit):  # a class has its own
        asked = experiment.metrics or []
        wrong = unknown_metric(asked, experiment.optimize, METRICS)
        if wrong:
            raise ConfigError(wrong)
    return experiment


def with_values(experiment: Experiment, values: Mapping[str, str]) -> Experiment:
    """An experiment with some values set, written as in YAML.

    Args:
        experiment: The experiment.
        values: What to set, by key.

    Raises:
        ConfigError: A key, a type or a value is wrong.
    """
    tree = experiment.model_dump()
    for key, text in values.items():
        *above, last = key.split(".")
        inner = tree
        for step in above:
            inner = inner[step] if isinstance(inner.get(step), dict) else {}
        try:
            inner[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{key} = {text}: not a value ({error}).") from error
    return read_tree(tree)


class Reader:
    """Reads many trees; sections that are equal are validated once, and shared."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._known: dict[tuple[str, str], Any] = {}

    def read(self, tree: dict[str, Any]) -> Experiment:
        """The experiment that a plain tree of resolved values declares.

        Raises:
            ConfigError: A key, a type or a value is wrong; a line for each.
        """
        texts = {name: repr(tree[name]) for name in SECTIONS if name in tree}
        known = {
            name: self._known[name, text]
            for name, text in texts.items()
            if (name, text) in self._known
        }
        experiment = read_tree({**tree, **known})
        for name, text in texts.items():
            self._known[name, text] = getattr(experiment, name).without_notes()
        return experiment.without_notes()


def plain(composed: DictConfig) -> Any:
    """A composed configuration as plain values, with every interpolation resolved.

    Raises:
        ConfigError: A value is not set, or an interpolation has no value.
    """
    try:
        return OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key
        raise ConfigError(f"{key}: not set. Set {key}=…") from error
    except (InterpolationKeyError, InterpolationResolutionError) as error:
        raise ConfigError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
