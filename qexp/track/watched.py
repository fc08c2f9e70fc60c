"""What the sentinels of a sweep measured, and when."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from qexp.planning.sentinel import Sentinel
from qexp.planning.submission import Submission
from qexp.results.result import Result
from qexp.results.score import Scored, score

METRIC: Final = "success_probability"

_NOT_OF_THE_MACHINE = {
    "header",
    "measurement_error_mitigation",
    "repeat",
    "seed_simulator",
    "share_identical",
    "shots",
}
"""Inputs of a job that do not change what a sentinel's counts come from."""


@dataclass(frozen=True)
class Watched:
    """What a sentinel measured.

    Attributes:
        job: Number of its job in the plan.
        block: Number of the job's block.
        place: `open` or `close`.
        step: Its place in the plan: jobs in order, open before close.
        at: When its job began (`open`) or ended (`close`), as the service says; else when
            its answer came. UTC.
        setting: The device and what else holds for the whole job and changes what is
            measured: only sentinels of one setting can be compared.
        scored: Its success probability; None where it failed.
        error: Why it failed, or None.
    """

    job: int
    block: int
    place: str
    step: int
    at: datetime
    setting: str
    scored: Scored | None
    error: str | None


def watched(
    measured: Result,
    submission: Submission,
    known: Sentinel,
    *,
    began: float | None,
    ended: float,
) -> Watched:
    """What one sentinel measured.

    Args:
        measured: Its result.
        submission: The job that it opens or closes.
        known: Its circuits, and what an ideal machine makes of them.
        began: When the job began to run, in seconds since 1970, where that is known.
        ended: When it ended.
    """
    place = measured.name.rpartition("-")[2]
    scores = [] if measured.error else score(known.built, measured, [METRIC])
    raw = [one for one in scores if one.name == f"raw_{METRIC}"]
    seconds = began if place == "open" and began is not None else ended
    return Watched(
        job=submission.number,
        block=submission.block,
        place=place,
        step=2 * submission.number + (place == "close"),
        at=datetime.fromtimestamp(seconds, timezone.utc),
        setting=setting(submission),
        scored=raw[0] if raw else None,
        error=measured.error,
    )


def setting(submission: Submission) -> str:
    """What a job's sentinels have in common with those of jobs like it."""
    told = [
        f"{name}={value}"
        for name, value in sorted(submission.inputs.items())
        if name not in _NOT_OF_THE_MACHINE
    ]
    return " ".join([submission.device.name, *told])


def steps(watched: Iterable[Watched]) -> list[tuple[str, float, int]]:
    """What the sentinels measured, as metrics over time: name, value, step."""
    found = []
    for step, one in enumerate(sorted(watched, key=lambda one: one.step)):
        if one.scored is not None:
            values = {
                "": one.scored.value,
                "_low": one.scored.low,
                "_high": one.scored.high,
            }
            found += [
                (f"sentinel{end}", value, step)
                for end, value in values.items()
                if value is not None
            ]
    return found


def as_csv(watched: Sequence[Watched]) -> str:
    """What the sentinels measured as a table, in the plan's order."""
    stream = io.StringIO()
    columns = "step job block place time setting success_probability low high error"
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns.split())
    for one in sorted(watched, key=lambda one: one.step):
        s = one.scored
        ends = (s.value, s.low, s.high) if s else (None, None, None)
        place = (one.step, one.job, one.block, one.place, one.at.isoformat())
        writer.writerow((*place, one.setting, *ends, one.error or ""))
    return stream.getvalue()


def of_csv(text: str) -> list[Watched]:
    """What a table of sentinels holds; nothing of one that does not tell the time."""
    rows = list(csv.DictReader(io.StringIO(text)))
    return [
        Watched(
            job=int(row["job"]),
            block=int(row["block"]),
            place=row["place"],
            step=int(row["step"]),
            at=datetime.fromisoformat(row["time"]),
            setting=row["setting"],
            scored=_scored(row[METRIC], row["low"], row["high"]),
            error=row["error"] or None,
        )
        for row in rows
        if "time" in row
    ]


def _scored(value: str, low: str, high: str) -> Scored | None:
    if not value:
        return None
    ends = (float(low) if low else None, float(high) if high else None)
    return Scored(f"raw_{METRIC}", float(value), *ends, None, None, None)
