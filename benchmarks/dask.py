"""A sweep on a Dask cluster of 1, 2 and 4 workers, against the worker processes of qexp."""

from __future__ import annotations

import os

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

WORKERS = [1, 2, 4]
SWEEP = [
    "+experiment=ghz",
    "backend=ibmq_montreal",
    "tracking.pictures=none",
    "options.optimization_level=3",
    "options.layout_method=sabre",
    "options.routing_method=sabre",
]
EXECUTORS = ["processes", "dask"]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--points", type=int, default=512)
    given = parser.parse_args()
    if given.quick:
        given.workers, given.points = [1, 2], 4
    about(rounds_of(given))

    def once() -> Round:
        return {
            f"{executor} {workers}": _run(executor, workers, given.points)
            for workers in given.workers
            for executor in EXECUTORS
        }

    rounds = repeat(rounds_of(given), once)
    for executor in EXECUTORS:
        _show(executor, rounds, given.workers)
    print(
        f"{given.points} points of as many compilations (level 3, sabre), each in a "
        f"folder of its own; {os.cpu_count()} cores, of which the command and MLflow take "
        "their part."
    )
    save(given)


def _run(executor: str, workers: int, points: int) -> Run:
    seeds = ",".join(map(str, range(1, points + 1)))
    how = [f"service.executor={executor}", f"service.workers={workers}"]
    with folder() as place:
        axis = f"grid.options.seed_transpiler=[{seeds}]"
        run = measured([*QEXP, *SWEEP, *how, axis], place)
        require_finished(place, points + 1)
        return run


def _show(executor: str, rounds: list[Round], workers: list[int]) -> None:
    rows = []
    for number in workers:
        ours = [one[f"{executor} {number}"].wall for one in rounds]
        first = [one[f"{executor} {workers[0]}"].wall for one in rounds]
        other = [one[f"processes {number}"].wall for one in rounds]
        shared = [value * number / workers[0] for value in ours]
        rows.append(
            [
                f"{number}",
                seconds(ours),
                ratios(first, ours),
                ratios(first, shared),
                ratios(ours, other),
            ]
        )
    columns = ["workers", "wall time", "faster than the first", "efficiency"]
    show(f"service.executor={executor}", [*columns, "by processes"], rows)


if __name__ == "__main__":
    main()
