"""The verb that runs a logged point again, from what MLflow has of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qexp.command import ending, going
from qexp.command import session as sessions
from qexp.command.chosen import split
from qexp.command.session import Session
from qexp.errors import ConfigError, TrackingError
from qexp.guarded.reader import Unreadable, read_packed
from qexp.planning.again import Found, again, find, once_more
from qexp.planning.plan import Plan
from qexp.planning.price import price
from qexp.planning.wording import count
from qexp.results.reproduced import Reproduced, compare
from qexp.shown.reproduced import show_reproduced
from qexp.shown.screen import Screen
from qexp.track.logbook import Logbook
from qexp.track.measured import measurement
from qexp.track.reader import LoggedRun, Reader, is_parent

NAMED = 8
"""Most points of a sweep that are named."""


@dataclass(frozen=True)
class Then:
    """A run that is to be reproduced.

    Attributes:
        run: The run.
        found: Its point.
    """

    run: LoggedRun
    found: Found


def reproduce(arguments: list[str], screen: Screen) -> int:
    """Measure a logged point again, and say whether it is the same.

    Returns:
        The exit status: 0 where it is identical or equal within noise.

    Raises:
        QexpError: There is no such run, or it cannot be run.
    """
    names, values, flags = split(arguments, "reproduce", ("--send",), ("seed",))
    if len(names) != 1:
        raise ConfigError(
            "reproduce takes the id of one run: python -m qexp reproduce RUN_ID "
            "[tracking.uri=…]. qexp prints a run's id, and MLflow shows it."
        )
    with sessions.session(screen) as opened:
        opened.command = ["reproduce", *arguments]
        # MLflow's process imports while this one reads
        opened.prepare(values.get("tracking.uri"))
        reader = Reader(values.get("tracking.uri"))
        then = _then(reader, names[0])
        measurement(reader, then.run)  # nothing is run that cannot be compared
        experiment = once_more(then.found, values)
        if then.found.refused:
            return _refused(then, screen)
        seed = _seed(then) if "seed" not in values else experiment.seed
        planned = again(
            then.found,
            experiment,
            seed=then.found.seed if seed is None else seed,
            name=then.run.experiment,
            reproduces=then.run.run_id,
        )
        _require_consent(planned, flags, arguments)
        _run(opened, planned)
        ending.conclude(opened)
        return judge(opened, reader)


def _then(reader: Reader, run_id: str) -> Then:
    """The run, and its point out of the plan that it was part of.

    Raises:
        ConfigError: It is no point's, or MLflow does not have what it takes.
    """
    run = reader.run(run_id)
    if "qexp.sweep" not in run.tags:
        raise ConfigError(f"run {run_id}: was not logged by qexp.")
    if is_parent(run):
        raise ConfigError(_of_a_sweep(reader, run))
    point = run.tags.get("qexp.point")
    if point is None:
        raise ConfigError(
            f"run {run_id}: there is no point to run, because its circuit or device "
            f"could not be made: {run.tags.get('qexp.error', 'nobody knows why')}"
        )
    if run.status not in ("FINISHED", "FAILED"):
        raise ConfigError(f"run {run_id}: is {run.status}, so it is not complete.")
    owner = run.parent or run_id
    frozen = reader.artifact(owner, "frozen.json")
    if frozen is None:
        raise ConfigError(
            f"run {run_id}: the plan that it was part of (frozen.json of run {owner}) is "
            "not in MLflow. It is written when a sweep ends, by whoever ran it: where "
            f"that was, `python -m qexp resume {run.tags['qexp.sweep']}` or `sync` does."
        )
    try:
        return Then(run, find(frozen, point, read_packed))
    except Unreadable as error:
        raise ConfigError(f"run {run_id}: frozen.json: {error}.") from error


def _of_a_sweep(reader: Reader, run: LoggedRun) -> str:
    children = [one for one in reader.children(run.run_id) if "qexp.point" in one.tags]
    listed = "\n".join(f"    {one.run_id}  {one.name}" for one in children[:NAMED])
    more = f"\n    and {len(children) - NAMED} more" if children[NAMED:] else ""
    return (
        f"run {run.run_id}: is a sweep of {count(len(children), 'point')}. Name the run "
        f"of one of them:\n{listed}{more}"
    )


def _seed(then: Then) -> int | None:
    """The seed that the run's own were drawn from; None where none were."""
    try:
        return int(then.run.params["seed"])
    except (KeyError, ValueError):
        return None


