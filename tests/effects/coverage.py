"""How often intervals hold the truth, and how often a sweep in which nothing matters says
that something does: by simulation, as tables in Markdown.

    python -m tests.effects.coverage --simulations 2000
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from tests.effects.simulated import Truth, World

BLOCKS = (2, 3, 5, 10)
SHOTS = (256, 4096)

PROMISED = (0.93, 0.97)
"""Coverage of a 95 % interval, in every row of the first table."""

RATE = 0.05


@dataclass(frozen=True)
class Covered:
    """What came of the simulations of one world.

    Attributes:
        within: Coverage of the effects of options that differ within jobs.
        jobwide: Coverage of the effect of the job-wide option.
        sabre: Coverage of the effect of the layout method alone.
        interactions: Coverage of the interactions.
        width: Mean half width of the intervals within jobs.
        decided: Share of the true effects within jobs of at least 0.03 that are decided.
        false: Share of null sweeps that decide any effect or interaction.
        told: Share of the job-wide intervals that are not called confounded.
    """

    within: float
    jobwide: float
    sabre: float
    interactions: float
    width: float
    decided: float
    false: float
    told: float


def covered(world: World, simulations: int, seed: int = 0) -> Covered:
    """Simulate a world, and the same world without effects."""
    rng = np.random.default_rng([seed, world.blocks, world.shots])
    truth = Truth.of(world)
    single, double = truth.effects()
    hit, width, decided, told = [], [], [], []
    both = []
    for _ in range(simulations):
        found, pairs = truth.analysed(rng)
        hit.append([e.low <= t <= e.high for e, t in zip(found, single, strict=True)])
        both.append([e.low <= t <= e.high for e, t in zip(pairs, double, strict=True)])
        width.append(np.mean([(e.high - e.low) / 2 for e in found[:3]]))
        large = [e for e, t in zip(found[:3], single[:3], strict=True) if abs(t) > 0.02]
        decided.append(np.mean([e.decision == "decided" for e in large]))
        told.append(not found[3].estimate.confounded)
    hits, kept = np.array(hit, float), np.array(told)
    return Covered(
        within=float(hits[:, :3].mean()),
        jobwide=float(hits[kept, 3].mean()),
        sabre=float(hits[:, 2].mean()),
        interactions=float(np.mean(both)),
        width=float(np.mean(width)),
        decided=float(np.mean(decided)),
        false=_false(replace(world, effects=False), simulations, seed + 1),
        told=float(kept.mean()),
    )


def _false(world: World, simulations: int, seed: int) -> float:
    rng = np.random.default_rng([seed, world.blocks, world.shots])
    truth = Truth.of(world)
    wrong = 0
    for _ in range(simulations):
        found = [one for rows in truth.analysed(rng) for one in rows]
        wrong += any(one.decision == "decided" for one in found)
    return wrong / simulations


def promised() -> Iterator[World]:
    """The conditions under which 93 to 97 % is promised."""
    for drift, blocks, shots in product(("none", "walk"), BLOCKS, SHOTS):
        yield World(blocks, shots, drift)


def further() -> Iterator[tuple[str, World]]:
    """Conditions that break an assumption, or strain one."""
    for blocks in BLOCKS:
        yield "linear drift", World(blocks, 4096, "linear")
        yield "compiler's seeds", World(blocks, 4096, "walk", seeds=0.03)
        yield "qubits that drift apart", World(blocks, 4096, qubits=0.01)


def _one(task: tuple[str, World, int]) -> tuple[str, World, Covered]:
    name, world, simulations = task
    return name, world, covered(world, simulations)


HEAD = (
    "| {} | repeats | shots | within jobs | job-wide | interactions | half width | "
    "decided | false |\n|---|---|---|---|---|---|---|---|---|"
)


STRAINED = (
    "| what is strained | repeats | within jobs | of them layout_method | job-wide | "
    "interactions | decided | false |\n|---|---|---|---|---|---|---|---|"
)


def _strained(name: str, world: World, found: Covered) -> str:
    return (
        f"| {name} | {world.blocks} | {found.within:.1%} | {found.sabre:.1%} | "
        f"{found.jobwide:.1%} | {found.interactions:.1%} | {found.decided:.0%} | "
        f"{found.false:.1%} |"
    )


def _row(name: str, world: World, found: Covered) -> str:
    return (
        f"| {name} | {world.blocks} | {world.shots:,} | {found.within:.1%} | "
        f"{found.jobwide:.1%} | {found.interactions:.1%} | {found.width:.4f} | "
        f"{found.decided:.0%} | {found.false:.1%} |"
    )


def failures(world: World, found: Covered, simulations: int) -> list[str]:
    """What is not as promised, allowing for three standard errors of the simulation."""
    told = []
    for kind in ("within", "jobwide", "interactions"):
        value = getattr(found, kind)
        slack = 3 * (0.95 * 0.05 / simulations) ** 0.5
        if not PROMISED[0] - slack <= value <= PROMISED[1] + slack:
            told.append(f"{world}: {kind} covers {value:.1%}")
    if found.false > RATE + 3 * (RATE * (1 - RATE) / simulations) ** 0.5:
        told.append(f"{world}: false in {found.false:.1%}")
    return told


def main() -> int:
    """Print the tables; exit status 1 where something is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    first = [("walk" if w.drift == "walk" else "none", w) for w in promised()]
    tasks = [(name, w, asked.simulations) for name, w in first]
    tasks += [(name, w, asked.simulations // 4) for name, w in further()]
    with ProcessPoolExecutor(asked.processes) as pool:
        found = list(pool.map(_one, tasks))
    wrong: list[str] = []
    print(HEAD.format("drift"))
    for name, world, one in found[: len(first)]:
        print(_row(name, world, one))
        wrong += failures(world, one, asked.simulations)
    print("\n" + STRAINED)
    for name, world, one in found[len(first) :]:
        print(_strained(name, world, one))
    print(
        f"\n{asked.simulations:,} simulations with effects and as many without for a row "
        f"of the first table, a quarter of that for one of the second."
    )
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
