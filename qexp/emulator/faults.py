"""Scripted faults: what goes wrong, with which requests, how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

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
    retry_after: Annotated[int, Field(ge=0)] | None = None


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
    except OSError as error:
        raise ConfigError(f"--faults {file}: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"--faults {file}: not YAML ({error}).") from error
    try:
        return Script(_Script.model_validate(content).faults)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        wrong = "\n".join(f"--faults {file}: {_line(one)}" for one in problems)
        raise ConfigError(wrong) from error


_KINDS: dict[str, type[_Fault]] = {
    get_args(one.model_fields["do"].annotation)[0]: one
    for one in get_args(get_args(Fault)[0])
}
"""The kinds of fault, by `do`."""


def _line(problem: Any) -> str:
    """What is wrong with a key: its path and value, and what is allowed."""
    kind, where = problem["type"], [*problem["loc"]]
    fault = _KINDS.get(str(where[2])) if len(where) > 2 else None
    if fault is not None:
        del where[2]  # pydantic puts the kind of fault in
    path = _path(where)
    value = _shown(problem["input"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        given = problem["input"].get("do", "not set")
        return f"{path}.do = {given}: must be one of {', '.join(_KINDS)}."
    if kind == "extra_forbidden":
        known = ["faults"] if fault is None else sorted(fault.model_fields)
        return f"{path} = {value}: no such key. Allowed: {', '.join(known)}."
    if kind == "missing":
        return f"{path}: not set."
    if kind.startswith("model"):
        what = (
            "faults: [{request: …, do: …}, …]" if not where else "{request: …, do: …}"
        )
        return f"{path} = {value}: must be a mapping, {what}."
    if kind == "string_pattern_mismatch":
        wanted = "must be a method and a path, such as POST /runtime/jobs or * *"
        return f"{path} = {value}: {wanted}."
    reason = problem["msg"].replace("Input should", "must").partition(",")[0]
    if fault is not None and kind in ("greater_than_equal", "less_than_equal"):
        reason = _range(fault, str(where[-1]))
    return f"{path} = {value}: {reason}."


def _range(fault: type[_Fault], key: str) -> str:
    field = fault.model_json_schema()["properties"][key]
    (bounds,) = [one for one in field.get("anyOf", [field]) if "minimum" in one]
    low = f"{bounds['minimum']:g}"
    if "maximum" not in bounds:
        return f"must be at least {low}"
    return f"must be from {low} to {bounds['maximum']:g}"


def _path(where: Sequence[int | str]) -> str:
    steps = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in where]
    return "".join(steps).lstrip(".") or "the file"


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
