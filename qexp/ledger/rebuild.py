"""A sweep's rows, from those that could be read and from the files of its folder."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qexp.ledger import files
from qexp.ledger.database import Row
from qexp.ledger.workspace import ABOUT

SWEEP = (
    *("id", "key", "name", "service", "seed", "nonce", "command", "store", "version"),
    *("created", "swept", "state", "asked"),
)


@dataclass
class Rebuilt:
    """The rows of a sweep.

    Attributes:
        sweep: Its own.
        rows: Those of the other tables, by table.
        made: How many of them were made from files, by table.
        unsure: Submissions of which only the service knows whether it has them.
        unreadable: Files that are not what was written.
    """

    sweep: Row
    rows: dict[str, list[Row]]
    made: dict[str, int] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def about(folder: Path) -> Row | None:
    """A sweep's own row as its folder has it; None where it does not."""
    try:
        found = json.loads((folder / ABOUT).read_text())
        return {name: found[name] for name in SWEEP}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def rebuild(sweep: Row, folder: Path, read: Mapping[str, list[Row]]) -> Rebuilt:
    """Complete the rows of a sweep from its files.

    Args:
        sweep: Its own row.
        folder: Its folder.
        read: Its rows that could be read, by table.
    """
    rows = {table: list(known) for table, known in read.items()}
    found = Rebuilt(dict(sweep), rows)
    heads = _heads(folder, found)
    _batches(found, heads)
    _answers(found, heads)
    _submissions(found, heads)
    _points(found, heads)
    _reconcile(found)
    return found


@dataclass(frozen=True)
class _Head:
    """What a file tells of itself."""

    name: str
    digest: str
    told: dict[str, Any]


def _heads(folder: Path, found: Rebuilt) -> list[_Head]:
    heads = []
    for file in sorted(folder.glob("*.json.z")):
        if file.name.startswith(".") or file.name.endswith(".sent.json.z"):
            continue
        try:
            packed = file.read_bytes()
            told = files.parted(zlib.decompress(packed))[0]
        except (OSError, ValueError, zlib.error):
            found.unreadable.append(file.name)
            continue
        heads.append(_Head(file.name, files.digest(packed), told))
    return heads


def _plans(heads: Iterable[_Head]) -> list[tuple[int, _Head]]:
    plans = [one for one in heads if "submissions" in one.told]
    return sorted(
        (int(one.name.removeprefix("plan-").split(".")[0]), one) for one in plans
    )


def _add(found: Rebuilt, table: str, row: Row) -> None:
    found.rows[table].append({"sweep": found.sweep["id"], **row})
    found.made[table] = found.made.get(table, 0) + 1


def _batches(found: Rebuilt, heads: list[_Head]) -> None:
    there = {row["number"]: row for row in found.rows["batch"]}
    for number, head in _plans(heads):
        known = {"file": head.name, "digest": head.digest}
        if number in there:
            there[number].update(known)
        else:
            source = head.told.get("source")
            _add(found, "batch", {"number": number, **known, "source": source})


def _answers(found: Rebuilt, heads: list[_Head]) -> None:
    there = {row["file"]: row for row in found.rows["answer"]}
    told = [one for one in heads if "parts" in one.told]
    for head in sorted(told, key=lambda one: float(one.told["at"])):
        known = {name: head.told[name] for name in ("submission", "job", "at")}
        known["calibrated"] = head.told["calibrated"]
        known["parts"] = json.dumps(head.told["parts"])
        known["digest"] = head.digest
        if head.name in there:
            there[head.name].update(known)
        else:
            _add(found, "answer", {"file": head.name, **known})


def _submissions(found: Rebuilt, heads: list[_Head]) -> None:
    there = {row["id"] for row in found.rows["submission"]}
    attempts = {
        one.name.split(".")[0]: int(one.told["attempt"])
        for one in heads
        if "attempt" in one.told
    }
    whole = {one.told["submission"]: one.told for one in heads if one.told.get("whole")}
    for number, head in _plans(heads):
        for one in head.told["submissions"]:
            if one["id"] in there:
                continue
            row = {name: one[name] for name in ("id", "number", "device", "circuits")}
            row |= {"batch": number, "seconds": one["seconds"], "seen": None}
            row["attempt"] = attempts.get(one["id"], 0)
            row |= _state(found, one["id"], whole.get(one["id"]))
            if row["state"] == "sending":
                found.unsure.append(one["id"])
            _add(found, "submission", row)


def _state(found: Rebuilt, submission: str, answer: Row | None) -> Row:
    """How far a submission is whose row is lost."""
    if answer is not None:
        return {"state": "got", "job": answer["job"], "used": answer["used"]}
    paid = found.sweep["service"] != "local"
    events = [row for row in found.rows["event"] if row["submission"] == submission]
    last: Row = events[-1] if events else {"kind": None}
    if last["kind"] == "cancelled" or found.sweep["state"] == "cancelled":
        return {"state": "cancelled", "job": None, "used": None}
    if paid and last["kind"] == "sent":
        return {"state": "sent", "job": json.loads(last["detail"])["job"], "used": None}
    # a later event may be lost: what was paid for is looked up before it is sent
    return {"state": "sending" if paid else "planned", "job": None, "used": None}


def _points(found: Rebuilt, heads: list[_Head]) -> None:
    there = {row["id"] for row in found.rows["point"]}
    stands: dict[str, tuple[int, str]] = {}
    for number, head in _plans(heads):  # a later plan takes a point over
        for one in head.told["submissions"]:
            stands |= dict.fromkeys(one["points"], (number, one["id"]))
    states = {row["id"]: row["state"] for row in found.rows["submission"]}
    for point, (number, submission) in stands.items():
        if point not in there:
            gone = states.get(submission) == "cancelled"
            row = {"id": point, "batch": number, "submission": submission}
            row |= {"state": "cancelled" if gone else "planned", "error": None}
            _add(found, "point", row)


def _reconcile(found: Rebuilt) -> None:
    """Have points run again that are over and of which nothing is there."""
    answered = {
        (row["submission"], part)
        for row in found.rows["answer"]
        for part in json.loads(row["parts"])
    }
    logged = {row["point"] for row in found.rows["run"]}
    submissions = {row["id"]: row for row in found.rows["submission"]}
    for point in found.rows["point"]:
        if point["state"] == "cancelled" or point["id"] in logged:
            continue
        if (point["submission"], point["id"]) in answered:
            continue
        point.update(state="planned", error=None)
        of = submissions.get(point["submission"])
        if of is not None and of["state"] == "got":
            known = of["job"] is not None and found.sweep["service"] != "local"
            of["state"] = "sent" if known else "planned"
    if found.sweep["state"] != "cancelled" and any(
        point["state"] == "planned" for point in found.rows["point"]
    ):
        found.sweep["state"] = "open"
