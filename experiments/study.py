"""What the studies share: sweeps in a folder of their own, tables, and where both go."""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

import qexp
from qexp.families import mean
from qexp.figures import png
from qexp.findings.sweep import Sweep

BEGIN, END = "<!-- made by the command: {name} -->", "<!-- end of {name} -->"
"""What stands around a table in README.md, on lines of their own."""


ALIKE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": (
        "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
    ),
}
"""Variables by which x86-64 processors of the last ten years compute alike.

Terra's compiler synthesises gates numerically at level 3, and what it chooses between two
that are nearly equal depends on the last digit.
"""


@dataclass(frozen=True)
class Study:
    """A study that is being made.

    Attributes:
        home: Its folder, with `README.md` and `conf`.
        work: Where its sweeps run; their ledger and MLflow's database are there.
        out: Where tables and pictures go.
        small: Whether it is only tried out, with as little as it needs.
    """

    home: Path
    work: Path
    out: Path
    small: bool

    def sweep(
        self, experiment: str, *overrides: str, small: Sequence[str] = ()
    ) -> Sweep:
        """Run a sweep as a user does, and read it back.

        Args:
            experiment: Its name in `conf/experiment`.
            overrides: Further arguments of `python -m qexp`.
            small: Those that make it small.

        Raises:
            SystemExit: It failed, or a point of it did.
        """
        arguments = [f"+experiment={experiment}", *overrides]
        arguments += small if self.small else ()
        print(f"$ python -m qexp {' '.join(arguments)}", flush=True)
        run = [sys.executable, "-m", "qexp", *arguments, "tracking.pictures=none"]
        environment = {**os.environ, **ALIKE}
        finished = subprocess.run(run, cwd=self.work, env=environment, check=False)
        if finished.returncode:
            raise SystemExit(finished.returncode)
        return qexp.load()

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Print a table, and write it as CSV and into the README.

        Args:
            name: What the file is called, without its ending.
            frame: Rows and columns, its numbers as text already.
        """
        print(f"\n{frame.to_string(index=False)}\n", flush=True)
        frame.to_csv(self.out / f"{name}.csv", index=False)
        if self.out.parent == self.home:
            page = self.home / "README.md"
            page.write_text(filled(page.read_text(), name, frame))

    def picture(self, name: str, figure: Figure | bytes) -> None:
        """Write a picture as PNG."""
        made = figure if isinstance(figure, bytes) else png(figure)
        (self.out / f"{name}.png").write_bytes(made)


@contextmanager
def study(home: Path, question: str) -> Iterator[Study]:
    """Read the command line and make the folders; the current one is the sweeps'.

    Args:
        home: The study's folder.
        question: What it asks, for `--help`.
    """
    parser = argparse.ArgumentParser(
        f"python -m experiments.{home.name}", None, question
    )
    parser.add_argument(
        "--small", action="store_true", help="try it out, measure nothing"
    )
    parser.add_argument(
        "--out", type=Path, help="where figures go, if not into the study"
    )
    parser.add_argument(
        "--keep", type=Path, help="a new folder for its runs, to be kept"
    )
    given = parser.parse_args()
    out = (given.out or home / "figures").resolve()
    out.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        work = (given.keep or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        (work / "conf").symlink_to(home / "conf")
        os.chdir(work)
        try:
            yield Study(home, work, out, given.small)
        finally:
            os.chdir(before)


def over_repeats(frame: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """The mean of a metric over repeats, with Student's 95 % interval.

    Args:
        frame: A row for each point.
        by: The columns that tell settings apart.
        metric: The column.

    Returns:
        The columns `by`, and `value`, `low` and `high`.
    """
    rows = []
    for key, group in frame.groupby(list(by), sort=True, dropna=False):
        rows.append((*key, *interval(group[metric])))
    return pd.DataFrame(rows, columns=[*by, "value", "low", "high"])


def interval(values: Iterable[float]) -> tuple[float, float, float]:
    """The mean of repeats and the ends of Student's 95 % interval; NaN of one repeat."""
    found = mean(list(values))
    low = math.nan if found.low is None else found.low
    high = math.nan if found.high is None else found.high
    return found.value, low, high


def written(
    value: float, low: float = math.nan, high: float = math.nan, places: int = 3
) -> str:
    """An estimate as text, with its interval where it has one."""

    def plain(number: float) -> str:
        return f"{round(number, places) + 0.0:.{places}f}"  # no minus before a zero

    text = plain(value)
    if pd.notna(low) and pd.notna(high):
        text += f" ({plain(low)} to {plain(high)})"
    return text.replace("-", "\N{MINUS SIGN}")


def filled(page: str, name: str, frame: pd.DataFrame) -> str:
    """A README with a table of the study's between the lines that name it.

    Raises:
        SystemExit: It has no such lines.
    """
    begin, end = BEGIN.format(name=name), END.format(name=name)
    head, _, rest = page.partition(f"{begin}\n")
    _, _, tail = rest.partition(end)
    if not tail:
        raise SystemExit(f"README.md: no lines '{begin}' and '{end}'.")
    rows = [list(frame.columns), ["---"] * frame.shape[1], *frame.values.tolist()]
    lines = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    return f"{head}{begin}\n\n{lines}\n\n{end}{tail}"
