"""What a command has left to do, and how it goes on."""

from __future__ import annotations

from qexp.planning.wording import count
from qexp.shown.screen import Screen
from qexp.track.finished import Finished

NAMED = 8
"""Most reasons that are named."""


def show_left(finished: Finished, away: BaseException | None, screen: Screen) -> None:
    """Say what was not run or not logged, and which command does it.

    Args:
        finished: What the command has come to.
        away: Why MLflow could not be written to, or None.
        screen: Where it goes.
    """
    plan = finished.plan
    if finished.unlogged or away is not None:
        unlogged = count(finished.unlogged, "result")
        screen.error(
            f"{away}\n{unlogged} of {len(finished.outcomes)} are not in MLflow. They are "
            f"safe in the ledger; `python -m qexp sync {plan.id}` logs them."
        )
    for why in list(dict.fromkeys(finished.unfetched.values()))[:NAMED]:
        screen.error(why)
    missing = len(plan.places) - len(finished.outcomes)
    of = f"{missing} of {count(len(plan.places), 'point')}"
    go_on = f"`python -m qexp resume {plan.id}` goes on, and so does the same command"
    if finished.paused:
        screen.error(
            f"{finished.paused}, so the sweep pauses: {of} were not run. With a larger "
            f"budget {go_on}."
        )
    elif finished.detached:
        _show_jobs(finished, screen)
        screen.line(f"`python -m qexp resume {plan.id}` fetches the results of {of}.")
    elif finished.unfetched:
        jobs = count(len(finished.unfetched), "job")
        screen.error(
            f"{jobs} could not be fetched: {of} are missing. What was sent stays with "
            f"the service. {go_on}."
        )
    elif finished.interrupted:
        screen.error(f"interrupted: {of} are missing. {go_on}.")


def _show_jobs(finished: Finished, screen: Screen) -> None:
    """The jobs that were sent, and how many could not be sent yet."""
    sent = [job for job in finished.jobs.values() if job is not None]
    for job in sent:
        screen.line(f"job       {job}")
    waiting = len(finished.jobs) - len(sent)
    if waiting:
        screen.line(
            f"{count(waiting, 'job')} more than the service takes at a time "
            f"{'waits' if waiting == 1 else 'wait'} here; they are sent when it goes on."
        )
