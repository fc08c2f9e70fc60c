"""Runs in an SQLite database of MLflow's, without MLflow.

MLflow takes seconds to import, and 40 ms and more for a run; a long sweep would wait for
its bookkeeping, and a single point for little else. What is written here is row for row
what MLflow's public interface writes (`tests/test_bulk.py` compares the two), and only
into a schema for which that has been compared. All else is left to `qexp.track.public`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from qexp.track import aside, rows, tables
from qexp.track.database import sqlite_file
from qexp.track.tables import Unsure

WAIT_SECONDS = 20.0
"""How long another writer is waited for; it is what MLflow waits."""

CACHE_KIB = 64 * 1024
"""Most memory for pages of the database."""

ELSEWHERE = ("MLFLOW_ENABLE_WORKSPACES", "_MLFLOW_SERVER_ARTIFACT_ROOT")
"""Variables by which MLflow puts things into other places."""

Json = dict[str, Any]


class Direct:
    """One MLflow experiment in an SQLite file."""

    def __init__(self, file: Path, name: str) -> None:
        """Open the experiment, or create it; see `direct`.

        Raises:
            Unsure: There is more to it.
        """
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._number = 0
        self._last = 0
        with self._transaction() as database:
            self.experiment_id, place = tables.experiment(database, name)
        self._folder = tables.local(place)
        self._place = place

    def log(self, runs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write runs that are not there, all or none of them; as `Bulk.log`."""
        some: dict[str, list[rows.Row]] = {}
        made: list[str] = []
        for run in runs:
            run_id, start = self._new(run)
            self._write_files(run_id, run)
            place = self._artifacts(run_id)
            for table, row in rows.of_run(
                run_id, start, run, place, self.experiment_id
            ):
                some.setdefault(table, []).append(row)
            made.append(run_id)
        self._insert(some)
        return made

    def start(self, run: Mapping[str, Any]) -> str:
        """Start a run that is not there."""
        run_id, start = self._new(run)
        some: dict[str, list[rows.Row]] = {}
        place = self._artifacts(run_id)
        for table, row in rows.begun(run_id, start, run, place, self.experiment_id):
            some.setdefault(table, []).append(row)
        self._insert(some)
        return run_id

    def _new(self, run: Mapping[str, Any]) -> tuple[str, int]:
        names = [*run["params"], *run["metrics"], *run["tags"]]
        if not all(tables.NAME.fullmatch(name) for name in names):
            raise Unsure
        # in milliseconds, by which MLflow puts runs in order
        self._last = max(rows.now(), self._last + 1)
        return uuid.uuid4().hex, self._last

    def finish(
        self,
        run_id: str,
        status: str,
        metrics: Iterable[tuple[str, float, int]],
        folder: str,
        tags: Mapping[str, str],
    ) -> None:
        """End a run; as `qexp.track.store.Store.finish`."""
        when = rows.now()
        made = [rows.metric(run_id, key, value, when, s) for key, value, s in metrics]
        if not all(tables.NAME.fullmatch(one["key"]) for one in made):
            raise Unsure
        self._copy_files(run_id, folder)
        self._end(run_id, status, made, tags)

    def _end(
        self,
        run_id: str,
        status: str,
        made: Sequence[rows.Row],
        tags: Mapping[str, str],
    ) -> None:
        with self._transaction() as database:
            tables.require_active(database, self.experiment_id, run_id)
            tables.put(database, "metrics", made, "OR IGNORE")
            for one in made:
                tables.latest(database, one)
            tables.tag(database, run_id, tags)
            database.execute(
                "UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?",
                (status, rows.now(), run_id),
            )

    def add(self, run_id: str, folder: str, tags: Mapping[str, str]) -> None:
        """Add artifacts and tags to a run; as `qexp.track.store.Store.add`."""
        self._copy_files(run_id, folder)
        with self._transaction() as database:
            tables.require_active(database, self.experiment_id, run_id)
            tables.tag(database, run_id, tags)

    def known(self, tags: Sequence[Mapping[str, str]]) -> set[tuple[str, str]]:
        """Which points have a run, finished or not; as `Bulk.known`."""
        points = {one["qexp.point"] for one in tags if "qexp.point" in one}
        if not points:
            return set()
        with self._transaction() as database:
            found = database.execute(
                "SELECT sweep.value, point.value FROM tags AS point"
                " JOIN tags AS sweep ON sweep.run_uuid = point.run_uuid"
                " WHERE sweep.key = 'qexp.sweep' AND point.key = 'qexp.point'"
            )
            return {(sweep, point) for sweep, point in found if point in points}

    def tagged(self, tags: Mapping[str, str]) -> list[Json]:
        """The runs with these tags, deleted ones left out, in the order of time."""
        conditions = " AND ".join(
            "EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid"
            " AND tags.key = ? AND tags.value = ?)"
            for _ in tags
        )
        asked = [text for pair in tags.items() for text in pair]
        with self._transaction() as database:
            found = database.execute(
                "SELECT run_uuid, name, status FROM runs WHERE experiment_id = ?"
                f" AND lifecycle_stage = 'active' AND {conditions} ORDER BY start_time",
                (int(self.experiment_id), *asked),
            )
            runs = {
                run_id: {"run_id": run_id, "name": name, "status": status}
                for run_id, name, status in found.fetchall()
            }
            for table in ("params", "latest_metrics", "tags"):
                tables.fill(database, table, runs)
        return list(runs.values())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._connected()
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        except BaseException:
            self._connection = None
            database.close()
            raise

    def _connected(self) -> sqlite3.Connection:
        """The connection to the file that is there now; it is kept, with its pages."""
        number = self._file.stat().st_ino
        if self._connection is None or self._number != number:
            uri = f"{self._file.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(
                uri, timeout=WAIT_SECONDS, isolation_level=None, uri=True
            )
            self._connection.execute("PRAGMA foreign_keys = ON")
            # ids are drawn, so that a long sweep writes all over the indexes
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._number = number
        return self._connection

    def _insert(self, some: Mapping[str, list[rows.Row]]) -> None:
        with self._transaction() as database:
            # it may have been deleted since it was opened
            tables.require_active(database, self.experiment_id)
            for table, of_it in some.items():
                self._put(database, table, of_it)

    def _put(
        self, database: sqlite3.Connection, table: str, some: list[rows.Row]
    ) -> None:
        tables.put(database, table, some)

    def _artifacts(self, run_id: str) -> str:
        return f"{self._place}/{run_id}/{rows.ARTIFACTS}"

    def _write_files(self, run_id: str, run: Mapping[str, Any]) -> None:
        aside.put(self._place_of(run_id), aside.encoded(run["files"]))

    def _copy_files(self, run_id: str, folder: str) -> None:
        shutil.copytree(folder, self._place_of(run_id), dirs_exist_ok=True)

    def _place_of(self, run_id: str) -> Path:
        return self._folder / run_id / rows.ARTIFACTS


def direct(uri: str, experiment: str) -> Direct | None:
    """What writes to an experiment without MLflow; None where MLflow has to.

    There is one in an SQLite file whose schema is one that the tests compare, with
    artifacts in a local folder.
    """
    file = sqlite_file(uri)
    if file is None or any(map(os.environ.get, ELSEWHERE)):
        return None
    # MLflow has the words for what is wrong
    with suppress(Unsure, sqlite3.Error, OSError):
        return Direct(file, experiment)
    return None
