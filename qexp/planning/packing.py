"""Which points share a job, and what a job is sent with."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qexp.circuits import Built
from qexp.declare.options import DEFAULT_SHOTS
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.planning import seeds
from qexp.planning.cell import Cell
from qexp.planning.limits import COMPILE, Limits, limits
from qexp.planning.point import Point
from qexp.planning.seeds import Seeds, derive
from qexp.planning.sentinel import Sentinel, sentinel
from qexp.planning.submission import Part, Submission

SHARED = 1024
"""Compilations that are remembered while points are packed."""


@dataclass(frozen=True)
class Item:
    """A point that is to be packed, its cell and its seeds."""

    cell: Cell
    point: Point
    seeds: Seeds

    @property
    def device(self) -> Device:
        """The device."""
        return self.cell.ready[0]

    @property
    def built(self) -> Built:
        """The circuits."""
        return self.cell.ready[1]


def jobs_of_block(
    cells: Sequence[Cell],
    block: int,
    seed: int,
    wanted: Callable[[str], bool] = lambda point: True,
) -> list[list[Item]]:
    """The jobs of one complete block: cells in random order, packed, jobs shuffled.

    The jobs' settings of every second block come in the reverse order of the block before,
    so that a steady drift takes from one block what it gave in the other.

    Args:
        cells: The cells.
        block: Number of the block.
        seed: The sweep's seed.
        wanted: Whether a point is to be run, by its id.
    """
    rng = np.random.default_rng(derive(seed, f"order-{block}"))
    groups: dict[str, list[Item]] = {}
    first: dict[str, int] = {}
    for number in rng.permutation(len(cells)).tolist():
        cell = cells[number]
        drawn = seeds.draw(seed, cell.experiment.options, block)
        item = Item(cell, _repeat(cell, block), drawn)
        key = _group(item)
        first[key] = min(first.get(key, number), number)
        if wanted(item.point.id):
            groups.setdefault(key, []).append(item)
    packed = {
        _time(seed, block // 2, first[key], k): job
        for key, group in groups.items()
        for k, job in enumerate(_chunks(group))
    }
    return [packed[time] for time in sorted(packed, reverse=block % 2 == 1)]


def _time(seed: int, pair: int, group: int, chunk: int) -> tuple[int, int, int]:
    """What jobs of two blocks are sorted by: random, and the same in both.

    Args:
        seed: The sweep's seed.
        pair: Number of the two blocks.
        group: Number of the first cell with what the job's points have in common: that is
            the same in all blocks, other than their seeds.
        chunk: Number of the job among those with it.
    """
    return derive(seed, f"job-{pair}-{group}-{chunk}"), group, chunk


def _repeat(cell: Cell, repeat: int) -> Point:
    point = cell.ready[2]
    return point if repeat == 0 else replace(point, repeat=repeat)


def _group(item: Item) -> str:
    """What points must have in common to share a job."""
    point, drawn = item.point, item.seeds
    rules = limits(point.service, item.device)
    together = {
        "device": item.device.digest,
        "service": point.service.identity(),
        "inputs": _of_the_job(execution_inputs(point, drawn), rules),
        "compile": None if rules.own_compile_options else compile_inputs(point, drawn),
        "alone": point.id if rules.alone(point.options) else None,
        "header": point.options.run_config.get("header"),
    }
    return json.dumps(together, sort_keys=True, default=str)


def _of_the_job(inputs: dict[str, Any], rules: Limits) -> dict[str, Any]:
    return {key: v for key, v in inputs.items() if key not in rules.own_inputs}


def _chunks(group: list[Item]) -> Iterator[list[Item]]:
    """A group in as few jobs as the service's limits on circuits and shots allow."""
    room, most = _room(group[0]), _executions(group[0])
    job: list[Item] = []
    used, shots = 0, 0
    for one in group:
        needed = len(one.built.circuits)
        more = needed * (one.point.options.shots or DEFAULT_SHOTS)
        if job and (used + needed > room or shots + more > most):
            yield job
            job, used, shots = [], 0, 0
        job.append(one)
        used, shots = used + needed, shots + more
    yield job


