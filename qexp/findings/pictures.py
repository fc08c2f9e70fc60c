"""The pictures of a sweep's main metric: its effects, its levels, two options together."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from qexp.effects import Analysis, Effect, Factor
from qexp.figures import png, svg
from qexp.figures.forest import forest
from qexp.figures.heat import heat
from qexp.figures.histogram import histogram
from qexp.figures.levels import levels
from qexp.figures.panels import Factor as Panel
from qexp.figures.panels import Level
from qexp.figures.strips import Effect as Strip
from qexp.findings.analysed import Findings
from qexp.findings.best import in_words
from qexp.findings.drift import picture as watched
from qexp.findings.means import by_level, by_two
from qexp.findings.outcomes import Shown
from qexp.findings.page import Picture
from qexp.findings.places import cost, place, subtitle

UNITS = {"rep_delay": "s"}
"""Units of options that have one."""

HEATED = 48
"""Most levels of an option that the picture of two options has; nobody reads more."""


def pictures(found: Findings) -> list[Picture]:
    """What there is to see of a sweep."""
    one = found.main
    drift = watched(found.gathered)
    over_time = [] if drift is None else [("sentinel", SENTINEL, drift)]
    of_effects = [] if one is None else _of(found, one)
    counts = [_counts(found, one) for one in found.outcomes]
    return [
        Picture(name, f"{text}.", png(figure))
        for name, text, figure in [*of_effects, *counts, *over_time]
    ]


SENTINEL = "The sentinels over time: whether the device moved while the sweep ran"


def _of(found: Findings, one: Analysis) -> list[tuple[str, str, Figure]]:
    names: list[tuple[str, str, Callable[[Findings, Analysis], Figure | None]]] = [
        ("effects", f"What each option changes in {one.metric}", effects_figure),
        ("levels", f"{one.metric} at each level, over all other settings", _levels),
        ("together", f"{one.metric} by the two options that matter most", _heat),
        ("cost", f"{one.metric} and the quantum seconds that it takes", cost),
        ("place", "Where the best setting puts the circuit", place),
    ]
    made = [(name, text, draw(found, one)) for name, text, draw in names]
    return [(name, text, figure) for name, text, figure in made if figure is not None]


def _counts(found: Findings, one: Shown) -> tuple[str, str, Figure]:
    """The histogram of a setting."""
    which = {"best": "the best setting", "reference": "the reference"}[one.role]
    repeats = "once" if one.repeats == 1 else f"{one.repeats} repeats together"
    figure = histogram(
        one.counted.counts,
        one.counted.ideal,
        title=f"{found.gathered.name}: outcomes of {which}",
        subtitle=f"{one.counted.circuit}, {in_words(one.options)}, {repeats}",
        mitigated=one.counted.quasi,
    )
    against = " against the ideal" if one.counted.ideal is not None else ""
    return one.role, f"What was measured with {which}{against}", figure


def vector(found: Findings) -> dict[str, bytes]:
    """The effects as a picture for a paper, by the name of the artifact."""
    figure = None if found.main is None else effects_figure(found, found.main)
    return {} if figure is None else {"effects.svg": svg(figure)}


def effects_figure(found: Findings, one: Analysis) -> Figure | None:
    """The effects as a forest plot; None where there is nothing to compare."""
    rows = [row for row in one.effects if row.decision != "none"]
    if not rows:
        return None
    decided = [row for row in one.interactions if row.decision == "decided"]
    return forest(
        [_strip(row) for row in rows],
        metric=one.metric,
        title=f"{found.gathered.name}: effects",
        subtitle=subtitle(found),
        interactions=[_strip(row) for row in decided],
    )


def _strip(row: Effect) -> Strip:
    return Strip(
        option=row.option,
        level=row.level,
        reference=row.reference,
        value=row.effect,
        low=_known(row.low),
        high=_known(row.high),
        decided=row.decision == "decided",
        note=row.note,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _levels(found: Findings, one: Analysis) -> Figure | None:
    options = [factor for factor in found.factors if factor.kind != "seed"]
    if not options:
        return None
    return levels(
        [_panel(found.done, factor, one.metric) for factor in options],
        metric=one.metric,
        title=f"{found.gathered.name}: {one.metric} by option",
        subtitle=subtitle(found),
    )


def _panel(table: pd.DataFrame, factor: Factor, metric: str) -> Panel:
    means = by_level(table, factor.name, factor.levels, metric)
    return Panel(
        factor.name,
        [
            Level(str(level), mean.value, mean.low, mean.high, mean.points, _at(level))
            for level, mean in means.items()
        ],
        unit=UNITS.get(factor.name, ""),
    )


def _at(level: Hashable) -> float | None:
    """Where a level stands on an axis of numbers."""
    if isinstance(level, bool) or not isinstance(level, int | float):
        return None
    return float(level)


def _ascending(factor: Factor) -> Factor:
    """A factor with its levels in the order of their numbers, if all are some."""
    if any(_at(level) is None for level in factor.levels):
        return factor
    return replace(factor, levels=tuple(sorted(factor.levels, key=_number)))


def _number(level: Hashable) -> float:
    return _at(level) or 0.0


def _heat(found: Findings, one: Analysis) -> Figure | None:
    """The two options whose levels differ most; None where there are not two."""
    few = {factor.name for factor in found.factors if len(factor.levels) <= HEATED}
    reach: dict[str, float] = {}
    for row in one.effects:
        if row.option not in few:
            continue
        size = 0.0 if math.isnan(row.effect) else abs(row.effect)
        reach[row.option] = max(reach.get(row.option, 0.0), size)
    names = sorted(reach, key=lambda name: -reach[name])[:2]
    chosen = [
        _ascending(factor)
        for name in names
        for factor in found.factors
        if factor.name == name
    ]
    if len(chosen) < 2 or not reach[names[1]]:
        return None
    rows, columns = chosen
    return heat(
        [str(level) for level in rows.levels],
        [str(level) for level in columns.levels],
        by_two(found.done, rows, columns, one.metric),
        row_option=rows.name,
        column_option=columns.name,
        metric=one.metric,
        title=f"{found.gathered.name}: {rows.name} and {columns.name}",
        subtitle=subtitle(found),
    )
