"""What a program makes of a job: what is run, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qiskit import QuantumCircuit

from qexp.emulator.job import Job
from qexp.emulator.settings import Settings
from qexp.emulator.shelf import Offered
from qexp.planning.submission import Submission

Json = dict[str, Any]
Answers = Sequence[Json]
"""Those of the embedded service to a submission's parts, in their order."""


@dataclass(frozen=True)
class Tools:
    """What a program needs beside the job.

    Attributes:
        read: Reads circuits where nothing is lost if that goes astray.
        settings: The emulator's settings.
    """

    read: Callable[[Any], list[QuantumCircuit]]
    settings: Settings


@dataclass(frozen=True)
class Execution:
    """A job that can be run.

    Attributes:
        submission: What the embedded service runs.
        finish: From its answers, and the seconds that they took here, to the job's
            result, and to its QPU seconds by qexp's model (None where unknown). Raises
            TimeoutError where the job took longer than it may.
        notes: What a person may want to know.
    """

    submission: Submission
    finish: Callable[[Answers, float], tuple[bytes, float | None]]
    notes: list[str] = field(default_factory=list)


Program = Callable[[Job, Offered, Tools], Execution]
"""Makes an execution of a job, or raises why there is none."""
