"""Sweeps that are killed some 500 times, and more: nothing is lost, nothing is sent twice.

On this machine only; bounded. `--kills N` is how many random kills there are; with
`--random` the boundaries, a kill at each of which takes half an hour, are left out.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.reliability import lives, scripted
from tests.reliability.bench import Bench, opened
from tests.reliability.breaking import BROKEN
from tests.reliability.lives import Life, Tally
from tests.reliability.warm import Cold

MODES = ("server", "client", "platform")
AT_ONCE = 8
"""Most kills of one sweep."""


def boundaries(bench: Bench, tally: Tally) -> None:
    """Each boundary, one after another in one sweep, and each alone."""
    for compile in MODES:
        lives.chain(bench.life(compile), tally)
        for who in ("both", "writer"):
            lives.chain(bench.life(compile), tally, writer=who)
        so_far(tally)
        for boundary in bench.reference(compile)[2]:
            lives.alone(bench.life(compile), boundary, tally)
        so_far(tally)


def randomly(bench: Bench, tally: Tally, kills: int, *, faults: bool) -> None:
    """Random moments; with faults as well, or with the emulator among the killed."""
    chance, start = random.Random(f"{kills} kills, {faults}"), tally.kills.total()
    while (left := kills - (tally.kills.total() - start)) > 0:
        compile = chance.choice(MODES)
        longest = bench.seconds(compile) * (1.5 if faults else 1.0)
        life = bench.life(compile)
        if faults:
            bench.service.fail(*scripted.mixture(chance, compile=compile))
        service = None if faults else bench.service
        most = min(left, AT_ONCE)
        lives.at_random(life, chance, longest, most, tally, service)
        if faults:
            tally.faults += bench.service.befallen
        so_far(tally)


def coldly(bench: Bench, tally: Tally, kills: int) -> None:
    """Commands that were started as a user does, imports and all."""
    chance, start = random.Random(f"{kills} cold kills"), tally.kills.total()
    cold = Cold()
    try:
        while (left := kills - (tally.kills.total() - start)) > 0:
            life = bench.life("server")
            life.starter = cold
            lives.at_random(life, chance, 8.0, min(left, AT_ONCE), tally)
            so_far(tally)
    finally:
        cold.close()


def broken(bench: Bench, name: str) -> int:
    """Whether a broken promise is noticed: 0 if it is."""
    told = []
    for compile, who in (("server", None), ("client", None), ("server", "both")):
        about = {"broken": name} | ({"writer": who} if who else {})
        life: Life = bench.life(compile)
        try:
            lives.chain(life, **about)
        except AssertionError as error:
            boundary = lives.lines(life.folder / "chain")[-1:]
            reason = str(error).replace("\n", " ")[:160]
            told.append(f"{compile}, {who or 'command'} killed, {boundary}: {reason}")
    for one in told:
        print(f"noticed: {one}")
    return 0 if told else 1


def so_far(tally: Tally) -> None:
    """A line for who waits."""
    counts = f"{tally.kills.total():,} kills of {tally.sweeps:,} sweeps"
    wrong = f"{tally.lost} results lost, {tally.repeated} jobs repeated"
    print(f"{counts}: {wrong}", file=sys.stderr, flush=True)


def told(tally: Tally, taken: float) -> None:
    rows = [
        ("kills", tally.kills.total()),
        *((f"… {kind}", n) for kind, n in sorted(tally.kills.items())),
        ("faults", tally.faults),
        ("sweeps", tally.sweeps),
        ("jobs submitted", tally.jobs),
        ("points", tally.points),
        ("results lost", tally.lost),
        ("jobs repeated", tally.repeated),
        ("seconds", round(taken)),
    ]
    for name, value in rows:
        print(f"| {name} | {value:,} |")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.kills")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--broken", choices=BROKEN)
    asked = parser.parse_args(arguments)
    from qexp.track.database import create_sqlite

    tally, start = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="qexp-kills-") as name:
        root = Path(name)
        create_sqlite(f"sqlite:///{root}/mlflow.db")
        with opened(root, root / "mlflow.db", seconds=7200) as bench:
            if asked.broken:
                return broken(bench, asked.broken)
            try:
                randomly(bench, tally, asked.kills * 3 // 5, faults=False)
                randomly(bench, tally, asked.kills // 3, faults=True)
                coldly(
                    bench, tally, asked.kills - asked.kills * 3 // 5 - asked.kills // 3
                )
                if not asked.random:
                    boundaries(bench, tally)
            finally:
                told(tally, time.monotonic() - start)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
