"""From what Hydra composed to a typed experiment, or to a clear refusal."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
)
from pydantic import ValidationError

from qexp.config import Experiment
from qexp.errors import ConfigError
from qexp.messages import explain


def read(composed: DictConfig) -> Experiment:
    """The experiment that a composed configuration declares.

    Raises:
        ConfigError: A key, a type or a value is wrong; a line for each.
    """
    try:
        return Experiment.model_validate(_plain(composed))
    except ValidationError as error:
        raise ConfigError(explain(error)) from error


def _plain(composed: DictConfig) -> Any:
    try:
        return OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key
        raise ConfigError(f"{key}: not set. Set {key}=…") from error
    except (InterpolationKeyError, InterpolationResolutionError) as error:
        raise ConfigError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
