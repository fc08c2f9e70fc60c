"""The command line: Hydra composes, qexp runs, every error becomes a sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hydra
from omegaconf import DictConfig

from qexp import userconf
from qexp.composing import explained
from qexp.errors import QexpError
from qexp.read import read
from qexp.screen import Screen, without_chatter
from qexp.track.client import Tracker
from qexp.track.target import probe, target

FULL_ERROR = "HYDRA_FULL_ERROR"

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: list[str]) -> int:
    """Run qexp with command-line arguments.

    Returns:
        The exit status: 0, 1 where something failed, 2 where nothing could be run.
    """
    screen = Screen()
    with without_chatter(screen):
        return _reported(lambda: _compose_and_run(arguments, screen), screen)


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
    statuses: list[int] = []

    def task(composed: DictConfig) -> None:
        # reported here, or Hydra would put a line of its own before the message
        with _environment(FULL_ERROR, wanted):
            statuses.append(_reported(lambda: run(composed, screen), screen))

    application = hydra.main(
        version_base="1.3", config_path=str(userconf.built_in()), config_name="qexp"
    )(task)
    wanted = os.environ.get(FULL_ERROR)
    with userconf.in_use() as folder, _argv(arguments), explained(arguments):
        if folder is not None and userconf.groups(folder):
            names = ", ".join(userconf.groups(folder))
            screen.note(f"./conf is searched first, for: {names}")
        # Hydra prints its errors unless it is asked to raise them
        with _environment(FULL_ERROR, "1"):
            application()
    return max(statuses, default=0)


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

    ``experiment=ghz`` means ``+experiment=ghz``: there is no other to override.
    """
    first = [one for one in arguments if one in ("-m", "--multirun", "-r", "--run")]
    rest = [one for one in arguments if one not in first]
    plus = [f"+{one}" if one.startswith("experiment=") else one for one in rest]
    return first + plus


def run(composed: DictConfig, screen: Screen) -> int:
    """Run what Hydra composed; the exit status."""
    experiment = read(composed)
    store = target(experiment.tracking.uri)
    with Tracker(store) as tracker:
        # terra takes as long to import as MLflow does in the tracker's process
        from qexp.run import illustrate, run
        from qexp.summary import show

        probe(store)
        outcome = run(experiment, tracker, screen)
        show(outcome, store, tracker.experiment_id, screen)
        illustrate(outcome, tracker, screen)
    return 1 if outcome.ran.result.error else 0
