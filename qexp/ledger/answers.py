"""The raw answers of one sweep in the ledger, after they came."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

from qexp.ledger import files
from qexp.ledger.database import Row
from qexp.ledger.page import Page
from qexp.ledger.records import Answer

TOGETHER = 500
"""Submissions whose answers are looked up at once."""


class Answers(Page):
    """What came back, safe on the disk before anything looks into it."""

    def got(
        self,
        submission: str,
        job: str,
        raw: bytes,
        parts: Sequence[str],
        *,
        whole: bool,
        used: float | None = None,
        began: float | None = None,
        ended: float | None = None,
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
            began: When the job began to run, in seconds since 1970, where that is known.
            ended: When it ended; unset, now.
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
            "began": began,
            "ended": now if ended is None else ended,
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
        for row in self._answers(submissions):
            raw = files.get(self.folder / row["file"], row["digest"])
            if raw is None:
                self.lose(row)
                continue
            yield _answer(row, *files.parted(raw))

    def _answers(self, submissions: Sequence[str] | None) -> Iterator[Row]:
        if submissions is None:
            yield from self._rows("SELECT * FROM answer WHERE sweep=? ORDER BY rowid")
            return
        for start in range(0, len(submissions), TOGETHER):
            some = submissions[start : start + TOGETHER]
            yield from self._rows(
                "SELECT * FROM answer WHERE sweep=? AND submission IN "
                f"({','.join('?' * len(some))}) ORDER BY rowid",
                *some,
            )

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


def _answer(row: Row, head: Row, raw: bytes) -> Answer:
    ended = head.get("ended")  # what older ones do not have
    return Answer(
        row["submission"],
        row["job"],
        tuple(json.loads(row["parts"])),
        raw,
        began=head.get("began"),
        ended=float(row["at"] if ended is None else ended),
    )


def _short(parts: Sequence[str]) -> str:
    """A name for what an answer covers, the same whenever it comes."""
    return files.digest(" ".join(parts).encode())[:12]
