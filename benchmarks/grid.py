"""A grid of 128 points that is run and logged, against the script people write today."""

from __future__ import annotations

import sqlite3
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
    ratios,
    repeat,
    rival,
    rounds_of,
    seconds,
    show,
    slope,
)

LEVELS = [0, 1, 2, 3]
LAYOUTS = ["trivial", "dense", "noise_adaptive", "sabre"]
ESP = ["false", "true"]
DELAYS = [5e-5, 1e-4, 2e-4, 4e-4]
"""Aer models neither, so these multiply points that cost the same."""

ALLOWED = (32, 64, 128)
COMPILED = len(LEVELS) * len(LAYOUTS)

OURS = "qexp"
SCRIPT = [*rival("naive"), "-m"]
COMMANDS = {
    "script": SCRIPT,
    OURS: [
        *QEXP,
        "+experiment=ghz",
        "backend=ibmq_montreal",
        "tracking.pictures=none",
    ],
    "script, cached=true": [*SCRIPT, "cached=true"],
}
"""In the order in which a round runs them."""


@dataclass(frozen=True)
class Stored:
    """What a command left in MLflow, the run of a sweep included."""

    runs: int
    params: int
    metrics: int
    files: int
    megabytes: float


@dataclass(frozen=True)
class Sizes:
    """How many points each command is measured with: few, and all.

    Attributes:
        ours: Of qexp's.
        rival: Of the script's.
    """

    ours: tuple[int, int]
    rival: tuple[int, int]

    def of(self, name: str) -> tuple[int, int]:
        """The two numbers of points of a command."""
        return self.ours if name == OURS else self.rival


Round = dict[tuple[str, int], tuple[Run, Stored]]
"""What came of each command with each number of points."""


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument(
        "--points", type=int, choices=ALLOWED, default=128, help="of qexp's"
    )
    parser.add_argument(
        "--rival-points",
        type=int,
        choices=ALLOWED,
        default=32,
        help="of the script's, at most; beyond, it is extrapolated linearly",
    )
    given = parser.parse_args()
    few = COMPILED
    sizes = Sizes((few, given.points), (few, given.rival_points))
    names = list(COMMANDS)
    if given.quick:
        sizes, names = Sizes((2, 2), (2, 2)), names[1:]
    about(rounds_of(given))
    if not given.quick:
        _once(names[:2], Sizes((1, 1), (1, 1)))  # so that bytecode is written
    rounds = repeat(rounds_of(given), lambda: _once(names, sizes))
    for title, kind in (("wall time", "wall"), ("CPU time of all processes", "cpu")):
        _show_times(f"{title}, in an empty folder", kind, rounds, names, sizes)
    _show_memory(rounds, names, sizes)
    _show_stored(rounds, names, sizes)
    if sizes.ours[1] != sizes.rival[1]:
        print(
            f"The scripts are measured at {sizes.rival[0]} and {sizes.rival[1]} points "
            "with the same mix of levels and layouts, a line beyond."
        )


def _once(names: list[str], sizes: Sizes) -> Round:
    return {
        (name, points): _run(name, points)
        for name in names
        for points in sorted(set(sizes.of(name)))
    }


def _run(name: str, points: int) -> tuple[Run, Stored]:
    with folder() as place:
        run = measured([*COMMANDS[name], *_axes(name, points)], place, memory=True)
        return run, _stored(place, points + (name == OURS))


def _axes(name: str, points: int) -> list[str]:
    """A part of the grid; from 16 points on, with all levels and layouts."""
    whole = points >= COMPILED
    settings = points // COMPILED if whole else points
    esp = ESP[: min(settings, len(ESP))]
    values = {
        "optimization_level": LEVELS if whole else LEVELS[:1],
        "layout_method": LAYOUTS if whole else LAYOUTS[:1],
        "use_measure_esp": esp,
        "rep_delay": DELAYS[: settings // len(esp)],
    }
    texts = {key: ",".join(map(str, some)) for key, some in values.items()}
    if name == OURS:
        return [f"grid.options.{key}=[{text}]" for key, text in texts.items()]
    return [f"{key}={text}" for key, text in texts.items()]


def _stored(place: Path, runs: int) -> Stored:
    database = sqlite3.connect(place / "mlflow.db")

    def count(table: str) -> int:
        return database.execute(f"select count(*) from {table}").fetchone()[0]

    finished = count("runs where status = 'FINISHED'")
    if finished != runs:
        raise RuntimeError(f"{finished} runs are finished, not {runs}")
    files = [path for path in (place / "mlruns").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in [*files, place / "mlflow.db"])
    return Stored(
        runs=finished,
        params=count("params"),
        metrics=count("metrics"),
        files=len(files),
        megabytes=size / 2**20,
    )


def _show_times(
    title: str, kind: str, rounds: list[Round], names: list[str], sizes: Sizes
) -> None:
    points = sizes.ours[1]
    columns = ["", f"{points} points", "qexp by it", "a further one", "qexp by it"]
    ours, our_steps = _times(rounds, OURS, kind, sizes)
    rows = []
    for name in names:
        total, steps = _times(rounds, name, kind, sizes)
        how = "" if sizes.of(name)[1] == points else " extrapolated"
        row = [name, f"{seconds(total)}{how}", _by(name, ours, total)]
        row += [seconds(steps), _by(name, our_steps, steps)] if steps else ["-", "-"]
        rows.append(row)
    show(title, columns, rows)


def _times(
    rounds: list[Round], name: str, kind: str, sizes: Sizes
) -> tuple[list[float], list[float]]:
    """Seconds of all points in each round, and of a further one if it was measured."""
    few, all_ = sizes.of(name)
    small = [getattr(one[name, few][0], kind) for one in rounds]
    large = [getattr(one[name, all_][0], kind) for one in rounds]
    if few == all_:
        return large, []
    steps = [slope(a, b, (few, all_)) for a, b in zip(small, large, strict=True)]
    rest = sizes.ours[1] - all_
    return [a + rest * b for a, b in zip(large, steps, strict=True)], steps


def _by(name: str, ours: list[float], theirs: list[float]) -> str:
    if name == OURS:
        return ""
    return ratios(ours, theirs) if ours else "-"


def _show_memory(rounds: list[Round], names: list[str], sizes: Sizes) -> None:
    def peaks(name: str, kind: str) -> list[float]:
        return [getattr(one[name, sizes.of(name)[1]][0], kind) for one in rounds]

    rows = []
    for name in names:
        row = [f"{name}, {sizes.of(name)[1]} points"]
        for kind in ("largest", "together"):
            row.append(f"{median(peaks(name, kind)):,.0f} MB")
            row.append(_by(name, peaks(OURS, kind), peaks(name, kind)))
        rows.append(row)
    columns = ["", "largest process", "qexp by it", "all processes", "qexp by it"]
    show("peak memory", columns, rows)


def _show_stored(rounds: list[Round], names: list[str], sizes: Sizes) -> None:
    rows = []
    for name in names:
        points = sizes.of(name)[1]
        one = rounds[-1][name, points][1]
        per_point = [one.params / points, one.metrics / points, one.files / points]
        row = [f"{name}, {points} points", f"{one.runs}"]
        row += [f"{value:.1f}" for value in per_point]
        rows.append([*row, f"{one.megabytes:.1f} MB"])
    columns = ["", "runs", "params a point", "metrics", "files", "all together"]
    show("what is in MLflow afterwards", columns, rows)


if __name__ == "__main__":
    main()
