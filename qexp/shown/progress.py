"""How far a sweep is: a live line on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from qexp.shown.screen import Screen


class Sweeping:
    """Points done, failed and under way, their rate, and the time that is left."""

    def __init__(self, screen: Screen, total: int, running: Callable[[], int]) -> None:
        """Prepare the line; it appears inside the context.

        Args:
            screen: Where it goes.
            total: Number of points.
            running: Tells how many points are under way.
        """
        self._screen = screen
        self.done = self.failed = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _State(self, running),
            TimeElapsedColumn(),
            _Left(),
            console=screen.err,
            disable=not screen.err.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("points", total=total)

    def __enter__(self) -> Sweeping:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, *, failed: bool) -> None:
        """One more point is over."""
        self.done += 1
        self.failed += failed
        self._progress.update(self._task, completed=self.done)

    def stopping(self) -> None:
        """Ctrl-C was heard: say so, where a person would wait for it."""
        self._progress.update(
            self._task, description="stopping, Ctrl-C again ends at once:"
        )

    def logging(self) -> None:
        """All is measured, and not all is logged."""
        # `mlflow.db` takes MLflow some seconds to make, the first time
        self._progress.update(self._task, description="logging to MLflow:")


class _State(ProgressColumn):
    """What is under way, looked at whenever the line is drawn."""

    max_refresh = 0.2

    def __init__(self, sweeping: Sweeping, running: Callable[[], int]) -> None:
        super().__init__()
        self._sweeping, self._running = sweeping, running

    def render(self, task: Task) -> Text:
        """The text of the column."""
        running = self._running()
        started = running or task.completed
        parts = [f"{self._sweeping.failed} failed"]
        parts.append(f"{running} running" if started else "starting")
        if task.speed and not task.finished:
            parts.append(f"{task.speed:.1f}/s")
        return Text(", ".join(parts))


class _Left(TimeRemainingColumn):
    """The time that is left, as long as it can be told."""

    def render(self, task: Task) -> Text:
        """The text of the column."""
        told = task.description == "points" and not task.finished
        return Text.assemble(super().render(task), " left") if told else Text("")
