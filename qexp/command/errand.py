"""What another process has to know of the sweep that its job belongs to."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, dataclass

VARIABLE = "QEXP_PARENT"
"""Environment variable that Hydra sets while it runs a job."""


@dataclass(frozen=True)
class Errand:
    """A sweep that another process has started.

    Attributes:
        run: Its MLflow run.
        experiment: Its MLflow experiment.
        sweep: Its id.
        seed: What every seed that is not set is derived from.
        axes: The keys that vary in it.
        few: Whether it has so few points that all are drawn where it is not said.
    """

    run: str
    experiment: str
    sweep: str
    seed: int
    axes: tuple[str, ...]
    few: bool

    @property
    def text(self) -> str:
        """Letters and digits that neither a shell nor Hydra reads anything into."""
        return base64.b32encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")


def errand() -> Errand | None:
    """The sweep that this process is to work for, None where there is none."""
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    padded = text + "=" * (-len(text) % 8)
    fields = json.loads(base64.b32decode(padded))
    return Errand(**{**fields, "axes": tuple(fields["axes"])})
