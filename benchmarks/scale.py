"""What a point costs beyond its physics, in sweeps of 100, 1,000 and 10,000 points.

All points of a sweep are one circuit, compiled and simulated once, and differ in shots and
`rep_delay` only; so nearly all that is measured is bookkeeping: planning, the ledger,
sampling, scores, MLflow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import (
    QEXP,
    Run,
    about,
    arguments,
    folder,
    measured,
    median,
    milliseconds,
    ratios,
    repeat,
    require_finished,
    rounds_of,
    save,
    seconds,
    show,
    slope,
)

SIZES = [100, 1000, 10_000]
DELAYS = [5e-5, 1e-4, 2e-4, 4e-4]
FIRST = 1000


@dataclass(frozen=True)
class Sweep:
    """A sweep that was run.

    Attributes:
        run: Its command.
        ledger: Size of the workspace without compilations, in MB.
        mlflow: Size of the database and the artifacts, in MB.
    """

    run: Run
    ledger: float
    mlflow: float


Round = dict[int, Sweep]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    if given.quick:
        given.sizes = [8, 16]
    about(rounds_of(given))
    sizes = [1, *given.sizes]
    _sweep(1)  # so that bytecode is written
    rounds = repeat(rounds_of(given), lambda: {one: _sweep(one) for one in sizes})
    _show_times(rounds, given.sizes)
    _show_sizes(rounds, given.sizes)
    save(given)


def _sweep(points: int) -> Sweep:
    delays = DELAYS[: min(points, len(DELAYS))]
    shots = list(range(FIRST, FIRST + points // len(delays)))
    grid = {"options.rep_delay": delays, "options.shots": shots}
    text = f"# @package _global_\ndefaults:\n  - ghz\ngrid: {json.dumps(grid)}\n"
    command = [*QEXP, "+experiment=scale", "backend=ibmq_montreal"]
    with folder({"conf/experiment/scale.yaml": text}) as place:
        run = measured([*command, "tracking.pictures=none"], place, memory=True)
        require_finished(place, points + 1)
        ledger = _megabytes(place / ".qexp", without="compiled")
        stored = [place / "mlflow.db", place / "mlruns"]
        return Sweep(run, ledger, sum(map(_megabytes, stored)))


def _megabytes(place: Path, without: str = "") -> float:
    files = [place] if place.is_file() else place.rglob("*")
    kept = (one for one in files if one.is_file() and without not in one.parts)
    return sum(one.stat().st_size for one in kept) / 2**20


def _show_times(rounds: list[Round], sizes: list[int]) -> None:
    columns = ["points", "wall", "a further one", "CPU", "a further one"]
    rows = []
    before = 1
    for size in sizes:
        row = [f"{size:,}"]
        for kind in ("wall", "cpu"):
            all_ = [getattr(one[size].run, kind) for one in rounds]
            less = [getattr(one[before].run, kind) for one in rounds]
            both = zip(less, all_, strict=True)
            steps = [slope(a, b, (before, size)) for a, b in both]
            row += [seconds(all_), milliseconds(steps)]
        rows.append(row)
        before = size
    show("time; a further point from the row above on", columns, rows)


def _show_sizes(rounds: list[Round], sizes: list[int]) -> None:
    columns = ["points", "largest process", "by the row above", "all processes"]
    columns += ["by the row above", "ledger", "MLflow"]
    rows = []
    before: int | None = None
    for size in sizes:
        row = [f"{size:,}"]
        for kind in ("largest", "together"):
            peaks = [getattr(one[size].run, kind) for one in rounds]
            row.append(f"{median(peaks):,.0f} MB")
            if before is None:
                row.append("")
            else:
                less = [getattr(one[before].run, kind) for one in rounds]
                row.append(ratios(peaks, less))
        for kind in ("ledger", "mlflow"):
            row.append(
                f"{median([getattr(one[size], kind) for one in rounds]):,.1f} MB"
            )
        rows.append(row)
        before = size
    show("peak memory, and what is on the disk", columns, rows)


if __name__ == "__main__":
    main()
