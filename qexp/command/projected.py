"""What MLflow has of a sweep already: nothing is logged twice, nothing is left half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qexp.errors import TrackingError
from qexp.ledger.book import Book
from qexp.track.logbook import Logbook

Run = Mapping[str, Any]


@dataclass(frozen=True)
class There:
    """The runs of a sweep that are whole.

    Attributes:
        points: Run and error by point id; an error is None where the point has none.
        refusals: Names of the runs of cells that could not be run.
    """

    points: Mapping[str, tuple[str, str | None]]
    refusals: frozenset[str]

    def whole(self, point: str, error: str | None) -> str | None:
        """The run of a point that came to this; None where there is none, or a half."""
        run_id, logged = self.points.get(point, (None, None))
        return run_id if run_id and bool(logged) == bool(error) else None

    def refused(self, name: str) -> bool:
        """Whether a cell that cannot be run is logged."""
        return name in self.refusals


def there(logbook: Logbook, book: Book, store: str) -> There:
    """What a store has of a sweep; where it is away, what the ledger says that it has."""
    try:
        runs = logbook.present(book.id)
    except TrackingError:
        states = book.points()
        failed = {point for point, state in states.items() if state == "failed"}
        return There(
            {
                point: (run_id, "failed" if point in failed else None)
                for point, run_id in book.runs(store).items()
                if states.get(point) in ("done", "failed")
            },
            frozenset(),
        )
    return There(_points(runs), _refusals(runs))


def _points(runs: Iterable[Run]) -> dict[str, tuple[str, str | None]]:
    found = {}
    for run in runs:
        tags, error = run["tags"], run["tags"].get("qexp.error")
        # a run is ended last, and with an error only where it has the tag
        ended = run["status"] == ("FAILED" if error else "FINISHED")
        if ended and "qexp.job" in tags:
            found[tags["qexp.point"]] = (run["run_id"], error)
    return found


def _refusals(runs: Iterable[Run]) -> frozenset[str]:
    return frozenset(
        run["name"]
        for run in runs
        if "qexp.error" in run["tags"]
        and "qexp.job" not in run["tags"]
        and run["status"] == "FAILED"
    )