def _refused(then: Then, screen: Screen) -> int:
    """Say how a cell that cannot be run compares; nothing of it is run or logged."""
    why = "\n".join(then.found.refused)
    screen.error(f"cannot be run: {why}")
    same = then.run.tags.get("qexp.error") == why
    screen.line(
        "IDENTICAL  it was refused for the same reason; nothing was run"
        if same
        else f"DIFFERENT  then it {_came_to(then.run)}; nothing was run"
    )
    return 0 if same else 1


def _came_to(run: LoggedRun) -> str:
    error = run.tags.get("qexp.error")
    return "was run" if error is None else f"failed: {error}"


def _require_consent(planned: Plan, flags: set[str], arguments: Sequence[str]) -> None:
    """Say what it costs, unless that was asked for.

    Raises:
        ConfigError: It is not run by this machine, and `--send` is not given.
    """
    if not planned.paid or "--send" in flags:
        return
    service = planned.first.experiment.service
    seconds = price(planned).total
    cost = "QPU time nobody can tell" if seconds is None else f"up to {seconds:.1f} s"
    circuits = sum(one.size for one in planned.submissions)
    raise ConfigError(
        f"run {planned.reproduces} was measured by service {service.kind} "
        f"({getattr(service, 'url', 'no address')}) on {planned.first.device_name}. To "
        f"run it again takes {count(len(planned.submissions), 'job')} of "
        f"{count(circuits, 'circuit')}, and of QPU time {cost}. Nothing was sent. "
        f"This does: python -m qexp reproduce {' '.join(arguments)} --send"
    )


def _run(opened: Session, planned: Plan) -> None:
    """Run a plan as one of its own; one that an earlier process began goes on."""
    experiment = planned.first.experiment
    (point,) = planned.places
    text = f"reproduces {planned.reproduces} {planned.seed} {point}"
    opened.sweep = hashlib.sha256(text.encode()).hexdigest()[:12]
    going.enter(opened, planned)
    going.begin(opened, planned, experiment)
    if not opened.finished:
        going.start(opened, going.of_the_sweep(opened, planned))


def judge(opened: Session, reader: Reader | None = None) -> int:
    """Compare what a command has measured again with what it was, say so and log it.

    Args:
        opened: The command; it has run a plan that reproduces a run.
        reader: The store, where it is open.

    Returns:
        The exit status.

    Raises:
        TrackingError: The store is not there, or has not what it takes.
    """
    assert opened.logbook is not None
    assert opened.target is not None
    finished = opened.finished[-1]
    away = opened.logbook.away is not None
    if opened.halted or away or not finished.outcomes:
        return opened.status
    (outcome,) = finished.outcomes.values()
    run_id, before = outcome.run_id.result(), finished.plan.reproduces or ""
    try:
        reader = reader or Reader(opened.target.uri)
        then = measurement(reader, reader.run(before))
        found = compare(then, measurement(reader, reader.run(run_id)))
        _log(opened.logbook, run_id, found)
    except TrackingError as error:
        error.exit_status = 1  # something was run
        raise
    show_reproduced(found, before, opened.screen)
    return int(found.verdict == "different")


def _log(logbook: Logbook, run_id: str, found: Reproduced) -> None:
    content = json.dumps(found.to_dict(), indent=1).encode()
    tags: Mapping[str, str] = {"qexp.reproduced": found.verdict}
    logbook.add(run_id, {"reproduction.json": content}, tags)
