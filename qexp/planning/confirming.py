"""Fresh repeats of a sweep's best setting: what may be chosen, and what that may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qexp.planning.cell import Cell
from qexp.planning.packing import jobs_of_block, submission
from qexp.planning.plan import Place, Plan, places_of
from qexp.planning.price import price
from qexp.planning.sentinel import sentinel
from qexp.planning.settings import by_setting
from qexp.planning.submission import Submission


@dataclass(frozen=True)
class Fresh:
    """What `confirm` adds to a plan, whichever setting will be the best.

    Attributes:
        repeats: Fresh repeats.
        points: Most points.
        jobs: Most jobs.
        seconds: Most QPU seconds, without compiling; None where they are not known.
    """

    repeats: int
    points: int
    jobs: int
    seconds: float | None


def fresh(planned: Plan) -> Fresh | None:
    """What `confirm` adds to a plan; None where it adds nothing."""
    experiment = planned.first.experiment
    if not experiment.confirm or planned.confirms or not planned.cells:
        return None
    found = [_of_setting(planned, cells) for cells in by_setting(planned.cells)]
    known = [one.seconds for one in found if one.seconds is not None]
    return Fresh(
        experiment.confirm,
        max(one.points for one in found),
        max(one.jobs for one in found),
        max(known) if len(known) == len(found) else None,
    )


def _of_setting(planned: Plan, cells: Sequence[Cell]) -> Fresh:
    """What one setting would add."""
    experiment = planned.first.experiment
    block, times = experiment.repeats, experiment.confirm
    sent: list[Submission] = []
    places: dict[str, Place] = {}
    for items in jobs_of_block(cells, block, planned.seed):
        watch = sentinel(experiment.sentinel, items[0].device, planned.seed)
        sent.append(submission(items, block, len(sent), planned.seed, watch))
        places |= places_of(items, sent[-1])
    alone = replace(planned, places=places, submissions=tuple(sent))
    seconds = price(alone).total
    return Fresh(
        times,
        times * len(places),
        times * len(sent),
        None if seconds is None else times * seconds,
    )


def cells_of(planned: Plan, points: Sequence[str]) -> list[Cell]:
    """The cells of some points of a plan, each once, in the plan's order."""
    wanted = {id(planned.places[point].cell) for point in points}
    return [cell for cell in planned.cells if id(cell) in wanted]
