"""MLflow's store, to write to, by the way that takes least."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from qexp.errors import TrackingError
from qexp.track.database import create_sqlite, explained
from qexp.track.direct import Direct, direct
from qexp.track.rows import PARENT
from qexp.track.tables import Unsure

if TYPE_CHECKING:  # they import MLflow, which takes seconds
    from qexp.track.bulk import Bulk
    from qexp.track.public import Logged, Public
    from qexp.track.served import Served

MAX_PARAM_LENGTH = 6000
"""Longest param value that every MLflow store takes."""

MAX_TAG_LENGTH = 8000
"""Longest tag value that every MLflow store takes."""

REFUSALS = (Unsure, TrackingError, sqlite3.Error, OSError)
"""What leaves a run to MLflow itself, which knows more and has the words for the rest."""

Json = dict[str, Any]
Done = TypeVar("Done")


class Store:
    """One MLflow experiment in one tracking store.

    What is new goes straight into the tables where that is known to be the same: many runs
    at once, and in an SQLite file without MLflow. All else is asked of MLflow.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        """Open the store, creating what is missing.

        Args:
            uri: Tracking URI.
            experiment: Name of the MLflow experiment.

        Raises:
            TrackingError: The store cannot be opened, or the experiment is deleted.
        """
        self.uri = uri
        self._experiment = experiment
        with explained(uri):
            create_sqlite(uri)
            self.direct = direct(uri, experiment)
        self._opened: Public | None = None
        self.experiment_id = (self.direct or self.public).experiment_id

    @property
    def public(self) -> Public:
        """MLflow's own interface; the first time, it is imported."""
        from qexp.track.public import Public

        if self._opened is None:
            self._opened = Public(self.uri, self._experiment)
        return self._opened

    def log(self, runs: Sequence[Mapping[str, Any]]) -> Logged:
        """Write runs and finish them.

        Args:
            runs: Of each the fields of a `qexp.track.record.Record`, and `again`: whether
                a run of this point may be there, to be completed.
        """
        whole = [_whole(run) for run in runs]
        at_once = self.direct or self.public.bulk
        if at_once is not None:
            try:
                with explained(self.uri):
                    return self._at_once(at_once, whole)
            except TrackingError:
                # one of them, or only the way; nobody knows what has been written
                whole = [{**run, "again": True} for run in whole]
        try:
            return self.public.log(whole)
        except TrackingError as error:  # there is no way in any more
            return [error, *[None for _ in whole[1:]]]

    def _at_once(self, by: Direct | Bulk | Served, runs: Sequence[Json]) -> Logged:
        known = by.known([run["tags"] for run in runs if run.get("again")])
        fresh = [k for k, run in enumerate(runs) if _absent(run, known)]
        logged: dict[int, str | TrackingError | None] = {}
        logged.update(zip(fresh, by.log([runs[k] for k in fresh]), strict=True))
        rest = [k for k in range(len(runs)) if k not in logged]
        if rest:
            written = self.public.log([runs[k] for k in rest])
            logged.update(zip(rest, written, strict=True))
        return [logged[k] for k in range(len(runs))]

    def start(self, run: Mapping[str, Any]) -> str:
        """Start the run of a sweep; `finish` ends it.

        Args:
            run: Fields of a `qexp.track.record.Record`, and `again` as for `log`; its
                files are added when it ends.

        Returns:
            The id of the run.
        """
        whole = _whole(run)
        if whole["again"]:
            return self.public.start(whole)
        again = {**whole, "again": True}
        return self._either(
            lambda by: by.start(whole), lambda: self.public.start(again)
        )

    def finish(
        self,
        run_id: str,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        folder: str,
        tags: Mapping[str, str],
    ) -> None:
        """End the run of a sweep.

        Args:
            run_id: The run.
            status: MLflow's word: FINISHED, FAILED or KILLED.
            metrics: Name, value and step of each.
            folder: Folder whose content is added to the artifacts.
            tags: More tags by name.
        """
        asked = (run_id, status, list(metrics), folder, _short(tags, MAX_TAG_LENGTH))
        self._either(lambda by: by.finish(*asked), lambda: self.public.finish(*asked))

    def add(self, run_id: str, folder: str, tags: Mapping[str, str]) -> None:
        """Add artifacts and tags to a run, finished or not.

        Args:
            run_id: The run.
            folder: Folder whose content is added.
            tags: Tags by name.
        """
        asked = (run_id, folder, _short(tags, MAX_TAG_LENGTH))
        self._either(lambda by: by.add(*asked), lambda: self.public.add(*asked))

    def children(self, run_id: str) -> list[Json]:
        """The runs that belong to the run of a sweep, in the order of time."""
        return self._tagged({PARENT: run_id})

    def present(self, sweep: str) -> list[Json]:
        """The runs of a sweep, its own included, in the order of time."""
        return self._tagged({"qexp.sweep": sweep})

    def _tagged(self, tags: Mapping[str, str]) -> list[Json]:
        return self._either(
            lambda by: by.tagged(tags), lambda: self.public.tagged(tags)
        )

    def _either(
        self, directly: Callable[[Direct], Done], publicly: Callable[[], Done]
    ) -> Done:
        """Do something without MLflow, or with it."""
        if self.direct is not None:
            try:
                return directly(self.direct)
            except REFUSALS:
                pass
        return publicly()


def _absent(run: Mapping[str, Any], known: set[tuple[str, str]]) -> bool:
    """Whether a run is certainly not there."""
    if not run.get("again"):
        return True
    own = run["tags"].get("qexp.sweep"), run["tags"].get("qexp.point")
    return None not in own and own not in known


def _whole(run: Mapping[str, Any]) -> Json:
    """A run with all its tags, and values no longer than MLflow takes."""
    tags = _short(run["tags"], MAX_TAG_LENGTH)
    if run.get("parent"):
        tags[PARENT] = run["parent"]
    return {**run, "params": _short(run["params"], MAX_PARAM_LENGTH), "tags": tags}


def _short(values: Mapping[str, str], length: int) -> dict[str, str]:
    return {key: value[:length] for key, value in values.items()}
