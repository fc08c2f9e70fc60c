"""Where a workspace is."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "QEXP_HOME"
"""Environment variable with the folder of the workspace; unset it is `./.qexp`."""


def home() -> Path:
    """The folder of the workspace, whether it is there or not."""
    return Path(os.environ.get(VARIABLE) or ".qexp").absolute()
