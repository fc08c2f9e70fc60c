"""Expanding and planning a sweep, against Hydra's own `-m` with a task of nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.rivals.noop_sweep import PLAIN
from benchmarks.timing import (
    QEXP,
    Round,
    Run,
    about,
    arguments,
    folder,
    fresh,
    measured,
    median,
    milliseconds,
    ratios,
    repeat,
    rival,
    rounds_of,
    save,
    seconds,
    show,
    slope,
)

BACKEND = "backend=ibmq_montreal"
LEVELS, LAYOUTS = [0, 3], ["dense", "sabre"]
FIRST = 1
CELLS = len(LEVELS) * len(LAYOUTS)
WAYS = ["grid", "-m"]
SIZES = [100, 1000, 10_000, 100_000]
MOST = "max_points=100000"

Times = dict[str, list[float]]
"""Seconds in each round, by command."""


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--rival-points",
        type=int,
        nargs=2,
        default=[20, 100],
        metavar=("FEW", "MORE"),
        help="sizes at which Hydra is measured; beyond, it is extrapolated linearly",
    )
    given = parser.parse_args()
    if given.quick:
        given.sizes, given.rival_points = [16], [4, 8]
    for size in [*given.sizes, *given.rival_points]:
        if size % CELLS:
            parser.error(f"sizes are multiples of {CELLS}")
    about(rounds_of(given))
    fresh([*QEXP, "plan", "+experiment=ghz", BACKEND])
    _rival(CELLS)
    rounds = repeat(
        rounds_of(given), lambda: _once(given.sizes, tuple(given.rival_points))
    )
    _show(rounds, given.sizes, tuple(given.rival_points))
    save(given)


def _once(sizes: list[int], few: tuple[int, int]) -> Round:
    found = {"rival few": _rival(few[0])}
    found["one"] = fresh([*QEXP, "plan", "+experiment=ghz", BACKEND])
    for number, size in enumerate(sizes):
        found[f"grid {size}"] = _ours(_grid(size), ["+experiment=bench"], size)
        if number == 0:
            found["rival more"] = _rival(few[1])
        found[f"-m {size}"] = _ours({}, ["-m", "+experiment=ghz", *_axes(size)], size)
    return found


def _ours(files: dict[str, str], given: list[str], size: int) -> Run:
    run = fresh([*QEXP, "plan", *given, BACKEND, MOST], files)
    planned = re.search(r"^points +([\d,]+)", run.out, re.MULTILINE)
    _require(size, int(planned[1].replace(",", "")) if planned else 0)
    return run


def _rival(size: int) -> Run:
    given = ["-m", "+experiment=ghz", BACKEND, "hydra.sweep.dir=jobs", *_axes(size)]
    with folder() as place:
        run = measured([*rival("noop_sweep"), *given, *PLAIN], place)
        _require(size, _jobs(place / "jobs"))
    return run


def _jobs(place: Path) -> int:
    return sum(1 for path in place.iterdir() if path.is_dir())


def _require(wanted: int, found: int) -> None:
    if wanted != found:
        raise RuntimeError(f"{found} points, not {wanted}")


def _axes(size: int) -> list[str]:
    return [
        f"options.optimization_level={','.join(map(str, LEVELS))}",
        f"options.layout_method={','.join(LAYOUTS)}",
        f"options.seed_transpiler=range({FIRST},{FIRST + size // CELLS})",
    ]


def _grid(size: int) -> dict[str, str]:
    grid = {
        "options.optimization_level": LEVELS,
        "options.layout_method": LAYOUTS,
        "options.seed_transpiler": list(range(FIRST, FIRST + size // CELLS)),
    }
    text = "# @package _global_\ndefaults:\n  - ghz\n"
    return {"conf/experiment/bench.yaml": f"{text}grid: {json.dumps(grid)}\n"}


def _show(rounds: list[Round], sizes: list[int], few: tuple[int, int]) -> None:
    columns = ["points", "Hydra -m", "grid:", "ratio", "qexp -m", "ratio"]
    for title, kind in (("wall time", "wall"), ("CPU time of all processes", "cpu")):
        all_ = {key: [getattr(r[key], kind) for r in rounds] for key in rounds[0]}
        steps = _steps(all_, few)
        rows = [_total(all_, steps, size, few) for size in sizes]
        show(f"{title}, the whole command", columns, rows)
        rows = [_further(all_, steps, size) for size in sizes]
        show(f"{title} of a point, beyond start-up", columns, rows)
    rows = [_memory(rounds, size) for size in sizes]
    show("peak memory", ["points", *WAYS], rows)
    one = seconds([r["one"].wall for r in rounds])
    print(
        f"Hydra: measured at {few[0]} and {few[1]} points, a line beyond.\n"
        f"qexp: measured at every size; its start-up is a plan of one point: {one}."
    )


def _memory(rounds: list[Round], size: int) -> list[str]:
    peaks = [median([r[f"{way} {size}"].largest for r in rounds]) for way in WAYS]
    return [f"{size:,}", *(f"{peak:,.0f} MB" for peak in peaks)]


def _steps(times: Times, few: tuple[int, int]) -> list[float]:
    pairs = zip(times["rival few"], times["rival more"], strict=True)
    return [slope(small, large, few) for small, large in pairs]


def _total(
    times: Times, steps: list[float], size: int, few: tuple[int, int]
) -> list[str]:
    rest = size - few[1]
    more = zip(times["rival more"], steps, strict=True)
    theirs = [measured + rest * step for measured, step in more]
    row = [f"{size:,}", f"{seconds(theirs)} {'extrapolated' if rest else 'measured'}"]
    for way in WAYS:
        ours = times[f"{way} {size}"]
        row += [seconds(ours), ratios(ours, theirs)]
    return row


def _further(times: Times, steps: list[float], size: int) -> list[str]:
    row = [f"{size:,}", milliseconds(steps)]
    for way in WAYS:
        both = zip(times["one"], times[f"{way} {size}"], strict=True)
        ours = [slope(one, all_, (1, size)) for one, all_ in both]
        row += [milliseconds(ours), ratios(ours, steps)]
    return row


if __name__ == "__main__":
    main()
