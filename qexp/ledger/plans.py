"""The plans of one sweep in the ledger, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from qexp.ledger import files
from qexp.ledger.database import Row
from qexp.ledger.page import Page
from qexp.ledger.records import ASIDE, Planned


class Plans(Page):
    """What is planned, batch by batch, and what is used again of another sweep."""

    def add(self, plan: bytes | Iterable[bytes], planned: Sequence[Planned]) -> int:
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

    def _add(self, plan: bytes | Iterable[bytes], head: Row) -> int:
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

    def reuse(self, other: Plans, batch: int, points: Sequence[str]) -> None:
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

    def _take_over(self, other: Plans, answer: Row) -> None:
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
