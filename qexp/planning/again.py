"""One point of a plan of earlier, to be measured once more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from qexp.declare.config import Experiment, LocalService
from qexp.declare.read import with_values
from qexp.declare.running import Budget, Resume, Tracking
from qexp.errors import ConfigError
from qexp.planning.cell import Cell, make_point
from qexp.planning.checks import problems
from qexp.planning.plan import Plan, plan
from qexp.planning.point import Point
from qexp.planning.recorded import Cells, Read


@dataclass(frozen=True)
class Found:
    """A point of a frozen plan.

    Attributes:
        cell: Its cell, from the record alone.
        repeat: Number of the repeat, from 0.
        seed: The seed of the plan.
    """

    cell: Cell
    repeat: int
    seed: int

    @property
    def refused(self) -> tuple[str, ...]:
        """Why it cannot be run, by the checks of today; empty where it can."""
        device, built, _ = self.cell.ready
        experiment = self.cell.experiment
        found = problems(experiment.options, device, experiment.service, built)
        return tuple(str(problem) for problem in found)


def find(content: bytes, point: str, read: Read) -> Found:
    """A point of a frozen plan, its circuits and its device as they were.

    Args:
        content: The plan, as `qexp.planning.frozen.freeze` wrote it.
        point: The point's id.
        read: Reads the circuits, which somebody else may have written.

    Raises:
        ConfigError: It has no such point, or cannot be made again; says why.
    """
    try:
        frozen = json.loads(content)
        for one in frozen["cells"]:
            if point in one["points"]:
                cell = Cells(frozen, read).make(one)
                return Found(cell, int(one["points"][point]), int(frozen["seed"]))
    except (AttributeError, KeyError, TypeError, ValueError, ConfigError) as error:
        raise ConfigError(
            f"frozen.json: point {point} cannot be made again from it "
            f"({type(error).__name__}: {error})."
        ) from error
    raise ConfigError(f"frozen.json: has no point {point}.")


def once_more(found: Found, values: Mapping[str, str]) -> Experiment:
    """What is declared of a point that is measured again, by itself.

    Repeats, the budget and the sentinels were the sweep's. On a device a sentinel may be
    what prepares the qubits of the circuit that comes after it, so there it stays.

    Args:
        found: The point.
        values: What is to be different, by key, written as in YAML.

    Raises:
        ConfigError: A key, a type or a value is wrong.
    """
    then = found.cell.experiment
    alone = isinstance(then.service, LocalService)
    now = then.model_copy(
        update={
            "tracking": Tracking(pictures=then.tracking.pictures),
            "budget": Budget(),
            "resume": Resume(),
            "wait": True,
            "repeats": max(then.repeats, found.repeat + 1),
            "confirm": 0,
            "on_unsure": "stop",
            "sentinel": "none" if alone else then.sentinel,
        }
    )
    return with_values(now, values)


def again(
    found: Found, experiment: Experiment, *, seed: int, name: str, reproduces: str
) -> Plan:
    """The plan in which a point is measured again, by itself.

    Args:
        found: The point.
        experiment: What is declared of it.
        seed: What its seeds are drawn from.
        name: The MLflow experiment.
        reproduces: The MLflow run of the point.
    """
    device, built, _ = found.cell.ready
    cell = replace(
        found.cell,
        experiment=experiment,
        point=make_point(experiment, device, built),
        problems=(),
    )
    point = of_repeat(cell, found.repeat)
    made = plan([cell], swept=False, seed=seed, part=True, only={point.id})
    return replace(made, name=name, reproduces=reproduces)


def of_repeat(cell: Cell, repeat: int) -> Point:
    """A cell's point of a repeat."""
    return replace(cell.ready[2], repeat=repeat)
