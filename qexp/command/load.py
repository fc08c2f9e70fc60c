"""Python's way to a sweep that has been run."""

from __future__ import annotations

from qexp.command import loaded
from qexp.findings.sweep import Sweep


def load(sweep: str | None = None, *, tracking_uri: str | None = None) -> Sweep:
    """A sweep that has been run, with its table and what the statistics make of it.

    Args:
        sweep: Its id or the beginning of it, as `python -m qexp status` shows; None is
            the newest of the workspace (`./.qexp`, or `QEXP_HOME`).
        tracking_uri: MLflow's store to read it from, as `tracking.uri`; None reads the
            ledger where that has the sweep, and else the default store.

    Raises:
        ConfigError: There is no such sweep, or several are meant.
        LedgerError: What is kept of it cannot be read.
        TrackingError: MLflow cannot be read.
    """
    return Sweep(loaded.findings(sweep, tracking_uri))
