"""One self-contained HTML page about a sweep, or about several beside each other."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from qexp.effects import Analysis, Effect
from qexp.effects.words import fresh
from qexp.figures.numbers import decimals, span
from qexp.findings import best as settings
from qexp.findings.analysed import Findings
from qexp.findings.compared import Compared
from qexp.findings.gathered import FAILED, REFUSED, Gathered, by_column

MOST = 12
"""Rows of a table of settings, failures or interactions that the page shows."""

LISTED = 200
"""Effects of a metric that the page lists; nobody reads thousands."""

SMALLEST = 0.0001
"""The smallest p-value that is told: what is below rests on the tails of models."""


@dataclass(frozen=True)
class Picture:
    """A picture on the page.

    Attributes:
        name: What it is called among the artifacts, without the ending.
        caption: What it shows, in a sentence.
        png: The picture.
    """

    name: str
    caption: str
    png: bytes

    @property
    def source(self) -> str:
        """It, as the page holds it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def page(
    found: Sequence[Findings],
    drawn: Sequence[Sequence[Picture]],
    compared: Sequence[Compared] = (),
) -> str:
    """The page.

    Args:
        found: The sweeps, at least one.
        drawn: The pictures of each.
        compared: How far the effects of several sweeps differ.
    """
    environment = Environment(
        loader=PackageLoader("qexp", "findings"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [_section(one, list(p)) for one, p in zip(found, drawn, strict=True)]
    titles = [one.gathered.title for one in found]
    return environment.get_template("sweep.html.j2").render(
        title=titles[0] if len(titles) == 1 else f"{len(titles)} sweeps",
        sections=sections,
        compared=[one.cells for one in compared],
        names=[one["name"] for one in sections],
    )


def _section(found: Findings, drawn: list[Picture]) -> dict[str, Any]:
    gathered = found.gathered
    return {
        "name": f"{gathered.title} ({gathered.sweep})",
        "answer": found.sentences or _nothing(found),
        "confirmed": found.confirmed,
        "warning": found.warning,
        "question": _question(found),
        "method": _method(gathered),
        "plan": varied(found),
        "fixed": fixed(found),
        "analyses": [_analysis(one) for one in found.analyses.values()],
        "pictures": drawn,
        "best": None if found.main is None else _best(found.main),
        "failures": _failures(gathered),
        "calibration": [
            (device.name, device.calibrated, device.digest[:12])
            for device in gathered.devices.values()
        ],
        "notes": [*gathered.notes, *(found.main.notes if found.main else ())],
        "versions": dict(gathered.versions or {}),
        "seed": gathered.seed,
        "sweep": gathered.sweep,
    }


def _nothing(found: Findings) -> str:
    if not found.gathered.finished:
        return "No point of it was measured."
    return "Nothing varies in it, so there are no effects to speak of."


def _question(found: Findings) -> str:
    names = [one.name for one in found.factors]
    metric = next(iter(found.analyses), "")
    if not names or not metric:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return (
        f"What do {listed} do to {metric}?"
        if len(names) > 1
        else (f"What does {listed} do to {metric}?")
    )


def _method(gathered: Gathered) -> str:
    done, repeats = len(gathered.finished), gathered.repeats
    jobs = len({row["job"] for row in gathered.finished})
    text = f"{done} points in {jobs} jobs, {repeats} complete repeats in random order"
    if repeats == 1:
        text = f"{done} points in {jobs} jobs, once each in random order"
    if gathered.shots:
        text += f", {gathered.shots} a circuit"
    known = [row for row in gathered.finished if row.get("quantum_seconds") is not None]
    if known:
        seconds = sum(float(row["quantum_seconds"]) for row in known)
        text += f"; {seconds:,.1f} s of quantum processor time"
    if {row.get("service") for row in gathered.finished} == {"local"}:
        text += " on a device; here it was simulated" if known else "; simulated"
    return f"{text}."


def varied(found: Findings) -> list[tuple[str, str]]:
    """What varies, over which values, the reference first."""
    return [(one.name, ", ".join(map(str, one.levels))) for one in found.factors]


def fixed(found: Findings) -> list[tuple[str, str]]:
    """What was run, and on what, where that is the same in all points."""
    axes = {one.name for one in found.factors}
    rows = found.gathered.rows
    names = [name for name in next(iter(rows), {}) if _of_the_circuit(name)]
    same = [
        (name, {str(value) for value in by_column(rows).column(name, None)})
        for name in (*names, "backend", "service", "service.noise")
        if name not in axes
    ]
    return [
        (name, value)
        for name, values in same
        if len(values) == 1
        for value in values
        if value not in ("None", "nan")
    ]


def _of_the_circuit(name: str) -> bool:
    return name.partition(".")[0] == "circuit" and not name.endswith("_short")


def _analysis(one: Analysis) -> dict[str, Any]:
    strong = [row for row in one.interactions if row.decision == "decided"]
    strong.sort(key=lambda row: -abs(row.effect))
    return {
        "metric": one.metric,
        "sentences": one.sentences,
        "effects": [effect_row(row) for row in _listed(one.effects)],
        "left": max(len(one.effects) - LISTED, 0),
        "interactions": [effect_row(row) for row in strong[:MOST]],
        "more": max(len(strong) - MOST, 0),
        "tested": len(one.interactions),
    }


def _listed(effects: Sequence[Effect]) -> list[Effect]:
    """Effects in their order; of many those that chance explains least."""

    def by_chance(number: int) -> tuple[bool, float, float]:
        row = effects[number]
        return not row.p_holm <= 1, row.p_holm, -abs(row.effect)

    chosen = sorted(range(len(effects)), key=by_chance)[:LISTED]
    return [effects[number] for number in sorted(chosen)]


def effect_row(row: Effect) -> dict[str, Any]:
    """A row of the table of effects, and what is to be known about it."""
    needed = ""
    if row.decision == "undecided" and row.repeats is not None:
        needed = f"{row.repeats:,} repeats would decide a difference of this size"
    words = {"none": "nothing to compare", "alias": "the same circuits"}
    known = not math.isnan(row.low)
    return {
        "cells": [
            row.option,
            f"{row.level} against {row.reference}",
            _signed(row.effect),
            f"{_signed(row.low)} to {_signed(row.high)}" if known else "",
            words.get(row.decision, row.decision),
            _probability(row.p_holm),
        ],
        "note": "; ".join(filter(None, (needed, row.note))),
    }


def _probability(p: float) -> str:
    if math.isnan(p):
        return ""
    return f"{p:.2g}" if p >= SMALLEST else f"< {SMALLEST}"


def _signed(value: float) -> str:
    if math.isnan(value):
        return "none"
    return f"{value:+.4f}".replace("-", "\N{MINUS SIGN}")


def _best(one: Analysis) -> dict[str, Any] | None:
    best = one.best
    if best is None:
        return None
    names = list(best.winner.options)
    return {
        "metric": one.metric,
        "names": names,
        "rows": [
            [
                *(str(candidate.options[name]) for name in names),
                decimals(candidate.mean),
                "" if candidate.repeats is None else f"{candidate.repeats:,}",
            ]
            for candidate in best.among[:MOST]
        ],
        "among": len(best.among),
        "of": len(best.settings),
        "corrected": decimals(best.corrected),
        "interval": "" if math.isnan(best.low) else span(best.low, best.high),
        "confirmed": fresh(best),
        "note": best.note,
        "yaml": settings.as_yaml(best.winner),
        "typed": settings.as_overrides(best.winner),
    }


def _failures(gathered: Gathered) -> list[tuple[str, int, str]]:
    """Reasons for failures with how often, and the settings of the first."""
    reasons: dict[str, list[str]] = {}
    for row in gathered.rows:
        if row["status"] in (FAILED, REFUSED):
            where = ", ".join(f"{axis}={row.get(axis)}" for axis in gathered.axes)
            reasons.setdefault(str(row["error"]), []).append(where)
    found = [(why, len(where), where[0]) for why, where in reasons.items()]
    return sorted(found, key=lambda one: -one[1])[:MOST]
