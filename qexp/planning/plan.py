"""The plan of a sweep: which points, in which blocks, in which jobs, in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from qexp.declare.config import Experiment
from qexp.errors import ConfigError
from qexp.planning import seeds
from qexp.planning.admitted import (
    require_one_service,
    require_one_sweep,
    require_runnable,
    sorted_out,
)
from qexp.planning.cell import Cell
from qexp.planning.packing import Item, jobs_of_block, submission
from qexp.planning.point import Point
from qexp.planning.seeds import Seeds
from qexp.planning.sentinel import Sentinel, sentinel
from qexp.planning.settings import require_choice
from qexp.planning.submission import Submission
from qexp.planning.wording import cannot, count


@dataclass(frozen=True, slots=True)
class Place:
    """A point, and where it stands in the plan.

    Attributes:
        cell: The cell that it is a repeat of.
        point: The point.
        seeds: Its seeds.
        block: Number of its block, from 0: its repeat.
        submission: Id of its submission.
        job: Number of its job in the plan, from 0.
        position: Its place in the job, from 0.
        company: Circuits of the job, its own and sentinels' included.
        confirms: The metric by which its setting was the best, where it is a fresh repeat
            of that; else empty.
    """

    cell: Cell
    point: Point
    seeds: Seeds
    block: int
    submission: str
    job: int
    position: int
    company: int
    confirms: str = ""


@dataclass(frozen=True)
class Plan:
    """What will be run.

    Attributes:
        id: Twelve hexadecimal digits that name the sweep.
        name: The MLflow experiment.
        seed: What every seed that is not set is derived from.
        swept: Whether a sweep was asked for.
        cells: The cells that can be run, each once.
        invalid: The cells that cannot, and are recorded as FAILED.
        dropped: The cells that cannot, and are left out.
        duplicates: How many cells were the same point as another.
        places: Every point by its id, in the order in which points travel.
        submissions: What is sent, in order.
        sentinels: What opens and closes each submission, by submission id.
        asked: For each job of Hydra's the ids of its cells' points of the first repeat,
            None for a cell that has no point.
        notes: What a person should know.
        reproduces: The MLflow run whose point is measured again, or None.
        confirms: The metric by which its setting was the best, where it is of fresh
            repeats of that; else empty.
    """

    id: str
    name: str
    seed: int
    swept: bool
    cells: tuple[Cell, ...]
    invalid: tuple[Cell, ...]
    dropped: tuple[Cell, ...]
    duplicates: int
    places: Mapping[str, Place]
    submissions: tuple[Submission, ...]
    sentinels: Mapping[str, Sentinel]
    asked: Mapping[int, tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    reproduces: str | None = None
    confirms: str = ""

    @property
    def repeats(self) -> int:
        """Number of blocks, without those that confirm."""
        fresh = {one.block for one in self.places.values() if one.confirms}
        return len({one.block for one in self.submissions} - fresh)

    @cached_property
    def paid(self) -> bool:
        """Whether it is run by a service that is not this machine."""
        return any(one.service.kind != "local" for one in self.submissions)

    @property
    def first(self) -> Cell:
        """The first cell, for what all have in common."""
        return next(chain(self.cells, self.invalid, self.dropped))


def plan(
    cells: Sequence[Cell],
    *,
    swept: bool,
    seed: int | None = None,
    known: Collection[str] = (),
    notes: Sequence[str] = (),
    part: bool = False,
    start: int = 0,
    only: Collection[str] | None = None,
    confirms: str = "",
) -> Plan:
    """Plan cells as a whole.

    Args:
        cells: All cells, in the order in which they were declared.
        swept: Whether a sweep was asked for, be it of one cell.
        seed: The sweep's seed, where it is the experiment's own or drawn before.
        known: Ids of points that the same command has run before.
        notes: Remarks on how the cells came about.
        part: Whether these are some cells of a sweep only, so that others may be run
            where none of these can be.
        start: Number of the first job: how many the same command has planned before.
        only: Ids of the points that are to be run; None is all.
        confirms: The metric by which these cells are the best, where they are to be run on
            fresh repeats; else empty.

    Raises:
        ConfigError: Nothing of it can be run, or must not be while some of it cannot.
    """
    experiment = cells[0].experiment
    require_one_sweep(cells)
    require_one_service(cells)
    unique, invalid, dropped, doubles = sorted_out(cells)
    require_runnable(unique, invalid, dropped, swept=swept, part=part)
    if not part:
        require_choice(unique)
    unique = [cell for cell in unique if cell.ready[2].id not in known]
    sweep_seed = seeds.sweep_seed(experiment.seed if seed is None else seed)
    places: dict[str, Place] = {}
    submissions: list[Submission] = []
    sentinels: dict[str, Sentinel] = {}
    for block in _blocks(experiment, fresh=bool(confirms)):
        for items in jobs_of_block(unique, block, sweep_seed, _chooser(only)):
            watch = sentinel(experiment.sentinel, items[0].device, sweep_seed)
            number = start + len(submissions)
            sent = submission(items, block, number, sweep_seed, watch)
            submissions.append(sent)
            if watch is not None:
                sentinels[sent.id] = watch
            places |= places_of(items, sent, confirms)
    name = experiment_name(cells)
    return Plan(
        id=sweep_id(name, [place.point for place in places.values()]),
        name=name,
        seed=sweep_seed,
        swept=swept,
        cells=tuple(unique),
        invalid=tuple(invalid),
        dropped=tuple(dropped),
        duplicates=doubles,
        places=places,
        submissions=tuple(submissions),
        sentinels=sentinels,
        asked=_asked(cells),
        notes=(*notes, *_remarks(doubles, dropped)),
        confirms=confirms,
    )


def _blocks(experiment: Experiment, *, fresh: bool) -> range:
    """The sweep's own blocks, or those after them that confirm."""
    own = experiment.repeats
    return range(own, own + experiment.confirm) if fresh else range(own)


