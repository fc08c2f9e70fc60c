"""What the sweeper has to know of the command that it runs in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.types import Override, RangeSweep
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf

from qexp.command import session as sessions
from qexp.declare import grid
from qexp.errors import ConfigError


def require_session() -> None:
    """Refuse to sweep over another application's jobs: errors would go unseen.

    Raises:
        ConfigError: Says so.
    """
    if sessions.current() is None:
        raise ConfigError(
            "hydra/sweeper=qexp sweeps over jobs of qexp only, not over those of another "
            "application. Leave it out."
        )


def batch_size(wanted: int | None) -> int | None:
    """Most jobs of a batch; None where all are one, as they are in a plan.

    Raises:
        ConfigError: It is not a number of jobs.
    """
    if wanted is not None and (type(wanted) is not int or wanted < 1):
        raise ConfigError(
            f"hydra.sweeper.max_batch_size = {wanted}: must be an integer from 1."
        )
    opened = sessions.current()
    plans = opened is not None and opened.request is not None
    return None if plans else wanted


def goes_on() -> bool:
    """Whether another batch may be run: Ctrl-C ends a sweep."""
    opened = sessions.current()
    return opened is None or not opened.interrupted


def require_size(overrides: Sequence[Override], config: DictConfig) -> None:
    """Refuse a sweep that is too large, before its combinations are made.

    Raises:
        ConfigError: Says how large it is, or which key has no values.
    """
    # of two for one key the later counts
    counts = {one.get_key_element(): _values(one) for one in overrides}
    count = math.prod(counts.values())
    repeats, most = _number(config, "repeats"), _number(config, "max_points")
    for override in overrides:  # they may be set by the very command
        if override.key_or_group == "max_points":
            most = _int(override.value(), most)
        if override.key_or_group == "repeats":
            repeats = _int(override.value(), repeats)
    grid.require_size(count, repeats, most)


def _values(override: Override) -> int:
    if not override.is_sweep_override():
        return 1
    if not override.is_discrete_sweep():
        raise ConfigError(
            f"{override.input_line}: an interval has no list of values. Give a list or "
            "range(…), or let a sweeper choose, such as hydra/sweeper=optuna."
        )
    swept = override.value()
    numbers = swept.range() if isinstance(swept, RangeSweep) else None
    if isinstance(numbers, range):
        count = len(numbers)  # of thousands of millions, too
    else:
        count = sum(1 for _ in override.sweep_iterator())
    if count == 0:
        raise ConfigError(
            f"{override.input_line}: sweeps over nothing. Give it a value."
        )
    return count


def _number(config: DictConfig, key: str) -> int:
    return _int(OmegaConf.select(config, key, throw_on_missing=False), 1)


def _int(value: object, default: int) -> int:
    return value if type(value) is int and value > 0 else default


def save(config: DictConfig) -> None:
    """Keep the sweep's configuration where Hydra's folders are asked for."""
    if config.hydra.output_subdir is not None:
        folder = Path(str(config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")


def take_note(returns: Sequence[JobReturn]) -> None:
    """Keep in mind that a job failed under a launcher of someone else's."""
    opened = sessions.current()
    if opened is not None and opened.elsewhere is not None:
        failed = [one for one in returns if one.status != JobStatus.COMPLETED]
        opened.failed_elsewhere += len(failed)
