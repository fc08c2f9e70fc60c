"""Sweeps that were never measured, with effects that are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from qexp.effects import Factor, factor
from qexp.effects.effect import Comparisons, Effect, comparisons, effects
from qexp.effects.layout import layout
from qexp.effects.scatter import Strata
from qexp.effects.table import NORMAL, Cells, cells
from qexp.metrics import success_probability

LEVEL = factor("optimization_level", [0, 1, 3], default=1)
METHOD = factor("layout_method", ["trivial", "sabre"])
DELAY = factor("rep_delay", [5e-5, 2.5e-4], default=2.5e-4)
FACTORS = (LEVEL, METHOD, DELAY)
CIRCUITS = ("ghz(n=3)", "ghz(n=6)")
METRIC = "success_probability"


@dataclass(frozen=True)
class World:
    """What is true of a device.

    Attributes:
        blocks: Repeats.
        shots: Shots of each point.
        drift: `none`; `walk`, by a normal step of 0.02 between jobs; `linear`, evenly
            by 0.06 in all.
        seeds: Standard deviation of what a compiler's seed does to a circuit that is
            compiled by layout method sabre.
        qubits: Standard deviation of what changes from block to block for all cells
            with one layout method: its qubits drift by themselves.
        effects: Whether options have effects.
        mirrored: Whether every second block has the jobs of the one before in reverse
            order, as the planner has it.
    """

    blocks: int
    shots: int
    drift: str = "none"
    seeds: float = 0.0
    qubits: float = 0.0
    effects: bool = True
    mirrored: bool = True


def true(row: dict[str, object], world: World) -> float:
    """Probability of success without drift: not additive, and from 0.15 to 0.94."""
    base = 0.9 if row["circuit"] == CIRCUITS[0] else 0.3
    if not world.effects:
        return base
    value = base + {0: -0.10, 1: 0.0, 3: 0.03}[row["optimization_level"]]
    if row["layout_method"] == "sabre" and row["optimization_level"] != 3:
        value += 0.01
    return value - (0.05 if row["rep_delay"] == 5e-5 else 0.0)


def grid(world: World) -> pd.DataFrame:
    """The table of a sweep, with the truth for the metric; jobs in random order later."""
    names = [one.name for one in FACTORS]
    rows = []
    for block in range(world.blocks):
        for circuit, *levels in product(CIRCUITS, *(one.levels for one in FACTORS)):
            row = dict(zip(names, levels, strict=True))
            # one hash in all blocks where no seed does anything
            seed = block if world.seeds and row["layout_method"] == "sabre" else 0
            kind = (circuit, row["optimization_level"], row["layout_method"], seed)
            row |= {"circuit": circuit, "block": block, "seed_transpiler": block}
            row |= {"job": 2 * block + (row["rep_delay"] == 5e-5), "shots": world.shots}
            row |= {"compiled": str(kind), "status": "finished"}
            rows.append({**row, METRIC: true(row, world)})
    frame = pd.DataFrame(rows)
    frame[f"{METRIC}_variance"] = 0.0
    return frame


@dataclass(frozen=True)
class Truth:
    """A world, its table, and the probabilities of its cells."""

    world: World
    cells: Cells
    compared: Comparisons

    @classmethod
    def of(cls, world: World) -> Truth:
        """Arrange the table once."""
        found = cells(grid(world), FACTORS, METRIC)
        return cls(world, found, comparisons(found))

    def measured(self, rng: np.random.Generator) -> Cells:
        """One simulated run: jobs in a random order within blocks, drift, shots."""
        world, known = self.world, self.cells
        swapped = rng.integers(0, 2, world.blocks)[None, :]
        if world.mirrored:
            swapped[0, 1::2] = 1 - swapped[0, : world.blocks - 1 : 2]
        time = known.job ^ swapped
        p = known.value + _drift(world, rng)[time]
        sabre = known.level[:, 1] == 1
        if world.seeds:
            compiled = np.unique(known.compiled)
            luck = rng.normal(0, world.seeds, len(compiled))
            p = p + np.where(sabre[:, None], luck[known.compiled], 0.0)
        if world.qubits:
            p = p + np.where(
                sabre[:, None], rng.normal(0, world.qubits, world.blocks), 0
            )
        hits = rng.binomial(world.shots, np.clip(p, 0.0, 1.0))
        return replace(
            known,
            value=hits / world.shots,
            variance=_variance(hits, world.shots),
            job=time,
            timed=True,
        )

    def analysed(
        self, rng: np.random.Generator
    ) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
        """Effects and interactions of one simulated run."""
        found = layout(self.measured(rng))
        return effects(found, Strata(found), METRIC, self.compared)

    def effects(self) -> tuple[list[float], list[float]]:
        """The true effects, and the true interactions, in the same order."""
        p, level = self.cells.value[:, 0], self.cells.level

        def mean(*wanted: tuple[int, int]) -> float:
            here = np.all([level[:, k] == code for k, code in wanted], axis=0)
            return float(p[here].mean())

        single, double = [], []
        for k, one in enumerate(FACTORS):
            for a in range(1, len(one.levels)):
                single.append(mean((k, a)) - mean((k, 0)))
        for k, m in ((0, 1), (0, 2), (1, 2)):
            for a, b in product(*(range(1, len(FACTORS[i].levels)) for i in (k, m))):
                high = mean((k, a), (m, b)) - mean((k, 0), (m, b))
                double.append(high - (mean((k, a), (m, 0)) - mean((k, 0), (m, 0))))
        return single, double


def _drift(world: World, rng: np.random.Generator) -> np.ndarray:
    jobs = 2 * world.blocks
    if world.drift == "walk":
        found = np.cumsum(rng.normal(0, 0.02, jobs))
    elif world.drift == "linear":
        found = 0.06 * np.arange(jobs) / (jobs - 1)
    else:
        found = np.zeros(jobs)
    return found - found.mean()


def _variance(hits: np.ndarray, shots: int) -> np.ndarray:
    """From the width of Wilson's interval, as the table has it."""
    z, share = NORMAL, hits / shots
    spread = share * (1 - share) / shots + z**2 / (4 * shots**2)
    return spread / (1 + z**2 / shots) ** 2


def interval_variance(hits: int, shots: int) -> float:
    """The same from qexp's own metric, for one point."""
    found = success_probability({"1": hits, "0": shots - hits}, ["1"])
    assert found.low is not None
    assert found.high is not None
    return ((found.high - found.low) / (2 * NORMAL)) ** 2


__all__ = ["DELAY", "FACTORS", "LEVEL", "METHOD", "METRIC", "Factor", "Truth", "World"]
