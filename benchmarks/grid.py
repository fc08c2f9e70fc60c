"""A grid of 128 points that is run and logged, against the script people write today."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

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
    save,
    seconds,
    show,
    slope,
)

GRIDS = Path(__file__).parent / "grids"
OURS, AGAIN = "qexp", "qexp again"
SCRIPT = [*rival("naive"), "-m"]
COMMANDS = {
    "script": SCRIPT,
    OURS: [*QEXP, "backend=ibmq_montreal"],
    AGAIN: [*QEXP, "backend=ibmq_montreal", "resume=never"],
    "script, cached=true": [*SCRIPT, "cached=true"],
}
"""In the order in which a round runs them; `qexp again` in the folder of `qexp`."""


@dataclass(frozen=True)
class Case:
    """A grid that is measured.

    Attributes:
        points: How many it has.
        few: As many have its first values of all axes that are a matter of the compiler.
        compiler: Those axes.
        names: The commands.
    """

    points: int
    few: int
    compiler: tuple[str, ...]
    names: tuple[str, ...]


CASES = {
    "small": Case(128, 16, ("optimization_level", "layout_method"), tuple(COMMANDS)),
    "best": Case(1024, 16, ("optimization_level", "layout_method"), tuple(COMMANDS)),
    "worst": Case(1024, 64, (), tuple(COMMANDS)),
}


COMPILING = "select sum(value) from latest_metrics where key = 'transpile_seconds'"


@dataclass(frozen=True)
class Stored:
    """What a command left in MLflow, the run of a sweep included.

    Attributes:
        compiling: Seconds that terra's compiler took, as qexp logs them.
    """

    runs: int
    params: int
    metrics: int
    files: int
    megabytes: float
    compiling: float


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
        return self.ours if name in (OURS, AGAIN) else self.rival


Round = dict[tuple[str, int], tuple[Run, Stored]]
"""What came of each command with each number of points."""


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--case", choices=CASES, default="small", help="of `grids/`")
    parser.add_argument(
        "--rival-points",
        type=int,
        nargs=2,
        default=[16, 32],
        metavar=("FEW", "MORE"),
        help="of the script's; beyond, it is extrapolated linearly",
    )
    given = parser.parse_args()
    case = CASES[given.case]
    sizes = Sizes((case.few, case.points), tuple(given.rival_points))
    names = list(case.names)
    if given.quick:
        sizes, names = Sizes((2, 2), (2, 2)), names[1:]
    about(rounds_of(given))
    if not given.quick:  # so that bytecode is written
        _once(given.case, names[:2], Sizes((1, 1), (1, 1)))
    rounds = repeat(rounds_of(given), lambda: _once(given.case, names, sizes))
    for title, kind in (("wall time", "wall"), ("CPU time of all processes", "cpu")):
        _show_times(f"{title}, {given.case} grid", kind, rounds, names, sizes)
    if given.case == "worst":  # elsewhere many points tell of one compilation
        _show_compiling(rounds, sizes.ours[1])
    _show_memory(rounds, names, sizes)
    _show_stored(rounds, names, sizes)
    if sizes.ours[1] != sizes.rival[1]:
        print(
            f"The scripts are measured at {sizes.rival[0]} and {sizes.rival[1]} points "
            "of the same grid, a line beyond."
        )
    save(given)


def _once(case: str, names: list[str], sizes: Sizes) -> Round:
    """Every command with its numbers of points, each in an empty folder of its own."""
    found: Round = {}
    for name in names:
        if name == AGAIN:
            continue
        for points in sorted(set(sizes.of(name))):
            chain = [name, *([AGAIN] if name == OURS and AGAIN in names else [])]
            for one, measured_ in zip(chain, _run(case, chain, points), strict=True):
                found[one, points] = measured_
    return found


def _run(case: str, chain: list[str], points: int) -> list[tuple[Run, Stored]]:
    own = {f"conf/experiment/{case}.yaml": (GRIDS / f"{case}.yaml").read_text()}
    found: list[tuple[Run, Stored]] = []
    with folder(own if chain[0] == OURS else None) as place:
        for name in chain:
            command = [*COMMANDS[name], *_given(case, name, points)]
            run = measured(command, place, memory=True)
            runs = points + (name in (OURS, AGAIN))
            found.append((run, _stored(place, runs * (len(found) + 1))))
    return found


def _given(case: str, name: str, points: int) -> list[str]:
    """What a command is told of a part of the grid."""
    axes = {key: _text(some) for key, some in _axes(case, points).items()}
    if name in (OURS, AGAIN):
        given = [f"grid.options.{key}=[{text}]" for key, text in axes.items()]
        return [f"+experiment={case}", *given]
    fixed = OmegaConf.load(GRIDS / f"{case}.yaml").get("options", {})
    return [
        *(f"{key}={value}" for key, value in fixed.items()),
        *(f"{key}={text}" for key, text in axes.items()),
    ]


def _text(values: list) -> str:
    return ",".join(str(one).lower() for one in values)


def _axes(case: str, points: int) -> dict[str, list]:
    """The first values of the axes, as few as make so many points."""
    grid = OmegaConf.to_container(OmegaConf.load(GRIDS / f"{case}.yaml")["grid"])
    axes = {key.removeprefix("options."): values for key, values in grid.items()}
    whole = points >= CASES[case].few
    for key, values in axes.items():
        if whole and key in CASES[case].compiler:
            points //= len(values)
    for key, values in axes.items():
        if not whole or key not in CASES[case].compiler:
            axes[key] = values[: min(points, len(values))]
            points //= len(axes[key])
    return axes


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
        compiling=database.execute(COMPILING).fetchone()[0] or 0.0,
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


def _show_compiling(rounds: list[Round], points: int) -> None:
    took = [one[OURS, points][1].compiling for one in rounds]
    cpu = [one[OURS, points][0].cpu for one in rounds]
    columns = ["", "terra's compiler", "share of all CPU time"]
    show("compiling", columns, [[OURS, seconds(took), ratios(took, cpu)]])


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
