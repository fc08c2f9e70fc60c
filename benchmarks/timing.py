"""Commands measured from outside, each in a folder of its own, and tables of ratios."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

QEXP = [sys.executable, "-m", "qexp"]
RIVALS = Path(__file__).parent / "rivals"
PACKAGES = ["qexp", "hydra-core", "qiskit-terra", "qiskit-aer", "mlflow"]

UNSET = ("PYTHONDONTWRITEBYTECODE", "MLFLOW_TRACKING_URI", "HYDRA_FULL_ERROR")
"""Variables that would make somebody slower, or write somewhere else."""

SAMPLED = 0.2
"""Seconds between two looks at the memory of all processes."""

ORPHANS = 36
"""Linux: processes whose parent has ended come to us (`PR_SET_CHILD_SUBREAPER`)."""


@dataclass(frozen=True)
class Run:
    """One command that has run.

    Attributes:
        wall: Seconds until it ended.
        user: Seconds of computing, of all its processes.
        cpu: The same, with what the kernel did for them.
        largest: Most memory of its largest process, in MB.
        together: Most memory of all its processes at one time, shared pages counted
            once, in MB; 0 where it was not looked at.
        out: What it printed.
    """

    wall: float
    user: float
    cpu: float
    largest: float
    together: float
    out: str


Round = Mapping[str, Run]

_told: dict[str, Any] = {"about": {}, "tables": [], "rounds": []}
"""What was printed and measured; see `save`."""


def rival(name: str) -> list[str]:
    """The command that starts one of `rivals/`."""
    return [sys.executable, str(RIVALS / f"{name}.py")]


@contextmanager
def folder(files: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A fresh folder with files in it, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="qexp-bench-") as name:
        for path, text in (files or {}).items():
            (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / path).write_text(text)
        yield Path(name)


def fresh(command: Sequence[str], files: Mapping[str, str] | None = None) -> Run:
    """A command, measured in a folder of its own."""
    with folder(files) as place:
        return measured(command, place)


def measured(command: Sequence[str], place: Path, *, memory: bool = False) -> Run:
    """A command, measured until it ended; processes that it left behind count as well.

    Args:
        command: The command.
        place: Where to run it.
        memory: Whether to look at the memory of all its processes together.

    Raises:
        RuntimeError: It failed.
    """
    _adopt_orphans()
    clean = {key: value for key, value in os.environ.items() if key not in UNSET}
    clean["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tempfile.TemporaryFile("w+") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=place, env=clean, stdout=out, stderr=subprocess.STDOUT
        )
        with _watched(process.pid if memory else None) as peak:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        all_used = [used, *_left_behind()]
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {process.returncode}\n{text}")
    user = sum(one.ru_utime for one in all_used)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Run(
        wall=wall,
        user=user,
        cpu=user + sum(one.ru_stime for one in all_used),
        largest=max(one.ru_maxrss for one in all_used) / unit,
        together=max(peak, default=0.0),
        out=text,
    )


def require_finished(place: Path, runs: int) -> None:
    """Raise RuntimeError unless MLflow's database in a folder has so many finished runs."""
    with closing(sqlite3.connect(place / "mlflow.db")) as database:
        query = "select count(*) from runs where status = 'FINISHED'"
        found = database.execute(query).fetchone()[0]
    if found != runs:
        raise RuntimeError(f"{found} runs are finished, not {runs}")


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ORPHANS, 1, 0, 0, 0)


def _left_behind() -> list:
    """What processes used that outlived the command that started them."""
    found = []
    with suppress(ChildProcessError):
        while True:
            found.append(os.wait4(-1, 0)[2])
    return found


@contextmanager
def _watched(pid: int | None) -> Iterator[list[float]]:
    """Looks at the memory of a process and all below it while the context lasts."""
    peak: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLED):
            peak.append(sum(map(_megabytes, _family(pid))))

    thread = threading.Thread(target=look, daemon=True)
    if pid is not None and Path("/proc/self/smaps_rollup").exists():
        thread.start()
    try:
        yield peak
    finally:
        over.set()
        if thread.is_alive():
            thread.join()


def _family(pid: int | None) -> set[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            after_name = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(after_name[1])
    found, more = set(), {pid}
    while more:
        found |= more
        more = {one for one, parent in parents.items() if parent in more} - found
    return found


def _megabytes(pid: int) -> float:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        return int(found[1]) / 2**10 if found else 0.0
    return 0.0


def repeat(count: int, once: Callable[[], Round]) -> list[Round]:
    """Rounds, in each of which every command runs once, in turn with its rival."""
    console = Console(stderr=True)
    found = []
    for number in range(1, count + 1):
        if console.is_terminal:
            console.print(f"round {number} of {count}")
        found.append(once())
        _told["rounds"].append(_plain(found[-1]))
    return found


def _plain(value: Any) -> Any:
    """A value as JSON has it; keys of several parts with blanks between, no output."""
    if is_dataclass(value):
        fields = {one.name: getattr(value, one.name) for one in dataclass_fields(value)}
        return _plain({key: of for key, of in fields.items() if key != "out"})
    if isinstance(value, Mapping):
        return {_key(key): _plain(of) for key, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _key(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def save(given: argparse.Namespace) -> None:
    """Write what was printed, and all that was measured, to the file of `--json`."""
    if given.json:
        where = {"json", "usual"}
        options = {key: of for key, of in vars(given).items() if key not in where}
        _told["about"]["arguments"] = options
        Path(given.json).write_text(json.dumps(_told, indent=1) + "\n")


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """The median of ratios, with the lowest and the highest."""
    low, high = min(values), max(values)
    return f"{_short(median(values))} × ({_short(low)} to {_short(high)})"


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Ours by theirs, round by round."""
    if min(*ours, *theirs) <= 0:
        return "lost in noise"
    return spread([one / other for one, other in zip(ours, theirs, strict=True)])


def slope(small: float, large: float, sizes: tuple[int, int]) -> float:
    """What one more point takes, from what two numbers of points took."""
    return (large - small) / (sizes[1] - sizes[0])


def seconds(values: Sequence[float]) -> str:
    """The median of times."""
    value = median(values)
    return f"{value:,.1f} s" if value >= 10 else f"{value:.3g} s"


def milliseconds(values: Sequence[float]) -> str:
    """The median of times that are short."""
    return f"{1000 * median(values):.3g} ms"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, its first column to the left."""
    _told["tables"].append({"title": title, "columns": columns, "rows": rows})
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # tables that go to a file are not folded at 80 columns
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print()


def about(rounds: int) -> None:
    """Print what was measured, and on what."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    what = f"{versions}; Python {platform.python_version()}; {cores} cores"
    _told["about"] = {"what": what, "date": f"{date.today()}", "rounds": rounds}
    print(what)
    print(
        f"{rounds} rounds in turn; medians, and of ratios the lowest and highest; "
        "ratios are qexp by rival: less than 1 is faster\n"
    )


def arguments(doc: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, help=f"rounds; {rounds} where not set")
    parser.add_argument(
        "--quick", action="store_true", help="one small round: does it still work?"
    )
    parser.add_argument("--json", metavar="FILE", help="where to write the results")
    parser.set_defaults(usual=rounds)
    return parser


def rounds_of(given: argparse.Namespace) -> int:
    """How many rounds were asked for."""
    return given.rounds or (1 if given.quick else given.usual)
