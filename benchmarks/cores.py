"""A sweep on one core and on two, its compilations made, and found again."""

from __future__ import annotations

import os
import shutil
import sys

from benchmarks.timing import (
    QEXP,
    Round,
    Run,
    about,
    arguments,
    folder,
    measured,
    ratios,
    repeat,
    require_finished,
    rounds_of,
    save,
    seconds,
    show,
)

CORES = [1, 2]
POINTS = 256
COMPILING = [
    "+experiment=ghz",
    "backend=ibmq_montreal",
    "tracking.pictures=none",
    "options.optimization_level=3",
    "options.layout_method=sabre",
    "options.routing_method=sabre",
]
COLD, WARM = "nothing compiled before", "all compiled before"
KINDS = [COLD, WARM]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--cores", type=int, nargs="+", default=CORES)
    parser.add_argument("--points", type=int, default=POINTS)
    given = parser.parse_args()
    if given.quick:
        given.points = 4
    there = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    if shutil.which("taskset") is None or max(given.cores) > len(there):
        parser.error(f"{given.cores}: {len(there)} cores and taskset of Linux are here")
    about(rounds_of(given))
    _on(there[:1], points=1)  # so that bytecode is written

    def once() -> Round:
        found = {}
        for cores in given.cores:
            runs = _on(there[:cores], given.points)
            found |= {f"{kind} {cores}": run for kind, run in runs.items()}
        return found

    rounds = repeat(rounds_of(given), once)
    _show_cores(rounds, given.cores)
    _show_cache(rounds, given.cores)
    print(f"{given.points} points of as many compilations (GHZ-5, level 3, sabre).")
    save(given)


def _on(cores: list[int], points: int) -> dict[str, Run]:
    """A sweep with some cores, and once more in the same folder."""
    seeds = ",".join(map(str, range(1, points + 1)))
    bound = ["taskset", "-c", ",".join(map(str, cores))]
    command = [*bound, *QEXP, *COMPILING, f"grid.options.seed_transpiler=[{seeds}]"]
    found = {}
    with folder() as place:
        for number, kind in enumerate(KINDS, start=1):
            found[kind] = measured(command, place)
            require_finished(place, number * (points + 1))
    return found


def _walls(rounds: list[Round], kind: str, cores: int) -> list[float]:
    return [one[f"{kind} {cores}"].wall for one in rounds]


def _show_cores(rounds: list[Round], cores: list[int]) -> None:
    rows = []
    for kind in KINDS:
        first = _walls(rounds, kind, cores[0])
        for number in cores:
            walls = _walls(rounds, kind, number)
            shared = [value * number / cores[0] for value in walls]
            row = [f"{kind}, {number}", seconds(walls)]
            rows.append([*row, ratios(first, walls), ratios(first, shared)])
    columns = ["cores", "wall time", "faster than the first", "efficiency"]
    show("the whole command", columns, rows)


def _show_cache(rounds: list[Round], cores: list[int]) -> None:
    rows = []
    for number in cores:
        row = [f"{number}"]
        for kind in ("wall", "cpu"):
            warm = [getattr(one[f"{WARM} {number}"], kind) for one in rounds]
            cold = [getattr(one[f"{COLD} {number}"], kind) for one in rounds]
            row.append(ratios(warm, cold))
        rows.append(row)
    show(f"{WARM} by {COLD}", ["cores", "wall time", "CPU time"], rows)


if __name__ == "__main__":
    main()
