"""What an emulator is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

HUB, GROUP, PROJECT = "ibm-q", "open", "main"
"""The one provider that every token has."""

LEAST = 8
"""Fewest characters of an API token."""


@dataclass(frozen=True)
class Settings:
    """Settings of one emulator.

    Attributes:
        host: Address to listen at.
        port: Port; 0 is one that is free.
        data: Folder of the database and of the token.
        tokens: API tokens that may log in; empty for one that is made and kept.
        workers: Most processes that simulate.
        noise: The embedded service's noise mode.
        speed: `fast`, or `device` for queue and execution times as on a device.
        faults: File of scripted faults.
        job_limit: Most jobs of a token on one backend that are not finished.
        queue_limit: Most jobs of all tokens that are not finished.
        request_bytes: Most bytes of a request.
        token_ttl: Seconds for which an access token is good.
        jwt_ttl: Seconds for which the platform's access token is good.
        submissions_per_minute: Most jobs that a key may submit to the platform in a
            minute; None is any number.
        usage_limit: QPU seconds that a key may use on the platform in 28 days; None is
            any number.
        qpy_helper: Path of a Python with a qiskit that reads newer QPY than terra.
        job_seconds: Seconds of running after which a job is ended.
        job_memory: Most MiB that each worker may take for jobs; None is three quarters
            of the machine's memory, divided by the workers.
        seconds: Seconds after which the emulator stops; None is never.
        show_token: Whether the token is printed, and not only where it is.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = field(default_factory=lambda: Path(".qexp/emulator"))
    tokens: tuple[str, ...] = ()
    workers: int = 1
    noise: Literal["device", "aer", "ideal"] = "device"
    speed: Literal["fast", "device"] = "fast"
    faults: Path | None = None
    job_limit: int = 5
    queue_limit: int = 1000
    request_bytes: int = 50 * 2**20
    token_ttl: float = 1_209_600
    jwt_ttl: float = 3600
    submissions_per_minute: int | None = None
    usage_limit: float | None = None
    qpy_helper: Path | None = None
    job_seconds: float = 14_400
    job_memory: int | None = None
    seconds: float | None = None
    show_token: bool = False
