"""One self-contained HTML page about a run."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, select_autoescape

from qexp.figures.numbers import decimals, span
from qexp.results.ran import Ran
from qexp.results.score import Scored
from qexp.shown.pictures import setting
from qexp.track.files import versions
from qexp.track.record import params, tags


def page(ran: Ran, drawn: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        ran: What was run.
        drawn: PNG pictures to embed, by name.
    """
    environment = Environment(
        loader=PackageLoader("qexp", "shown"),
        autoescape=select_autoescape(default=True),
    )
    kept = tags(ran)
    return environment.get_template("report.html.j2").render(
        title=f"{ran.experiment.name}: {ran.title}",
        setting=setting(ran),
        shots=f"{ran.options.shots:,}",
        message=message(ran.scores),
        error=ran.result.error,
        scores=score_rows(ran.told_apart),
        pictures=[
            (name, base64.b64encode(content).decode())
            for name, content in drawn.items()
        ],
        notes=ran.notes,
        compiled=[(k, f"{v:.6g}") for k, v in ran.compile_metrics.items()],
        params=params(ran).items(),
        point=ran.point.id,
        sweep=ran.sweep,
        job=ran.job.id,
        calibration=kept["qexp.calibration"],
        versions=versions().items(),
    )


def message(scores: Sequence[Scored]) -> str:
    """The first score in a sentence."""
    if not scores:
        return "Nothing is scored."
    first = scores[0]
    interval = f" (95 % interval {ends(first)})" if first.low is not None else ""
    return f"{first.name} is {decimals(first.value)}{interval}."


def score_rows(scores: Sequence[Scored]) -> list[list[str]]:
    """Name, score, interval or why there is none, and an ideal machine's score."""
    return [
        [
            one.name,
            decimals(one.value),
            _interval(one),
            "" if one.ideal is None else decimals(one.ideal),
        ]
        for one in scores
    ]


def _interval(scored: Scored) -> str:
    """An interval as text, or why there is none."""
    if scored.low is not None:
        return ends(scored)
    return f"none: {scored.note}" if scored.note else ""


def ends(scored: Scored) -> str:
    """An interval as text."""
    assert scored.low is not None
    assert scored.high is not None
    return span(scored.low, scored.high)
