"""What a person sees: progress on a terminal, a short table, one line for a remark."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.table import Table

from qexp.secrets import hide

CHATTER = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, SyntaxWarning)
"""Warnings that speak to the authors of libraries, not to their users."""

WIDE = 200
"""Columns of a file or a pipe: tables there are never cut."""


class _Console(Console):
    """A console whose reader may have seen enough: the work goes on without it."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from here on; rich would end the process."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Screen:
    """Standard output for results, standard error for everything else."""

    def __init__(self) -> None:
        """Attach to the standard streams."""
        self.out = _Console(highlight=False, soft_wrap=True)
        if not self.out.is_terminal:
            self.out.width = WIDE
        self.err = _Console(stderr=True, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show what is being done while it is done; silent when not on a terminal."""
        if not self.err.is_terminal:
            yield
            return
        # no spinner: Aer lets no other thread run, and a spinner hides the cursor
        self.err.print(f"{what} …", markup=False, end="\r")
        try:
            yield
        finally:
            self.err.control(Control((ControlType.ERASE_IN_LINE, 2)))

    def note(self, text: str) -> None:
        """A remark."""
        self.err.print(f"note: {hide(text)}", markup=False)

    def error(self, text: str) -> None:
        """What went wrong, and what to do."""
        self.err.print("error:", style="bold red", end=" ")
        self.err.print(hide(text), markup=False)

    def line(self, text: str = "") -> None:
        """A line of the result."""
        self.out.print(text, markup=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of results; the first column is names."""
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for column in columns:
            table.add_column(column, no_wrap=True)
        for row in rows:
            table.add_row(*row)
        needed = table.__rich_measure__(self.out, self.out.options.update(width=10**4))
        if needed.maximum <= self.out.width:
            self.out.print(table, markup=False)
            return
        for (
            row
        ) in rows:  # a terminal that is too narrow: what was cut could not be read
            pairs = zip(columns, row, strict=True)
            self.line("  ".join(f"{name}={cell}" for name, cell in pairs if cell))


@contextmanager
def without_chatter(screen: Screen) -> Iterator[None]:
    """Show real warnings as one line each, and deprecations of libraries not at all."""
    before = warnings.showwarning

    def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        if not issubclass(category, CHATTER):
            screen.err.print(f"warning: {hide(str(message))}", markup=False)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