def _executions(first: Item) -> float:
    """Shots that a job has room for."""
    most = limits(first.point.service, first.device).executions
    return math.inf if most is None else most


def _room(first: Item) -> int:
    """Circuits of points that a job has room for, beside its sentinels."""
    most = limits(first.point.service, first.device).circuits
    watch = sentinel(first.cell.experiment.sentinel, first.device, 0)
    return most - (2 * len(watch.built.circuits) if watch else 0)


def submission(
    items: Sequence[Item], block: int, number: int, seed: int, watch: Sentinel | None
) -> Submission:
    """What is sent for the points of one job.

    Args:
        items: The points, in order.
        block: Number of the block.
        number: Number of the job.
        seed: The sweep's seed.
        watch: What opens and closes the job.
    """
    names = " ".join(item.point.id for item in items)
    text = f"{names} {seed} {block} {number}"
    id_ = hashlib.sha256(text.encode()).hexdigest()[:12]
    first = items[0]
    parts = [part(item) for item in items]
    if watch is not None:
        _require_own_compiling(first)
        own = {key: v for key, v in parts[0].inputs.items() if key == "shots"}
        ends = [replace(watch.part(id_, end), inputs=own) for end in ("open", "close")]
        parts = [ends[0], *parts, ends[1]]
    rules = limits(first.point.service, first.device)
    inputs = _of_the_job(execution_inputs(first.point, first.seeds), rules)
    if first.cell.experiment.share_identical:
        inputs |= {"share_identical": True, "repeat": block}
    service, device = first.point.service, first.device
    return Submission(id_, service, device, tuple(parts), inputs, block, number)


def _require_own_compiling(item: Item) -> None:
    """Refuse sentinels that would be compiled as the points of their job are."""
    if not limits(item.point.service, item.device).own_compile_options:
        kind = item.cell.experiment.sentinel
        raise ConfigError(
            f"sentinel = {kind}: with service.compile=server it would be compiled like the "
            "points of its job, and so not be the same in each. Use "
            "service.compile=client or sentinel=none."
        )


def part(item: Item) -> Part:
    """What a point has in a submission."""
    inputs, key = _compilation(item)
    rules = limits(item.point.service, item.device)
    executed = execution_inputs(item.point, item.seeds)
    own = {one: executed[one] for one in sorted(rules.own_inputs & executed.keys())}
    point = item.point
    return Part(point.id, point.sample, item.built, inputs, key, inputs=own)


_compilations: dict[str, tuple[dict[str, Any], str]] = {}


def _compilation(item: Item) -> tuple[dict[str, Any], str]:
    """What a point's circuits are compiled with, and the name of their compilation.

    Points that are compiled alike share both: there are many of them.
    """
    inputs = compile_inputs(item.point, item.seeds)
    asked = [item.built.content, item.device.digest, inputs]
    text = json.dumps(asked, sort_keys=True, default=str)
    if len(_compilations) >= SHARED:
        _compilations.clear()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return _compilations.setdefault(text, (inputs, digest))


def compile_inputs(point: Point, drawn: Seeds) -> dict[str, Any]:
    """circuit-runner's compile options that are set, and the compiler's seed."""
    options = point.options.model_dump(include=set(COMPILE), exclude_none=True)
    if not options["transpiler_options"]:
        del options["transpiler_options"]
    skip = point.options.run_config.get("skip_transpilation")
    return {
        **options,
        "seed_transpiler": drawn.transpiler,
        **({} if skip is None else {"skip_transpilation": skip}),
    }


def execution_inputs(point: Point, drawn: Seeds) -> dict[str, Any]:
    """circuit-runner's other inputs that are set, and the seed of the sampling."""
    own = {*COMPILE, "seed_transpiler", "run_config"}
    options = point.options.model_dump(exclude=own, exclude_none=True)
    rest = {
        key: value
        for key, value in point.options.run_config.items()
        if key != "skip_transpilation"
    }
    return {**rest, **options, "seed_simulator": drawn.simulator}
