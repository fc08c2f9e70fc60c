"""What lasts as long as a command: the screen, MLflow, the service, the sweep's run.

Hydra may hand in the jobs of one command in several batches (`max_batch_size`, an
optimizer, a launcher of someone else's); they are one sweep with one run of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qexp.command.described import describe
from qexp.command.errand import Errand
from qexp.declare.expand import Expanded
from qexp.errors import LedgerError, QexpError
from qexp.garbage import resting
from qexp.planning.seeds import sweep_seed
from qexp.shown.request import PlanRequest
from qexp.shown.screen import Screen
from qexp.track.client import Tracker
from qexp.track.logbook import Logbook
from qexp.track.target import Away, Target, probe, target

if TYPE_CHECKING:  # they import terra, which MLflow's process is started before
    from qexp.command.books import Entered
    from qexp.command.watch import Watch
    from qexp.planning.cell import Cell
    from qexp.planning.plan import Plan
    from qexp.results.outcome import Outcome
    from qexp.services import Runner
    from qexp.track.finished import Finished

_current: list[Session] = []


def current() -> Session | None:
    """The session of this process's command, if there is one."""
    return _current[-1] if _current else None


@contextmanager
def session(screen: Screen, errand: Errand | None = None) -> Iterator[Session]:
    """A session for a command; it is ended in good order, or at once on an error.

    Args:
        screen: What the user sees.
        errand: The sweep of another process that this one works for.
    """
    opened = Session(screen, errand)
    _current.append(opened)
    try:
        yield opened
    except BaseException as error:
        ended = isinstance(error, KeyboardInterrupt | SystemExit)
        opened.abandon("KILLED" if ended else "FAILED")
        raise
    else:
        opened.close()
    finally:
        _current.remove(opened)


