"""A sweep that is killed again and again, until it has ended all the same."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.embedded import children
from tests.reliability import small
from tests.reliability.boundaries import lines
from tests.reliability.service import Service
from tests.reliability.small import Server
from tests.reliability.warm import Cold, Command, Warm

KILLED = -9
MOST_LIVES = 400
"""A sweep that has not ended after so many lives does not go on at all."""


ENDINGS = 3
"""How often the same command is given to come to an end when it is not disturbed."""


@dataclass
class Tally:
    """What has been done, over all sweeps."""

    sweeps: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    jobs: int = 0
    points: int = 0
    lost: int = 0
    repeated: int = 0


@dataclass
class Life:
    """A sweep in a folder of its own, and what it has to come to."""

    starter: Warm | Cold
    server: Server
    folder: Path
    arguments: Sequence[str]
    expected: dict[str, Any] = field(default_factory=dict)
    submissions: frozenset[str] = frozenset()
    uri: str | None = None

    def __post_init__(self) -> None:
        self.since = self.server.last()

    def start(self, **about: Any) -> Command:
        return self.starter.start(
            self.folder, list(self.arguments), environment=small.environment(), **about
        )

    def run(self, **about: Any) -> int:
        """Run the command once; its exit status."""
        return self.start(**about).wait()

    def require_once(self) -> None:
        """No submission was accepted twice, so far."""
        sent = self.server.submissions(self.since)
        assert all(n == 1 for n in sent.values()), f"{self.folder}: repeated: {sent}"

    def require(self, tally: Tally | None = None) -> None:
        """All is there, once, and as without any disturbance."""
        sent = self.server.submissions(self.since)
        found = small.state(self.folder, self.uri)
        if tally is not None:
            tally.sweeps += 1
            tally.jobs += sum(sent.values())
            tally.points += len(self.expected) - 1
            tally.repeated += sum(n - 1 for n in sent.values())
            tally.lost += len(self.expected.keys() - found.keys())
        assert sent == dict.fromkeys(self.submissions, 1)
        assert found == self.expected

    @property
    def open(self) -> bool:
        """Whether the ledger has something left to do."""
        return self.rows("SELECT count(*) FROM sweep WHERE state = 'done'") == 0

    def rows(self, counted: str) -> int:
        """What a query counts in the ledger; 0 before there are tables."""
        file = self.folder / ".qexp" / "ledger.db"
        if not file.exists():
            return 0
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            return int(database.execute(counted).fetchone()[0])
        except sqlite3.OperationalError:
            return 0
        finally:
            database.close()

    def end(self) -> None:
        """Let it run to its end, undisturbed; one that has ended would begin anew."""
        for _ in range(ENDINGS):
            if not self.open:
                return
            command = self.start()
            status = command.wait()
            if status == 0:
                return
        raise AssertionError(f"exit status {status}: {command.errors}")


def undisturbed(
    starter: Warm | Cold, server: Server, folder: Path, arguments: Sequence[str]
) -> tuple[dict[str, Any], frozenset[str], list[str], float]:
    """What a sweep comes to; its submissions, its boundaries, how long it took."""
    life = Life(starter, server, folder, arguments)
    trace = folder / "trace"
    started = time.monotonic()
    command = life.start(trace=str(trace))
    status = command.wait()
    taken = time.monotonic() - started
    assert status == 0, command.errors
    sent = server.submissions(life.since)
    assert set(sent.values()) == {1}
    found = small.state(folder)
    assert all(run["status"] == "FINISHED" for run in found.values())
    return found, frozenset(sent), list(dict.fromkeys(lines(trace))), taken


def chain(life: Life, tally: Tally | None = None, **about: Any) -> list[str]:
    """Kill a sweep once at each boundary that it meets in any of its lives.

    In each life it is killed at the first boundary at which it was not killed before, so
    that it goes on by one step, and comes back from every state.

    Returns:
        The boundaries.
    """
    file = life.folder / "chain"
    # without its writer a command keeps the results, and says that they are not logged
    allowed = (KILLED, 0, 1) if about.get("writer") == "writer" else (KILLED, 0)
    for _ in range(MOST_LIVES):
        before = len(lines(file))
        command = life.start(chain=str(file), **about)
        status = command.wait()
        where = lines(file)
        life.require_once()
        if len(where) == before:  # nothing is left to be killed at
            assert status == 0, f"after {where[-1]}: {command.errors}"
            break
        assert status in allowed, f"{status}: {command.errors}"
        if tally is not None:
            tally.kills["at a boundary"] += len(where) - before
        if not life.open:  # killed when all was done; the same command is a new sweep
            break
    else:
        raise AssertionError(f"no end after {MOST_LIVES} lives: {where[-5:]}")
    life.require(tally)
    return lines(file)


def alone(life: Life, boundary: str, tally: Tally | None = None) -> bool:
    """Kill a sweep at one boundary, then let it go on; whether it met the boundary."""
    file = life.folder / "chain"
    command = life.start(chain=str(file), at=boundary)
    status = command.wait()
    killed = bool(lines(file))
    assert status == (KILLED if killed else 0), command.errors
    if killed:
        if tally is not None:
            tally.kills["at a boundary"] += 1
        life.require_once()
        life.end()
    life.require(tally)
    return killed


# -- at random moments

Kill = Callable[[Command], bool]


def process(command: Command) -> bool:
    """Kill the command alone."""
    command.kill()
    return True


def group(command: Command) -> bool:
    """Kill what Ctrl-C in a shell would reach."""
    command.kill_group()
    return True


def child(command: Command) -> bool:
    """Kill a child of the command, and not the command."""
    return _each(children(command.pid)[:1])


def family(command: Command) -> bool:
    """Kill the command and all that it has started, children first."""
    found = children(command.pid)
    return _each([*(g for c in found for g in children(c)), *found, command.pid])


def _each(pids: Sequence[int]) -> bool:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


KILLS: dict[str, Kill] = {
    "process": process,
    "process group": group,
    "its children": child,
    "process and children": family,
}


def at_random(
    life: Life,
    chance: random.Random,
    longest: float,
    kills: int,
    tally: Tally,
    service: Service | None = None,
) -> int:
    """Kill a sweep at random moments, so many times or until it ends; how often.

    Args:
        life: The sweep.
        chance: Draws moments and kinds.
        longest: Seconds within which a command is killed.
        kills: Most kills.
        tally: What is counted.
        service: What may be killed as well, and is started again.
    """
    done = 0
    kinds = [*KILLS, *(["the service"] if service else [])]
    while done < kills and life.open:
        kind = chance.choice(kinds)
        command = life.start()
        if ended(command, chance.uniform(0.0, longest)):
            break
        if service is not None and kind == "the service":
            service.kill()
            if chance.random() < 0.5:
                command.kill()
            service.restart()
            killed = True
        else:
            killed = KILLS[kind](command)
        done += killed
        tally.kills[kind] += killed
        # a command whose child or service was killed may go on, or say what is wrong
        assert command.wait() in (KILLED, 0, 1, 2), command.errors
        life.require_once()
    life.end()
    life.require(tally)
    return done


def ended(command: Command, seconds: float) -> bool:
    """Whether a command ends within some seconds."""
    status = command.ended(seconds)
    assert status in (None, 0, 1), command.errors
    return status is not None
