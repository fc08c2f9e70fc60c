"""`hydra/sweeper=qexp`: Hydra's basic sweeper, whose batches all run.

Hydra's own stops at the first job that failed. Hydra imports this in every application
of an environment, so it imports nothing but Hydra until it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn

# the settings of Hydra's basic sweeper; a mapping, because Hydra loads plugins in a way
# that dataclasses cannot stand
CONFIG = {
    "_target_": "hydra_plugins.qexp_sweeper.QexpSweeper",
    "max_batch_size": None,
    "params": None,
}

ConfigStore.instance().store(
    group="hydra/sweeper", name="qexp", node=CONFIG, provider="qexp"
)


class QexpSweeper(BasicSweeper):
    """All combinations of the values given, in batches of `max_batch_size`."""

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Run every batch, whatever became of those before it."""
        from qexp.command import jobs, sweeping

        sweeping.require_session()
        assert self.hydra_context is not None
        assert self.config is not None
        assert self.launcher is not None
        parser = OverridesParser.create(self.hydra_context.config_loader)
        overrides: list[Any] = parser.parse_overrides(self._parse_config() + arguments)
        sweeping.require_size(overrides, self.config)
        size = sweeping.batch_size(self.max_batch_size)
        batches = self.overrides = self.split_arguments(overrides, size)
        jobs.rehearse(self.hydra_context, self.config, batches)
        sweeping.save(self.config)
        returns: list[Sequence[JobReturn]] = []
        while not self.is_done() and sweeping.goes_on():
            first = sum(map(len, returns))
            batch = self.get_job_batch()
            returns.append(self.launcher.launch(batch, initial_job_idx=first))
            sweeping.take_note(returns[-1])
        return returns