class Session:
    """One command's work.

    Attributes:
        whole: The plan of all batches, where these are known before the first is run.
        at_once: Whether the sweep is a single batch.
        unreachable: Why MLflow is away, where it is.
        command: The command line, for the ledger.
        entered: The sweep in the ledger.
        elsewhere: Who runs the jobs, where they are not run as a whole; None where they
            are.
        axes: The keys that vary, where jobs are not run as a whole.
        scratch: Folder for what Hydra's plugins write and nobody asked for.
        error: What ended the command; Hydra would put a line of its own before it.
    """

    def __init__(self, screen: Screen, errand: Errand | None = None) -> None:
        """Open nothing yet."""
        self.screen = screen
        self.errand = errand
        self.target: Target | None = None
        self.logbook: Logbook | None = None
        self.unreachable: Away | None = None
        self.command: Sequence[str] = ()
        self.entered: Entered | None = None
        self.watch: Watch | None = None
        self.runner: Runner | None = None
        self.seed: int | None = errand.seed if errand else None
        self.whole: Plan | None = None
        self.sweep: str | None = errand.sweep if errand else None
        self.at_once = False
        self.elsewhere: str | None = None
        self.axes: Sequence[str] = errand.axes if errand else ()
        self.scratch: Path | None = None
        self.finished: list[Finished] = []
        self.error: Exception | None = None
        self.request: PlanRequest | None = None
        self.failed_elsewhere = 0
        self.invalid_planned = 0
        self._refused: set[str] = set()
        self._told: set[str] = set()

    @property
    def status(self) -> int:
        """The exit status: 130 after Ctrl-C, 1 where something failed, else 0."""
        if self.interrupted:
            return 130
        failed = self.failed_elsewhere or self.invalid_planned
        return int(
            bool(failed)
            or any(
                one.failed or one.unlogged or one.paused or one.unfetched
                for one in self.finished
            )
        )

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended a batch."""
        return any(one.interrupted for one in self.finished)

    @property
    def halted(self) -> bool:
        """Whether points are left that are not to be run now."""
        return any(one.halted for one in self.finished)

    @property
    def begun(self) -> bool:
        """Whether MLflow may have got something."""
        return bool(self.finished) or self.elsewhere is not None

    def prepare(self, uri: str | None, *, must_be_there: bool = True) -> Logbook:
        """Start MLflow's process, which imports for as long as terra does.

        Args:
            uri: `tracking.uri`.
            must_be_there: Whether somebody has to answer there now.

        Raises:
            TrackingError: Nobody answers there, or it is no MLflow store.
        """
        if self.logbook is None:
            self.target = target(uri)
            self.logbook = Logbook(Tracker(self.target))
            if self.errand is not None:
                self.logbook.belong(self.errand.run)
                self.logbook.open(self.errand.experiment)
            try:
                probe(self.target)
            except Away as error:
                self.unreachable = error
        if must_be_there and self.unreachable is not None:
            raise self.unreachable
        return self.logbook

    @resting()
    def plan(
        self, expanded: Expanded, known: Collection[str] = (), *, part: bool = False
    ) -> Plan:
        """The plan of what was declared, with the seed of the command.

        Args:
            expanded: The cells.
            known: Ids of points that earlier batches have run.
            part: Whether it is some cells of a sweep only.

        Raises:
            ConfigError: It cannot be run, or an axis changes nothing.
        """
        from qexp.planning.axes import require_effect
        from qexp.planning.cell import make
        from qexp.planning.plan import plan

        if self.seed is None:
            self.seed = sweep_seed(expanded.cells[0].experiment.seed)
        describe((one.experiment for one in expanded.cells), self.screen.note)
        cells = make(expanded.cells)
        if not part:
            require_effect(cells)
        return plan(
            cells,
            swept=expanded.swept,
            seed=self.seed,
            known=known,
            notes=expanded.notes,
            part=part,
            start=sum(len(one.plan.submissions) for one in self.finished),
        )

    def plan_of(self, planned: Plan, only: Collection[str]) -> Plan:
        """A plan of some of another's points."""
        from qexp.planning.plan import plan

        cells = [*planned.cells, *planned.invalid, *planned.dropped]
        assert self.entered is not None
        made = plan(
            cells,
            swept=planned.swept,
            seed=planned.seed,
            notes=planned.notes,
            part=True,
            start=len(self.entered.book.submissions()),
            only=only,
        )
        return replace(made, asked=planned.asked, name=planned.name)

    def rehearse(self, expanded: Expanded) -> None:
        """Plan all batches of a sweep before the first is run.

        Raises:
            ConfigError: The sweep cannot be run as it is declared.
        """
        self.whole = self.plan(expanded)
        self.sweep = self.whole.id
        self.remark(self.whole)

    def remark(self, planned: Plan) -> None:
        """Tell what a person should know of a plan, each thing once in a command."""
        from qexp.track.sweep import noted

        for note in noted(planned):
            if note not in self._told:
                self.screen.note(note)
            self._told.add(note)

    def refused(self, planned: Plan) -> list[Cell]:
        """The cells of a plan that cannot be run, and were not told of before."""
        new = [one for one in planned.invalid if _name(one) not in self._refused]
        self._refused |= {_name(one) for one in new}
        return new

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What the command's points came to, by id."""
        return {k: v for one in self.finished for k, v in one.outcomes.items()}

    def close(self) -> None:
        """Give back processes; what is being logged is finished first."""
        if self.runner is not None:
            self.runner.close()
        if self.logbook is not None:
            self.logbook.close()
        self._leave(ended=True)
        self._sweep_up()

    def _leave(self, *, ended: bool) -> None:
        if self.entered is not None and self.target is not None:
            from qexp.command import books

            books.leave(self.entered, self.target, ended=ended and not self.halted)

    def abandon(self, status: str) -> None:
        """Give back processes at once, and end the sweep's run in MLflow.

        Args:
            status: MLflow's word for how the sweep ended: FAILED or KILLED.
        """
        self._sweep_up()
        if self.runner is not None:
            self.runner.close()
        if self.logbook is not None:
            try:
                self.logbook.abandon(status)
            except QexpError as error:
                note = f"the sweep's run in MLflow could not be ended: {error}"
                self.screen.note(note)
            self.logbook.close(at_once=True)
        self._go_on_later()

    def _go_on_later(self) -> None:
        """Say how a sweep goes on that an error has ended, and give it back."""
        if self.entered is None:
            return
        from qexp.command import books

        try:
            left = not books.untouched(self.entered.book)
            id_ = self.entered.book.id
            if left and self.entered.own:
                self.screen.note(
                    f"nothing that was measured is lost. The same command goes on with "
                    f"sweep {id_}, and so does `python -m qexp resume {id_}`."
                )
            self._leave(ended=False)
        except LedgerError as error:
            self.screen.note(str(error))

    def _sweep_up(self) -> None:
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _name(cell: Cell) -> str:
    """Tells a cell that cannot be run from others."""
    return cell.point.id if cell.point else f"{cell.labels} {cell.problems}"
