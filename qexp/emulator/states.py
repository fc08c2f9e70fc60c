"""The states of a job."""

from __future__ import annotations

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED, TOO_LONG = (
    "Queued",
    "Running",
    "Completed",
    "Failed",
    "Cancelled",
    "Cancelled - Ran too long",
)
"""The states of a job, as they are served."""

OPEN = (QUEUED, RUNNING)
"""Those of a job that has not ended."""