def _chooser(only: Collection[str] | None) -> Callable[[str], bool]:
    if only is None:
        return lambda point: True
    return frozenset(only).__contains__


def places_of(
    items: Sequence[Item], sent: Submission, confirms: str = ""
) -> dict[str, Place]:
    """Where the points of a job stand, by their ids."""
    return {
        item.point.id: Place(
            cell=item.cell,
            point=item.point,
            seeds=item.seeds,
            block=sent.block,
            submission=sent.id,
            job=sent.number,
            position=position,
            company=sent.size,
            confirms=confirms,
        )
        for position, item in enumerate(items)
    }


def _asked(cells: Sequence[Cell]) -> dict[int, tuple[Cell, ...]]:
    asked: dict[int, list[Cell]] = {}
    for cell in cells:
        asked.setdefault(cell.job, []).append(cell)
    return {job: tuple(found) for job, found in asked.items()}


def _remarks(doubles: int, dropped: Sequence[Cell]) -> list[str]:
    remarks = []
    if doubles:
        verb = (
            "is the same point as another and is"
            if doubles == 1
            else ("are the same points as others and are")
        )
        remarks.append(f"{count(doubles, 'cell')} {verb} not run again")
    if dropped:
        remarks.append(f"{count(len(dropped), 'cell')} dropped:\n{cannot(dropped)}")
    return remarks


def experiment_name(cells: Sequence[Cell]) -> str:
    """The MLflow experiment of a sweep: the cells' name, or their names joined."""
    names = list(dict.fromkeys(cell.experiment.name for cell in cells))
    joined = "+".join(names)
    if len(joined) > 500:
        raise ConfigError(
            f"name: the sweep has {len(names)} names, which are too long for one MLflow "
            "experiment. Set name=…"
        )
    return joined


def sweep_id(name: str, points: Sequence[Point]) -> str:
    """Twelve hexadecimal digits that name a sweep: MLflow experiment, services, points."""
    kinds = sorted({point.service.kind for point in points})
    parts = [name, *kinds, *sorted(point.id for point in points)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
