"""One sweep in the ledger: what is written before and after each step of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qexp.ledger import files
from qexp.ledger.answers import Answers
from qexp.ledger.database import Row
from qexp.ledger.plans import Plans
from qexp.ledger.records import ASIDE, Sent
from qexp.ledger.workspace import ABOUT


class Book(Plans, Answers):
    """One sweep. Every method is one transaction, and safe in any thread."""

    @property
    def writer_lock(self) -> Path:
        """A file that one process at a time writes this sweep's runs under."""
        return self.folder / "writer.lock"

    def sending(self, submission: str, aside: bytes | None = None) -> None:
        """Write down that a request is about to leave.

        Args:
            submission: What is sent.
            aside: What is known here of its circuits, and will be needed with the answer.
        """
        file = self.folder / f"{submission}{ASIDE}"
        files.put(file, b"{}" if aside is None else aside, durable=self.durable)
        self._move(submission, "sending")

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
        query = "SELECT point, id FROM run WHERE sweep=? AND store=?"
        return self._database.pairs(query, (self.id, store))

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
        query = "SELECT id, state FROM point WHERE sweep=?"
        return self._database.pairs(query, (self.id,))

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
