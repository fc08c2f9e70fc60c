"""The verb `status`: how far the sweeps of the workspace are. It only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qexp.errors import ConfigError, QexpError
from qexp.ledger.overview import LATEST, overview
from qexp.ledger.workspace import LEDGER, begun, home
from qexp.shown.screen import Screen

FLAGS = ("--json", "--all")

LISTED = 100
"""Jobs of a sweep that are listed where not all are asked for."""

OVER = ("got", "cancelled")


def main(arguments: Sequence[str]) -> int:
    """Run the verb.

    Args:
        arguments: What follows it.

    Returns:
        The exit status.
    """
    screen = Screen()
    try:
        _show(arguments, screen)
    except QexpError as error:
        screen.error(str(error))
        return error.exit_status
    return 0


def _show(arguments: Sequence[str], screen: Screen) -> None:
    names, flags = _split(arguments)
    folder = home()
    there = (folder / LEDGER).exists() or bool(begun(folder))
    name = next(iter(names), None)
    found = overview(folder, name, all_="--all" in flags)
    if "--json" in flags:
        content = {"workspace": str(folder) if there else None, "sweeps": found}
        screen.line(json.dumps(content, indent=2))
    elif not there:
        screen.line(f"no workspace in {folder}: nothing was run here.")
    elif not found:
        screen.line(f"{folder}: no sweeps.")
    elif name is not None:
        _one(found[0], screen, every="--all" in flags)
    else:
        _list(found, screen, every="--all" in flags)


def _split(arguments: Sequence[str]) -> tuple[list[str], set[str]]:
    names = [one for one in arguments if not one.startswith("-")]
    flags = set(arguments) - set(names)
    for flag in sorted(flags - set(FLAGS)):
        raise ConfigError(f"{flag}: no such flag. status takes {', '.join(FLAGS)}.")
    if len(names) > 1 or any("=" in name for name in names):
        raise ConfigError(
            f"status takes at most one sweep, not {' '.join(names)}: "
            "python -m qexp status [SWEEP] [--json] [--all]."
        )
    return names, flags


def _list(found: Sequence[Mapping[str, Any]], screen: Screen, *, every: bool) -> None:
    columns = ("sweep", "experiment", "state", "points", "jobs", "age", "QPU", "next")
    screen.table(columns, [_row(sweep) for sweep in found])
    if len(found) == LATEST and not every:
        screen.line(f"the latest {LATEST}; --all lists all there are")


def _row(sweep: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        sweep["id"],
        sweep["name"],
        state(sweep),
        counts(sweep["points"]) + _unlogged(sweep),
        counts(sweep["jobs"]) + _said(sweep),
        age(sweep["age_seconds"]),
        used(sweep["quantum_seconds"]),
        sweep["next"] or "",
    )


def _one(sweep: Mapping[str, Any], screen: Screen, *, every: bool) -> None:
    lines = {
        "sweep": f"{sweep['id']}  {sweep['name']} ({sweep['service']})",
        "state": state(sweep),
        "points": counts(sweep["points"]) + _unlogged(sweep),
        "jobs": counts(sweep["jobs"]) + _said(sweep),
        "age": age(sweep["age_seconds"]),
        "QPU": used(sweep["quantum_seconds"]),
        "next": sweep["next"] or "",
    }
    for name, text in lines.items():
        if text:
            screen.line(f"{name:<8}{text}")
    screen.line()
    columns = ("submission", "state", "job", "device", "circuits", "age", "QPU")
    jobs = sweep["submissions"]
    if not every:  # those that are over come last, and may be left out
        jobs = sorted(jobs, key=lambda job: job["state"] in OVER)[:LISTED]
    screen.table(columns, [_job(job) for job in jobs])
    left = len(sweep["submissions"]) - len(jobs)
    if left:
        screen.line(f"and {left} more; --all lists them")


def _job(job: Mapping[str, Any]) -> tuple[str, ...]:
    details = "".join(f", {key} {value}" for key, value in job["details"].items())
    seconds = job["used_seconds"]
    return (
        job["id"],
        job["state"] + details,
        job["job"] or "",
        job["device"],
        str(job["circuits"]),
        "" if job["age_seconds"] is None else age(job["age_seconds"]),
        "" if seconds is None else f"{seconds:.3g} s",
    )


def state(sweep: Mapping[str, Any]) -> str:
    """A sweep's state in words."""
    if sweep["state"] != "running":
        return str(sweep["state"])
    if sweep["process"] is None:
        return "running"
    return f"running by process {sweep['process']} on {sweep['host']}"


def counts(by_state: Mapping[str, int]) -> str:
    """How many there are in each state, without those that have none."""
    return ", ".join(f"{n} {state}" for state, n in by_state.items() if n) or "none"


def _unlogged(sweep: Mapping[str, Any]) -> str:
    return f" ({sweep['unlogged']} not in MLflow)" if sweep["unlogged"] else ""


def _said(sweep: Mapping[str, Any]) -> str:
    said = counts(sweep["said"])
    return f" (the service last said: {said})" if sweep["said"] else ""


def used(seconds: Mapping[str, float] | None) -> str:
    """QPU time; what the service has not reported is the plan's, and says so."""
    if seconds is None:
        return ""
    reported, planned = seconds["reported"], seconds["planned"]
    if not planned:
        return f"{reported:.3g} s"
    by_plan = f"{planned:.3g} s by the plan"
    return f"{reported:.3g} s + {by_plan}" if reported else by_plan


def age(seconds: float) -> str:
    """A time in its largest unit, rounded down."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
