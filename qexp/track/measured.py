"""A point's run as what was measured, read back from MLflow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from qexp.errors import TrackingError
from qexp.results.reproduced import Measurement
from qexp.track.reader import LoggedRun, Reader


def measurement(reader: Reader, run: LoggedRun) -> Measurement:
    """What was measured of a point, and what that may depend on.

    Args:
        reader: The store.
        run: The point's run.

    Raises:
        TrackingError: It has neither counts nor an error, or they cannot be read.
    """
    error = run.tags.get("qexp.error")
    counts = _json(reader, run, "counts.json")
    if error is None and counts is None:
        raise TrackingError(
            f"run {run.run_id}: has no counts.json in MLflow at {reader.target.shown}, so "
            "there is nothing to compare with. Are its artifacts where they were written?"
        )
    return Measurement(
        params=run.params,
        metrics=run.metrics,
        counts=counts,
        quasi=_json(reader, run, "quasi.json"),
        error=error,
        about=_about(reader, run),
    )


def _json(reader: Reader, run: LoggedRun, path: str) -> Any:
    content = reader.artifact(run.run_id, path)
    try:
        found = None if content is None else json.loads(content)
        if found is not None and not _numbers(found):
            raise ValueError("not a list of mappings to numbers")
    except ValueError as error:
        raise TrackingError(
            f"run {run.run_id}: {path} cannot be read: {error}."
        ) from None
    return found


def _numbers(found: Any) -> bool:
    return isinstance(found, list) and all(
        one is None
        or (
            isinstance(one, dict)
            and all(isinstance(value, int | float) for value in one.values())
        )
        for one in found
    )


def _about(reader: Reader, run: LoggedRun) -> dict[str, str]:
    """Versions, calibration, and the point's identity."""
    content = reader.artifact(run.run_id, "config.yaml") or b""
    try:
        config = yaml.safe_load(content)
    except yaml.YAMLError:
        config = None
    config = config if isinstance(config, dict) else {}
    versions = config.get("versions")
    return {
        **(
            {str(name): str(one) for name, one in versions.items()}
            if isinstance(versions, dict)
            else {}
        ),
        "calibration": run.tags.get("qexp.calibration", ""),
        "point": run.tags.get("qexp.point", ""),
        **dict(_flat("identity", config.get("point"))),
    }


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif value is not None:
        yield key, str(value)
