"""The command line: Hydra composes, qexp runs, every error becomes a sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from qexp import userconf
from qexp.command import carrying
from qexp.command import session as sessions
from qexp.command.errand import errand
from qexp.command.jobs import declared, foreign_job, single_run
from qexp.command.session import Session
from qexp.declare.composing import FREE, explained
from qexp.declare.told import named, registered
from qexp.devices import known
from qexp.errors import ConfigError, PointFailed, QexpError, TrackingError
from qexp.garbage import resting
from qexp.results.told import JobOutcome
from qexp.shown.request import plan_request
from qexp.shown.screen import Screen, without_chatter

FULL_ERROR = "HYDRA_FULL_ERROR"

OF_A_JOB = (ConfigError, PointFailed)
"""What a sweeper raises of a job; the other jobs' results are there."""

OF_A_SWEEP = ("resume", "sync", "report", "cancel", "adopt")
"""Verbs about a sweep that is in the ledger."""

VERBS = (*OF_A_SWEEP, "reproduce", "devices")
"""Verbs that Hydra has no part in."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: list[str]) -> int:
    """Run qexp with command-line arguments.

    Returns:
        The exit status: 0, 1 where something failed, 2 where nothing could be run.
    """
    screen = Screen()
    verb = arguments[0] if arguments else ""
    work = _verb(verb) if verb in VERBS else None
    with without_chatter(screen):
        if work is not None:
            return _reported(lambda: work(arguments[1:], screen), screen)
        return _reported(lambda: _compose_and_run(arguments, screen), screen)


def _verb(verb: str) -> Callable[[list[str], Screen], int]:
    # they import terra
    if verb in ("resume", "sync"):
        from qexp.command import again

        return again.resume if verb == "resume" else again.sync
    if verb == "reproduce":
        from qexp.command.reproduce import reproduce

        return reproduce
    if verb == "devices":
        from qexp.command.devices import devices

        return devices
    if verb == "report":
        from qexp.command import report

        return report.report
    from qexp.command import withdraw

    return withdraw.cancel if verb == "cancel" else withdraw.adopt


def _reported(work: Callable[[], int], screen: Screen) -> int:
    """The status of ``work``, with its errors shown as messages."""
    try:
        return work()
    except SystemExit as left:  # Hydra, after a page of its own
        return left.code if isinstance(left.code, int) else 0
    except KeyboardInterrupt:
        screen.error("interrupted; nothing more was logged.")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(FULL_ERROR) == "1":
            raise
        if isinstance(error, QexpError):
            screen.error(str(error))
            return error.exit_status
        screen.error(
            f"{type(error).__name__}: {error}\nThis is a fault of qexp's; "
            f"{FULL_ERROR}=1 shows where it arose."
        )
        return 1


def _compose_and_run(arguments: list[str], screen: Screen) -> int:
    request, rest = plan_request(arguments)
    with sessions.session(screen) as opened:
        opened.request = request
        opened.command = arguments
        try:
            return _carried_out(rest, opened)
        except TrackingError as error:
            if _something_is_there(opened):
                error.exit_status = 1
            raise


def _carried_out(arguments: list[str], opened: Session) -> int:
    error = _ended_by(arguments, opened)
    if error is None:
        _conclude(opened, "FINISHED")
        return opened.status
    if not opened.begun or not isinstance(error, OF_A_JOB):
        raise error
    _conclude(opened, "FAILED")
    opened.screen.error(str(error))
    return 1


def _something_is_there(opened: Session) -> bool:
    """Whether a part of the sweep was logged, or was measured by an earlier process."""
    before = opened.entered is not None and opened.entered.before
    return before or bool(opened.logbook and opened.logbook.written)


def _conclude(opened: Session, status: str) -> None:
    if opened.begun:
        with resting(imports=True):
            from qexp.command import ending  # it imports terra

        ending.conclude(opened, status)


def _ended_by(arguments: list[str], opened: Session) -> Exception | None:
    """Compose and run; what ended it before its time, or None."""
    try:
        _compose(arguments, opened)
    except KeyboardInterrupt:
        if not opened.interrupted:
            raise
    except SystemExit:  # of Hydra, or of a callback, whose exceptions Hydra swallows
        if opened.error is None:
            raise
    except Exception as error:
        return opened.error or error
    return opened.error


def _compose(arguments: list[str], opened: Session) -> None:
    application = hydra.main(
        version_base="1.3", config_path=str(userconf.built_in()), config_name="qexp"
    )(task)
    with userconf.in_use() as folder, _argv(arguments), explained(arguments):
        if folder is not None and userconf.groups(folder):
            names = ", ".join(userconf.groups(folder))
            opened.screen.note(f"./conf is searched first, for: {names}")
        # Hydra prints its errors unless it is asked to raise them
        told = registered([*known.names(), *named(arguments)])
        with told, _environment(FULL_ERROR, "1"), _of_the_sweeper(opened):
            application()


@contextmanager
def _of_the_sweeper(opened: Session) -> Iterator[None]:
    """Raise PointFailed for what a sweeper makes of a sweep that has begun."""
    try:
        yield
    except (QexpError, HydraException, OmegaConfBaseException):
        raise
    except Exception as error:
        if not opened.begun:
            raise
        raise PointFailed(f"the sweeper gave up: {error}") from error


def task(composed: DictConfig) -> float | None:
    """What Hydra calls with a composed job; in another process, too.

    Returns:
        The metric that `optimize` names, where a launcher of someone else's runs jobs
        one by one.
    """
    opened = sessions.current()
    if opened is None:
        outcome = _in_another_process(composed)
    elif single_run():
        try:
            carrying.handle(opened, declared(composed))
        except Exception as error:  # Hydra would put a line of its own before it
            opened.error = error
        return None
    else:
        outcome = foreign_job(opened, composed)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def _in_another_process(composed: DictConfig) -> JobOutcome:
    """Run a job for the sweep of the process that started this one."""
    screen = Screen()
    with without_chatter(screen), sessions.session(screen, errand()) as opened:
        outcome = foreign_job(opened, composed)
        from qexp.command import ending  # it imports terra

        ending.draw(opened)
        return outcome


@contextmanager
def _argv(arguments: list[str]) -> Iterator[None]:
    """Let Hydra, which reads `sys.argv`, read ``arguments``."""
    before = sys.argv
    sys.argv = ["qexp", *_with_plus(arguments)]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Set an environment variable, or unset it, while the context lasts."""
    before = os.environ.get(name)
    _set(name, value)
    try:
        yield
    finally:
        _set(name, before)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _with_plus(arguments: list[str]) -> list[str]:
    """Arguments as Hydra wants them: flags of one word first, and a plus where it is due.

    ``experiment=ghz`` means ``+experiment=ghz``: there is no other to override; an axis
    of a grid is there, or is added, and so is a key of a mapping that is open.
    """
    first = [one for one in arguments if one in ("-m", "--multirun", "-r", "--run")]
    rest = [one for one in arguments if one not in first]
    return first + [_plus(one) for one in rest]


def _plus(argument: str) -> str:
    if argument.startswith("experiment="):
        return f"+{argument}"
    adds = argument.startswith(("grid.", "grid={", *FREE)) or _fills(argument)
    return f"++{argument}" if adds else argument


def _fills(argument: str) -> bool:
    """Whether an argument gives a mapping that is open: ``options.run_config={…}``."""
    key, _, value = argument.partition("=")
    return f"{key}." in FREE and value.startswith("{")
