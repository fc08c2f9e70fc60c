"""Which cells of a sweep are run, recorded as failed, or left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qexp.declare.config import Experiment
from qexp.errors import ConfigError
from qexp.planning.cell import Cell
from qexp.planning.wording import cannot, shown

OF_ALL = (
    "repeats",
    "confirm",
    "seed",
    "sentinel",
    "share_identical",
    "optimize",
    "optimize_failed",
    "max_points",
    "resume",
    "budget",
    "wait",
    "on_unsure",
)
"""Keys that are one for a whole sweep, whatever its cells are."""


def require_one_sweep(cells: Sequence[Cell]) -> None:
    """Refuse cells that disagree about the sweep that they are in.

    Raises:
        ConfigError: Names the key.
    """
    for key in OF_ALL:
        values = dict.fromkeys(getattr(cell.experiment, key) for cell in cells)
        if len(values) > 1:
            several = ", ".join(map(shown, values))
            raise ConfigError(
                f"{key}: {several} in different cells, but it is one for a whole sweep. "
                f"Set {key}=… for all of them, or run them as sweeps of their own."
            )
    if len({cell.experiment.tracking for cell in cells}) > 1:
        raise ConfigError("tracking: differs between cells; set it for all of them.")


def sorted_out(
    cells: Sequence[Cell],
) -> tuple[list[Cell], list[Cell], list[Cell], int]:
    """Cells to run, to record as failed, to leave out, and how many are doubles."""
    unique: dict[str, Cell] = {}
    invalid: dict[Any, Cell] = {}
    dropped: list[Cell] = []
    runnable = 0
    for cell in cells:
        if not cell.problems:
            assert cell.point is not None
            unique.setdefault(cell.point.id, cell)
            runnable += 1
        elif is_dropped(cell):
            dropped.append(cell)
        else:
            key = cell.point.id if cell.point else tuple(cell.labels.items())
            invalid.setdefault(str(key), cell)
    return (
        list(unique.values()),
        list(invalid.values()),
        dropped,
        runnable - len(unique),
    )


def is_dropped(cell: Cell) -> bool:
    """Whether a cell is left out where it cannot be run."""
    return on_invalid(cell.experiment) == "drop"


def on_invalid(experiment: Experiment) -> str:
    """What to do with a cell that cannot be run, where it is not said as well."""
    paid = experiment.service.kind != "local"
    return experiment.on_invalid or ("stop" if paid else "fail_cell")


def require_runnable(
    unique: list[Cell],
    invalid: list[Cell],
    dropped: list[Cell],
    *,
    swept: bool,
    part: bool,
) -> None:
    """Refuse a sweep of which nothing can be run, or something must not lack.

    Args:
        unique: The cells that can be run.
        invalid: Those that cannot, and would be recorded as failed.
        dropped: Those that cannot, and would be left out.
        swept: Whether a sweep was asked for; a single point that cannot be run is an
            error.
        part: Whether there are other cells, which may be run.

    Raises:
        ConfigError: Says why.
    """
    bad = [*invalid, *dropped]
    if not swept and bad:
        raise ConfigError("\n".join(bad[0].problems))
    stopped = [one for one in invalid if on_invalid(one.experiment) == "stop"]
    if stopped:
        raise ConfigError(
            f"{cannot(stopped)}\nNothing was run. on_invalid=fail_cell records such cells "
            "as FAILED and runs the others; on_invalid=drop leaves them out."
        )
    if not unique and not part:
        raise ConfigError(f"{cannot(bad)}\nNo cell is left to run.")


def require_one_service(cells: Sequence[Cell]) -> None:
    """Refuse cells of different services: a command is run by one of them."""
    inside = {"noise", "workers", "executor", "scheduler", "compile", "twin"}
    found = {
        json.dumps(service.model_dump(exclude=inside), sort_keys=True): service.kind
        for service in (cell.experiment.service for cell in cells)
    }
    if len(found) > 1:
        kinds = ", ".join(dict.fromkeys(found.values()))
        raise ConfigError(
            f"service = {kinds}: a sweep is run by one service, under one account. Run one "
            "command for each."
        )
