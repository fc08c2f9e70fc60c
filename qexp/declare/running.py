"""How a sweep is run: what is logged where, gone on with, spent, and watched."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from qexp.declare.model import Model

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Tracking(Model):
    """Where results go: an MLflow tracking server or database."""

    kind: Literal["mlflow"] = "mlflow"

    uri: str | None = None
    """MLflow tracking URI. Unset: `MLFLOW_TRACKING_URI`, else `sqlite:///mlflow.db` in
    the current folder."""

    pictures: Literal["auto", "all", "summary", "none"] = "auto"
    """Which pictures are drawn: `all`; `summary`, without those of single circuits;
    `none`. `auto`: all of up to 16 points, else summary."""

    predict: bool = False
    """Whether the device twin runs what a device has run, with the calibration that was in
    force: its scores are logged as `<metric>_twin`, and measured minus twin as
    `<metric>_gap`. Nothing is predicted of points that the twin itself runs."""


class Resume(Model):
    """What is done where the workspace knows the sweep already."""

    mode: Literal["auto", "always", "never"] = "auto"
    """`auto`: an unfinished sweep of the same points goes on; a new one is started after
    one that is complete. `always`: points that were measured before, in any sweep of the
    workspace, are used again and not run. `never`: everything is run anew."""

    max_age: Seconds | None = None
    """With `always`, on a device: how old such a measurement may be, in seconds. Unset: it
    must be of the calibration that the device has now."""


class Budget(Model):
    """What a sweep may cost. It is refused before the first job, or pauses."""

    quantum_seconds: Seconds | None = None
    """Most QPU time, in seconds."""

    jobs: Annotated[int, Field(ge=1)] | None = None
    """Most jobs."""


def _watching(name: str) -> str:
    if not re.fullmatch(r"none|readout|ghz-([2-9]|1[0-2])", name):
        raise ValueError("must be none, readout, or ghz-2 to ghz-12")
    return name


Watch = Annotated[str, AfterValidator(_watching)]
