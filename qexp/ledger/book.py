"""One sweep in the ledger: what is written before and after each step of it."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qexp.ledger import files
from qexp.ledger.database import Database, Row
from qexp.ledger.workspace import ABOUT, of_sweep

ASIDE = ".sent.json.z"
"""How the name of the file ends that is there from before a job is sent."""

SETTLED = ("done", "failed", "cancelled")
"""States of a point that is over."""


@dataclass(frozen=True)
class Planned:
    """A submission as it is written down before anything is sent.

    Attributes:
        id: Its id.
        number: Its place in the plan.
        device: The device's name.
        circuits: How many circuits it has.
        points: Ids of its points.
        seconds: Its QPU time by the plan, None where that is not known.
    """

    id: str
    number: int
    device: str
    circuits: int
    points: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True)
class Sent:
    """How far a submission is.

    Attributes:
        id: Its id.
        batch: Number of its batch.
        state: planned, sending, sent, got or cancelled.
        job: The service's id of its job, where that is known.
        mark: What its job is found by, beside the submission's id.
        seconds: Its QPU time by the plan.
        used: Its QPU time as the service reports it.
    """

    id: str
    batch: int
    state: str
    job: str | None
    mark: str
    seconds: float | None
    used: float | None


@dataclass(frozen=True)
class Answer:
    """A raw answer that is safe.

    Attributes:
        submission: The submission.
        job: The id under which it came.
        parts: What it answers: names of points and sentinels.
        raw: The bytes, as they came.
    """

    submission: str
    job: str
    parts: tuple[str, ...]
    raw: bytes


class Book:
    """One sweep. Every method is one transaction, and safe in any thread."""

    def __init__(self, database: Database, folder: Path, row: Row) -> None:
        """Open a sweep that is there.

        Args:
            database: The ledger.
            folder: The workspace.
            row: Its row.
        """
        self._database = database
        self.folder = of_sweep(folder, row["id"])
        self.id: str = row["id"]
        self.row = row
        self.durable = row["service"] != "local"
        """Whether it must outlive a power cut: shots that were paid for."""
        self.damaged: list[str] = []
        """Answers that were safe once, and cannot be read any more."""

    @property
    def writer_lock(self) -> Path:
        """A file that one process at a time writes this sweep's runs under."""
        return self.folder / "writer.lock"

    # -- before anything is sent

    def add(self, plan: bytes, planned: Sequence[Planned]) -> int:
        """Write a plan down; the number of its batch."""
        with self._database.transaction():
            number = self._add(plan, {"submissions": [asdict(s) for s in planned]})
            self._database.many(
                "INSERT OR REPLACE INTO submission VALUES "
                "(?,?,?,?,?,?,?,0,'planned',NULL,NULL,NULL)",
                [
                    (self.id, s.id, number, s.number, s.device, s.circuits, s.seconds)
                    for s in planned
                ],
            )
            self._database.many(
                "INSERT OR REPLACE INTO point VALUES (?,?,?,?,'planned',NULL)",
                [(self.id, point, number, s.id) for s in planned for point in s.points],
            )
            self._database.many(  # what failed before, and will be logged anew
                "DELETE FROM run WHERE sweep=? AND point=?",
                [(self.id, point) for s in planned for point in s.points],
            )
            self._event(None, "planned", {"batch": number, "submissions": len(planned)})
        return number

    def _add(self, plan: bytes, head: Row) -> int:
        found = self._rows("SELECT count(*) AS n FROM batch WHERE sweep=?")
        number = int(found[0]["n"])
        name = f"plan-{number}.json.z"
        file = self.folder / name
        digest = files.put(file, plan, durable=self.durable, head=head)
        self._database.run(
            "INSERT INTO batch VALUES (?,?,?,?,?)",
            (self.id, number, name, digest, head.get("source")),
        )
        return number

    def plans(self) -> dict[int, bytes]:
        """The plans by the number of their batch; one that cannot be read is left out."""
        found = {}
        rows = self._rows("SELECT * FROM batch WHERE sweep=? ORDER BY number")
        for row in rows:
            content = files.get(self.folder / row["file"], row["digest"])
            if content is None:
                self.damaged.append(row["file"])
            else:
                found[int(row["number"])] = files.parted(content)[1]
        return found

    def reuse(self, other: Book, batch: int, points: Sequence[str]) -> None:
        """Take over from another sweep what it has measured of one of its batches.

        Args:
            other: That sweep.
            batch: Number of the batch there.
            points: The points that are used again.
        """
        plan = other.plans()[batch]
        wanted = set(points)
        submissions = other.submissions_of(points)
        head = {"source": other.id, "submissions": other.planned(points)}
        with self._database.transaction():
            number = self._add(plan, head)
            for row in submissions:
                own = {**row, "sweep": self.id, "batch": number, "state": "got"}
                own["used"] = 0.0  # it was paid for once
                self._insert("submission", own)
                for answer in other.rows_of(row["id"]):
                    if wanted & set(json.loads(answer["parts"])):
                        self._take_over(other, answer)
            self._database.many(
                "INSERT OR REPLACE INTO point SELECT ?, id, ?, submission, 'planned', "
                "NULL FROM point WHERE sweep=? AND id=?",
                [(self.id, number, other.id, point) for point in points],
            )

    def planned(self, points: Sequence[str]) -> list[Row]:
        """The submissions of some points as they were planned, with these alone."""
        wanted = set(points)
        own: dict[str, list[str]] = {}
        rows = self._rows("SELECT id, submission FROM point WHERE sweep=?")
        for row in rows:
            if row["id"] in wanted:
                own.setdefault(row["submission"], []).append(row["id"])
        fields = ("id", "number", "device", "circuits", "seconds")
        return [
            {**{name: row[name] for name in fields}, "points": own[row["id"]]}
            for row in self.submissions_of(points)
        ]

    def submissions_of(self, points: Sequence[str]) -> list[Row]:
        """The rows of the submissions of some points."""
        wanted = set(points)
        rows = self._rows("SELECT id, submission FROM point WHERE sweep=?")
        names = {row["submission"] for row in rows if row["id"] in wanted}
        found = self._rows("SELECT * FROM submission WHERE sweep=? ORDER BY number")
        return [row for row in found if row["id"] in names]

    def rows_of(self, submission: str) -> list[Row]:
        """The rows of the answers to a submission."""
        return self._rows(
            "SELECT * FROM answer WHERE sweep=? AND submission=? ORDER BY rowid",
            submission,
        )

    def _take_over(self, other: Book, answer: Row) -> None:
        raw = files.get(other.folder / answer["file"], answer["digest"])
        if raw is None:
            return
        head, body = files.parted(raw)
        file = self.folder / answer["file"]
        head = {**head, "used": 0.0}
        digest = files.put(file, body, durable=self.durable, head=head)
        self._insert("answer", {**answer, "sweep": self.id, "digest": digest})
        aside = other.aside(answer["submission"])
        if aside is not None:
            name = f"{answer['submission']}{ASIDE}"
            files.put(self.folder / name, aside, durable=self.durable)

    def _insert(self, table: str, row: Row) -> None:
        marks = ",".join("?" * len(row))
        self._database.run(
            f"INSERT OR REPLACE INTO {table} ({','.join(row)}) VALUES ({marks})",
            tuple(row.values()),
        )

    def batches(self) -> dict[int, tuple[str | None, frozenset[str]]]:
        """Of each batch the sweep that measured it, and the points that stand in it."""
        sources = self._rows("SELECT number, source FROM batch WHERE sweep=?")
        points = self._rows("SELECT id, batch FROM point WHERE sweep=?")
        own: dict[int, set[str]] = {}
        for row in points:
            own.setdefault(int(row["batch"]), set()).add(row["id"])
        return {
            int(row["number"]): (
                row["source"],
                frozenset(own.get(int(row["number"]), ())),
            )
            for row in sources
        }

    # -- around a request

    def sending(self, submission: str, aside: bytes | None = None) -> None:
        """Write down that a request is about to leave.

        Args:
            submission: What is sent.
            aside: What is known here of its circuits, and will be needed with the answer.
        """
        file = self.folder / f"{submission}{ASIDE}"
        files.put(file, b"{}" if aside is None else aside, durable=self.durable)
        self._move(submission, "sending")

    def aside(self, submission: str) -> bytes | None:
        """What was known here when a submission was sent."""
        return files.get(self.folder / f"{submission}{ASIDE}")

    def sent(self, submission: str, job: str) -> None:
        """Write down that a job is the service's."""
        self._move(submission, "sent", job=job)

    def unsent(self, submission: str) -> None:
        """Write down that a request was certainly not accepted."""
        self._move(submission, "planned")
        (self.folder / f"{submission}{ASIDE}").unlink(missing_ok=True)

    def withdrawn(self, submission: str) -> None:
        """Write down that a job was called back before it ran: it may be sent anew."""
        with self._database.transaction():
            found = self._rows(
                "SELECT attempt FROM submission WHERE sweep=? AND id=?", submission
            )
            head = {"attempt": found[0]["attempt"] + 1}
            file = self.folder / f"{submission}.withdrawn.json.z"
            files.put(file, b"", durable=self.durable, head=head)
            self._move(submission, "planned")
            self._database.run(
                "UPDATE submission SET attempt=attempt+1, job=NULL, seen=NULL "
                "WHERE sweep=? AND id=?",
                (self.id, submission),
            )
        (self.folder / f"{submission}{ASIDE}").unlink(missing_ok=True)

    def seen(self, submission: str, said: Mapping[str, Any]) -> None:
        """Write down what the service says of a job that is not over."""
        self._database.run(
            "UPDATE submission SET seen=? WHERE sweep=? AND id=?",
            (json.dumps(dict(said)), self.id, submission),
        )

    # -- after it

    def got(
        self,
        submission: str,
        job: str,
        raw: bytes,
        parts: Sequence[str],
        *,
        whole: bool,
        used: float | None = None,
        calibrated: str | None = None,
    ) -> None:
        """Have an answer safe on the disk; nothing has looked into it before.

        Args:
            submission: What it answers.
            job: The id under which it came.
            raw: The bytes.
            parts: Names of the points and sentinels that it covers.
            whole: Whether the service has no more of it.
            used: QPU seconds, as the service reports them.
            calibrated: When the device was calibrated.
        """
        name, now = f"{submission}-{_short(parts)}.json.z", time.time()
        head = {
            "submission": submission,
            "job": job,
            "parts": list(parts),
            "at": now,
            "whole": whole,
            "used": used,
            "calibrated": calibrated,
        }
        file = self.folder / name
        digest = files.put(file, raw, durable=self.durable, head=head)
        with self._database.transaction():
            self._database.run(
                "INSERT OR REPLACE INTO answer VALUES (?,?,?,?,?,?,?,?)",
                (
                    self.id,
                    submission,
                    name,
                    digest,
                    job,
                    json.dumps(list(parts)),
                    now,
                    calibrated,
                ),
            )
            if whole:
                self._move(submission, "got", job=job, used=used)

    def answers(self, submissions: Sequence[str] | None = None) -> Iterator[Answer]:
        """What came back, in the order in which it did.

        An answer that is not what was written any more is taken off the books: what it
        answered is measured again, or fetched again.
        """
        wanted = None if submissions is None else set(submissions)
        rows = self._rows("SELECT * FROM answer WHERE sweep=? ORDER BY rowid")
        for row in rows:
            if wanted is not None and row["submission"] not in wanted:
                continue
            raw = files.get(self.folder / row["file"], row["digest"])
            if raw is None:
                self.lose(row)
                continue
            parts = tuple(json.loads(row["parts"]))
            yield Answer(row["submission"], row["job"], parts, files.parted(raw)[1])

    def lose(self, row: Row) -> None:
        """Take an answer off the books that cannot be read any more."""
        self.damaged.append(row["file"])
        parts = json.loads(row["parts"])
        with self._database.transaction():
            self._database.run(
                "DELETE FROM answer WHERE sweep=? AND file=?", (self.id, row["file"])
            )
            self._database.many(
                "UPDATE point SET state='planned', error=NULL WHERE sweep=? AND id=?",
                [(self.id, part) for part in parts],
            )
            found = self._rows(
                "SELECT job FROM submission WHERE sweep=? AND id=?", row["submission"]
            )
            had_job = bool(found and found[0]["job"] and self.durable)
            self._move(row["submission"], "sent" if had_job else "planned")

    def refused(self, submission: str, parts: Sequence[str]) -> None:
        """Take an answer off the books that is none; its file stays until the next."""
        with self._database.transaction():
            self._database.run(
                "DELETE FROM answer WHERE sweep=? AND submission=? AND parts=?",
                (self.id, submission, json.dumps(list(parts))),
            )
            self._move(submission, "sent")

    def settle(self, point: str, error: str | None) -> None:
        """Write down what a point came to."""
        self._database.run(
            "UPDATE point SET state=?, error=? WHERE sweep=? AND id=?",
            ("failed" if error else "done", error, self.id, point),
        )

    def logged(self, point: str, store: str, run: str) -> None:
        """Write down that MLflow has a point; an empty one is the sweep itself."""
        self._database.run(
            "INSERT OR REPLACE INTO run VALUES (?,?,?,?)", (self.id, point, store, run)
        )

    def runs(self, store: str) -> dict[str, str]:
        """The runs of a store by point, the sweep's own under an empty text."""
        rows = self._rows("SELECT * FROM run WHERE sweep=? AND store=?", store)
        return {row["point"]: row["id"] for row in rows}

    # -- what is where

    def submissions(self) -> dict[str, Sent]:
        """How far each submission is, in the plan's order."""
        rows = self._rows("SELECT * FROM submission WHERE sweep=? ORDER BY number")
        return {
            row["id"]: Sent(
                row["id"],
                int(row["batch"]),
                self._state(row),
                row["job"],
                self._mark(row["attempt"]),
                row["seconds"],
                row["used"],
            )
            for row in rows
        }

    def _state(self, row: Row) -> str:
        """A submission's state; `sending` where its file tells of a lost step.

        SQLite takes a log that breaks off for one that ends there, without a word.
        """
        state = str(row["state"])
        if state != "planned" or not self.durable:
            return state
        there = (self.folder / f"{row['id']}{ASIDE}").exists()
        return "sending" if there else state

    def mark(self, submission: str) -> str:
        """What the job of a submission is found by, beside the submission's id."""
        found = self._rows(
            "SELECT attempt FROM submission WHERE sweep=? AND id=?", submission
        )
        return self._mark(found[0]["attempt"] if found else 0)

    def _mark(self, attempt: int) -> str:
        nonce = str(self.row["nonce"])
        return f"{nonce}.{attempt}" if attempt else nonce

    def points(self) -> dict[str, str]:
        """The state of each point."""
        rows = self._rows("SELECT id, state FROM point WHERE sweep=?")
        return {row["id"]: row["state"] for row in rows}

    def open_submissions(self) -> list[str]:
        """Submissions of which a point is neither done nor failed nor cancelled."""
        rows = self._rows(
            "SELECT DISTINCT submission FROM point WHERE sweep=? AND state='planned'"
        )
        return [row["submission"] for row in rows]

    def cancelled(self, submission: str) -> None:
        """Write down that a submission will not be run, by the user's wish."""
        with self._database.transaction():
            self._move(submission, "cancelled")
            self._database.run(
                "UPDATE point SET state='cancelled' WHERE sweep=? AND submission=? "
                "AND state='planned'",
                (self.id, submission),
            )

    def close(self, state: str) -> None:
        """Write down that the sweep is `done`, `cancelled`, or `open` still."""
        if state == "open":
            self.describe(state)
        with self._database.transaction():
            self._database.run(
                "UPDATE sweep SET state=?, asked=NULL WHERE id=?", (state, self.id)
            )
            self._event(None, state, {})
        if state != "open":
            self.describe(state)

    def describe(self, state: str) -> None:
        """Have the sweep's folder tell of it, should the ledger be damaged one day."""
        text = json.dumps({**self.row, "state": state, "asked": None}).encode()
        files.put_plain(self.folder / ABOUT, text, durable=self.durable)

    def ask(self, what: str) -> None:
        """Ask something of the process that runs the sweep."""
        self._database.run("UPDATE sweep SET asked=? WHERE id=?", (what, self.id))

    @property
    def asked(self) -> str | None:
        """What another process asks: `cancel`, or nothing."""
        found = self._rows("SELECT asked FROM sweep WHERE id=?")
        return found[0]["asked"] if found else None

    # -- each of them

    def _move(self, submission: str, state: str, **known: Any) -> None:
        """Set a submission's state, and the event that says when."""
        fields = {name: value for name, value in known.items() if value is not None}
        setting = "".join(f", {name}=?" for name in fields)
        with self._database.transaction():
            self._database.run(
                f"UPDATE submission SET state=?{setting} WHERE sweep=? AND id=?",
                (state, *fields.values(), self.id, submission),
            )
            self._event(submission, state, fields)

    def _event(self, submission: str | None, kind: str, detail: Row) -> None:
        text, now = json.dumps(detail, sort_keys=True), time.time()
        values = (now, self.id, submission, kind, text)
        self._database.run(
            "INSERT INTO event (at, sweep, submission, kind, detail, sum) "
            "VALUES (?,?,?,?,?,?)",
            (*values, checksum(values)),
        )

    def _rows(self, query: str, *more: Any) -> list[Row]:
        return self._database.rows(query, (self.id, *more))


def checksum(values: Sequence[Any]) -> int:
    """CRC-32 of an event's fields, which a damaged page would change."""
    return zlib.crc32(json.dumps(list(values)).encode())


def _short(parts: Sequence[str]) -> str:
    """A name for what an answer covers, the same whenever it comes."""
    return files.digest(" ".join(parts).encode())[:12]
