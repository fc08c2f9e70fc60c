"""Answers that are safe in the ledger, read again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from qexp.errors import ServiceError
from qexp.ledger.book import Book
from qexp.ledger.records import Answer
from qexp.planning.plan import Plan
from qexp.planning.submission import Submission
from qexp.results import result
from qexp.results.result import Result
from qexp.services import Reading

if TYPE_CHECKING:  # pandas takes its time
    from qexp.findings.outcomes import Counted


def results(
    planned: Plan, book: Book, reader: Reading, submissions: Collection[str]
) -> Iterator[tuple[Result, Submission, Answer]]:
    """What some submissions of a plan gave, part by part, as far as it is known.

    Args:
        planned: The plan.
        book: The sweep in the ledger.
        reader: Reads its service's answers.
        submissions: Their ids.
    """
    sent = {one.id: one for one in planned.submissions if one.id in submissions}
    for answer in book.answers(list(sent)):
        submission = sent[answer.submission]
        aside = book.aside(submission.id)
        if aside is not None:
            reader.recall(submission, aside)
        try:
            measured = result.split(submission, reader.decode(answer.raw))
        except ServiceError:  # it will be fetched again
            continue
        for one in measured:
            yield one, submission, answer


def counted(
    planned: Plan, book: Book, reader: Reading, points: Collection[str]
) -> dict[str, Counted]:
    """What was measured of some points of a plan, by their ids.

    Args:
        planned: The plan, all of the sweep as one.
        book: The sweep in the ledger.
        reader: Reads its service's answers.
        points: Their ids.
    """
    from qexp.findings.outcomes import MOST, Counted

    places = {k: v for k, v in planned.places.items() if k in points}
    wanted = {one.submission for one in places.values()}
    found = {}
    for one, submission, _ in results(planned, book, reader, wanted):
        place = places.get(one.name)
        if place is None or place.submission != submission.id or one.error:
            continue
        built, first = place.cell.ready[1], one.measured[0]
        ideal = built.ideal[0]
        found[one.name] = Counted(
            built.labels[0],
            first.counts,
            None if ideal is None or len(ideal) > MOST else dict(ideal),
            first.quasi,
        )
    return found
