"""What a command takes before and beside its work, against what it cannot do without."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.rivals.noop_sweep import PLAIN
from benchmarks.timing import (
    QEXP,
    Round,
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
)

JOB = ["+experiment=ghz", "backend=ibmq_montreal"]
LEVELS = "options.optimization_level=0,1"
QUERY = ["completion", "query", "--shell=zsh", "--", "", "+experiment=gh"]

REFERENCES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import hydra": [sys.executable, "-c", "import hydra"],
    "no-op Hydra + qiskit": [*rival("noop_qiskit"), *JOB, *PLAIN],
    "import mlflow, qiskit, qiskit_aer": [
        sys.executable,
        "-c",
        "import mlflow, qiskit, qiskit_aer",
    ],
}


@dataclass(frozen=True)
class Row:
    """A command of qexp's and what it is held against.

    Attributes:
        name: What it is.
        command: The arguments.
        reference: One of `REFERENCES`.
        factor: At most so many times the reference, None where nothing was set.
        extra: And so many seconds.
        follows: Whether it runs where the command of the row before has run.
    """

    name: str
    command: Sequence[str]
    reference: str
    factor: float | None
    extra: float = 0.0
    follows: bool = False

    @property
    def target(self) -> str:
        """The target, in words."""
        if self.factor is None:
            return "-"
        return f"{self.factor} ×" + (f" + {self.extra} s" if self.extra else "")

    def met(self, ours: Sequence[float], theirs: Sequence[float]) -> str:
        """Whether the median over the rounds is within the target."""
        if self.factor is None:
            return "-"
        over = [
            one - self.factor * other - self.extra
            for one, other in zip(ours, theirs, strict=True)
        ]
        return "yes" if median(over) <= 0 else f"no, by {seconds(over)}"


BARE, HYDRA, NOOP, HEAVY = REFERENCES
ROWS = [
    Row("--help", ["--help"], BARE, 1.5, 0.1),
    Row("completion query", QUERY, HYDRA, 2.0),
    Row("plan of 1 point", ["plan", *JOB], NOOP, 1.5),
    Row(
        "plan of 64 points",
        ["plan", "+experiment=ghz_options", "backend=ibmq_montreal"],
        NOOP,
        1.5,
    ),
    Row("1 point, empty folder", JOB, HEAVY, 1.2),
    Row("1 point, later", JOB, HEAVY, 1.0, follows=True),
    Row("-m of 2 points, later", ["-m", *JOB, LEVELS], HEAVY, None, follows=True),
]
WITHOUT_RUNS = 4
"""The first rows, which simulate nothing."""


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__, rounds=7).parse_args()
    rows = ROWS[:WITHOUT_RUNS] if given.quick else ROWS
    about(rounds_of(given))
    if not given.quick:
        _once(rows)  # so that bytecode is written, and files are read from the disk
    rounds = repeat(rounds_of(given), lambda: _once(rows))
    for title, kind in (("wall time", "wall"), ("CPU time of all processes", "cpu")):
        show(
            title,
            ["", "qexp", "against", "", "ratio", "target", "met"],
            [_shown(row, rounds, kind) for row in rows],
        )
    save(given)


def _once(rows: Sequence[Row]) -> Round:
    """Every command, and just before it its reference."""
    found = {}
    for row in rows:
        if row.follows:
            continue
        with folder() as place:
            chain = [row, *_after(rows, row)]
            for one in chain:
                found[f"{one.name} reference"] = measured(
                    REFERENCES[one.reference], place
                )
                found[one.name] = measured([*QEXP, *one.command], place)
    return found


def _after(rows: Sequence[Row], row: Row) -> list[Row]:
    """The rows that run in the folder of one."""
    found = []
    for one in rows[rows.index(row) + 1 :]:
        if not one.follows:
            break
        found.append(one)
    return found


def _shown(row: Row, rounds: Sequence[Round], kind: str) -> list[str]:
    ours = [getattr(one[row.name], kind) for one in rounds]
    theirs = [getattr(one[f"{row.name} reference"], kind) for one in rounds]
    return [
        row.name,
        seconds(ours),
        row.reference,
        seconds(theirs),
        ratios(ours, theirs),
        row.target,
        row.met(ours, theirs) if kind == "wall" else "",
    ]


if __name__ == "__main__":
    main()
