"""Scripted faults: what goes wrong, with which requests, how often."""

from __future__ import annotations

import threading
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qexp.errors import ConfigError

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class _Fault(BaseModel):
    """What all faults have.

    Attributes:
        request: The requests that it befalls: a method and a path with `*`, such as
            `POST /runtime/jobs`; `* *` is every request.
        skip: How many of them it spares first.
        times: How many it befalls then; None is all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: Annotated[str, Field(pattern=r"^\S+ \S+$")] = "* *"
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1


class Error(_Fault):
    """The request is answered with an error, and nothing else happens."""

    do: Literal["error"]
    status: Annotated[int, Field(ge=400, le=599)] = 500
    code: int = 9999
    message: str = "Internal error"
    retry_after: int | None = None


class Delay(_Fault):
    """The request is handled later."""

    do: Literal["delay"]
    seconds: Seconds


class DropBefore(_Fault):
    """The connection is dropped; the request is never handled."""

    do: Literal["drop_before"]


class DropAfter(_Fault):
    """The request is handled, and the connection dropped instead of an answer."""

    do: Literal["drop_after"]


class DropThenAccept(_Fault):
    """The connection is dropped, and the request handled some seconds after."""

    do: Literal["drop_then_accept"]
    seconds: Seconds = 1.0


class Truncate(_Fault):
    """The answer breaks off after some bytes of its body; None is half of it."""

    do: Literal["truncate"]
    bytes: Annotated[int, Field(ge=0)] | None = None


class Expire(_Fault):
    """All access tokens expire just before the request."""

    do: Literal["expire"]


class Maintenance(_Fault):
    """From the first such request on, for some seconds, all of them are answered 503."""

    do: Literal["maintenance"]
    seconds: Seconds = 10.0
    times: None = None


Fault = Annotated[
    Error
    | Delay
    | DropBefore
    | DropAfter
    | DropThenAccept
    | Truncate
    | Expire
    | Maintenance,
    Field(discriminator="do"),
]


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid")

    faults: list[Fault]


class Script:
    """The faults of a file, and how far each has come."""

    def __init__(self, faults: list[Fault]) -> None:
        """Begin at the beginning."""
        self._faults = faults
        self._seen = [0] * len(faults)
        self._since: dict[int, float] = {}
        self._lock = threading.Lock()

    def befalling(self, method: str, path: str) -> list[Fault]:
        """The faults that befall a request, in the order of the file."""
        with self._lock:
            return [
                fault
                for place, fault in enumerate(self._faults)
                if _matches(fault, method, path) and self._due(place, fault)
            ]

    def _due(self, place: int, fault: Fault) -> bool:
        self._seen[place] += 1
        number = self._seen[place] - fault.skip
        if number < 1:
            return False
        if isinstance(fault, Maintenance):
            since = self._since.setdefault(place, time.monotonic())
            return time.monotonic() < since + fault.seconds
        return fault.times is None or number <= fault.times


def _matches(fault: Fault, method: str, path: str) -> bool:
    wanted, pattern = fault.request.split()
    return fnmatchcase(method, wanted) and fnmatchcase(path, pattern)


def load(file: Path) -> Script:
    """The faults of a YAML file.

    Raises:
        ConfigError: It cannot be read, or does not describe faults.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Script(_Script.model_validate(content).faults)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"--faults {file}: cannot be read ({error}).") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}"
            for one in error.errors(include_url=False)
        )
        raise ConfigError(f"--faults {file}: {wrong}.") from error
