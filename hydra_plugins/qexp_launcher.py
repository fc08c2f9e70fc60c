"""`hydra/launcher=qexp`: a batch of jobs is one plan.

Hydra imports this in every application of an environment, so it imports nothing but
Hydra until it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

# a mapping: Hydra loads plugins in a way that dataclasses cannot stand
CONFIG = {"_target_": "hydra_plugins.qexp_launcher.QexpLauncher"}

ConfigStore.instance().store(
    group="hydra/launcher", name="qexp", node=CONFIG, provider="qexp"
)


class QexpLauncher(Launcher):
    """Hands a batch to qexp. It does not call the task: it serves qexp's only."""

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Take note of what Hydra composes with."""
        self._context, self._config = hydra_context, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the jobs of a batch."""
        from qexp.command.jobs import launch

        return launch(self._context, self._config, job_overrides, initial_job_idx)
