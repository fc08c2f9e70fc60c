"""Devices that a service has told of, kept in the workspace.

A device of today's service has a calibration that changes by the hour, so what is known
of it is no part of qexp: it is fetched, and kept here with the moment of that.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qexp.home import home

FOLDER = "devices"

LISTED = "listed.json"
"""The file with the devices that the service has."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)

Json = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What a service has told of a device.

    Attributes:
        name: Its name.
        fetched: When, in seconds since 1970.
        configuration: As served.
        properties: As served; None where it has no calibration.
    """

    name: str
    fetched: float
    configuration: Json
    properties: Json | None

    @property
    def age(self) -> float:
        """Seconds since it was told."""
        return max(0.0, time.time() - self.fetched)


def folder() -> Path:
    """Where it is kept."""
    return home() / FOLDER


def file_of(name: str) -> Path | None:
    """Where a device is kept, or would be; None for what is no name of a device."""
    return folder() / f"{name}.json" if _NAME.fullmatch(name) else None


def known(name: str) -> Known | None:
    """What is known of a device; None where nothing is."""
    file = file_of(name)
    content = None if file is None else _read(file)
    try:
        return None if content is None else Known(name, **content)
    except TypeError:  # it was written by another version
        return None


def keep(one: Known) -> None:
    """Keep what a service told of a device."""
    file = file_of(one.name)
    if file is not None:
        content = {
            "fetched": one.fetched,
            "configuration": one.configuration,
            "properties": one.properties,
        }
        _write(file, content)


def keep_list(devices: list[Json]) -> None:
    """Keep which devices a service has, each with its `name`."""
    _write(folder() / LISTED, {"fetched": time.time(), "devices": devices})


def names() -> list[str]:
    """The devices that the service had when it was last asked, sorted."""
    content = _read(folder() / LISTED) or {}
    listed = content.get("devices")
    found = [one.get("name") for one in listed or () if isinstance(one, dict)]
    return sorted(one for one in found if isinstance(one, str) and _NAME.fullmatch(one))


def _read(file: Path) -> Json | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write(file: Path, content: Json) -> None:
    """Write a file as a whole; what is kept here can be asked for again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f"{file.name}.{os.getpid()}")
        aside.write_text(json.dumps(content), encoding="utf-8")
        aside.replace(file)
    except OSError:
        return
