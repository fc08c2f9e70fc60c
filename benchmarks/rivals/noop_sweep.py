"""Hydra over qexp's own YAML, with a task that does nothing."""

from __future__ import annotations

import hydra
from omegaconf import DictConfig

from qexp import userconf

PLAIN = [
    "hydra/launcher=basic",
    "hydra/sweeper=basic",
    "~hydra.callbacks.qexp",
    "hydra.output_subdir=null",
]
"""What makes of qexp's configuration one of Hydra's alone."""


@hydra.main(
    version_base="1.3", config_path=str(userconf.built_in()), config_name="qexp"
)
def nothing(config: DictConfig) -> None:
    """Do nothing: it is Hydra's own time that counts."""


if __name__ == "__main__":
    nothing()
