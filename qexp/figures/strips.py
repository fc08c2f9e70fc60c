"""The rows of a forest plot: names, notes, and which effects are worth a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qexp.figures.estimate import (
    known,
    written,
)
from qexp.figures.page import (
    GREY,
    MARGIN,
    NORMAL,
    SMALL,
    Line,
    wrap,
)

NAMES = 0.42
"""The share of the width that the names may take."""
INDENT, GAP, SPACE, BETWEEN = 0.12, 0.14, 0.05, 0.07


@dataclass(frozen=True)
class Effect:
    """What changes from a reference to a level of an option.

    Attributes:
        option: the option's name; for an interaction both, as "a × b".
        level: the level.
        reference: the level it is compared with; "" where there is none.
        value: the difference, in the metric's unit; None or NaN if there is none.
        low: the lower end of its 95 % interval.
        high: the upper end.
        decided: whether the effect is told apart from zero.
        note: what limits it, as "confounded with the job".
    """

    option: str
    level: str
    reference: str
    value: float | None
    low: float | None
    high: float | None
    decided: bool
    note: str = ""

    @property
    def size(self) -> float:
        """Return how large it is, whichever way; an unknown one is the smallest."""
        value = known(self.value)
        return -1.0 if value is None else abs(value)

    @property
    def name(self) -> str:
        """Return what is compared."""
        return f"{self.level} vs {self.reference}" if self.reference else self.level

    @property
    def text(self) -> str:
        """Return the difference with its interval."""
        return written(self.value, self.low, self.high, signed=True)


@dataclass(frozen=True)
class Strip:
    """A row: lines of text, and the effect they speak of, if it is not a header."""

    lines: tuple[Line, ...]
    effect: Effect | None = None
    indent: float = 0.0
    before: float = 0.0

    @property
    def height(self) -> float:
        """Return the height with the space around it."""
        return self.before + sum(line.height for line in self.lines) + SPACE

    @property
    def middle(self) -> float:
        """Return the height of the first line's middle, from the top of the strip."""
        return self.before + self.lines[0].height / 2


def kept_effects(
    effects: Sequence[Effect], interactions: Sequence[Effect], limit: int
) -> tuple[list[Effect], list[Effect], str]:
    """Return the largest of all effects, and a line about the others."""
    ranked = sorted([*effects, *interactions], key=lambda one: one.size, reverse=True)
    left = ranked[limit:]
    dropped = {id(one) for one in left}
    kept = [
        [one for one in x if id(one) not in dropped] for x in (effects, interactions)
    ]
    if not left:
        return kept[0], kept[1], ""
    noun = "effect is" if len(left) == 1 else "effects are"
    told = sum(one.decided for one in left)
    text = f"{len(left)} smaller {noun} not drawn, {told or 'none'} of them decided."
    return kept[0], kept[1], text


def _groups(effects: Sequence[Effect]) -> list[list[Effect]]:
    """Return the effects by option, the option with the largest effect first."""
    groups: dict[str, list[Effect]] = {}
    for effect in effects:
        groups.setdefault(effect.option, []).append(effect)
    return sorted(
        groups.values(), key=lambda x: max(one.size for one in x), reverse=True
    )


def _lines(text: str, width: float, weight: str = "normal") -> tuple[Line, ...]:
    rows = wrap(text, NORMAL, width, weight=weight)
    return tuple(Line(row, NORMAL, weight) for row in rows)


def _strip(
    effect: Effect, name: str, width: float, indent: float, known_note: str
) -> Strip:
    note = "" if effect.note == known_note else effect.note
    lines = _lines(name, width - indent) or (Line("", NORMAL),)
    return Strip((*lines, *_remark(note, width - indent)), effect, indent)


def _remark(note: str, width: float) -> list[Line]:
    return [Line(row, SMALL, colour=GREY) for row in wrap(note, SMALL, width)]


def _group(
    effects: Sequence[Effect], width: float, across: float, shared: str
) -> list[Strip]:
    """Return an option's rows; an option with one effect needs no header.

    What all rows of the option have in common is said in the header.
    """
    if len(effects) == 1:
        name = f"{effects[0].option}: {effects[0].name}"
        strips = [_strip(effects[0], name, width, 0.0, shared)]
    else:
        reference, note = common(effects)
        name = effects[0].option + (f": vs {reference}" if reference else "")
        remark = _remark("" if note == shared else note, across)
        header = Strip((*(_lines(name, across) or (Line("", NORMAL),)), *remark))
        rows = [
            _strip(x, x.level if reference else x.name, width, INDENT, note or shared)
            for x in effects
        ]
        strips = [header, *rows]
    first = strips[0]
    strips[0] = Strip(first.lines, first.effect, first.indent, BETWEEN)
    return strips


def common(effects: Sequence[Effect]) -> tuple[str, str]:
    """Return the reference and the note that all effects have; "" where they differ."""
    references = {effect.reference for effect in effects}
    notes = {effect.note for effect in effects}
    reference = references.pop() if len(references) == 1 else ""
    return reference, notes.pop() if len(notes) == 1 else ""


def strips_of(
    effects: Sequence[Effect], interactions: Sequence[Effect], width: float, shared: str
) -> list[Strip]:
    """Return all rows: the options with the largest effects first, then interactions.

    Args:
        effects: of single options.
        interactions: of two.
        width: of the page.
        shared: the note that is written elsewhere.
    """
    names, across = NAMES * width, width - 2 * MARGIN
    strips = []
    for title, part in (("single options", effects), ("interactions", interactions)):
        if part and interactions:
            strips.append(Strip(_lines(title, across, "bold"), before=2 * BETWEEN))
        for group in _groups(part):
            strips += _group(group, names, across, shared)
    return strips
