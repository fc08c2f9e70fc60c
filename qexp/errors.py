"""Every exception that qexp raises on purpose.

    QexpError
    ├── ConfigError       what was asked for cannot be run as it is written
    ├── ServiceError      a service did not do what was asked
    ├── PointFailed       one point could not be compiled or run; the others go on
    ├── LedgerError       what was sent and got cannot be written down, or be read
    └── TrackingError     MLflow is not there, or refuses

``exit_status`` is what the process returns when the error reaches the command line:
2 where nothing has been run, 1 where something has.
"""

from __future__ import annotations


class QexpError(Exception):
    """A failure with a message for the person at the keyboard."""

    exit_status = 1


class ConfigError(QexpError):
    """What was asked for cannot be run as it is written; nothing has been run."""

    exit_status = 2


class ServiceError(QexpError):
    """A service is not there, refused, or answered with something unusable."""


class PointFailed(QexpError):
    """One point could not be compiled or run; the message says why."""


class LedgerError(QexpError):
    """The ledger cannot be written or read; what was written before is not lost."""


class TrackingError(QexpError):
    """MLflow cannot be reached or refuses what it is given; nothing has been run."""

    exit_status = 2
