"""What a sweep found, in two sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qexp.effects.best import Best
from qexp.effects.effect import Effect

_MOST = 3
"""Effects that a sentence names."""


def sentences(metric: str, effects: Sequence[Effect], repeats: int) -> str:
    """Two sentences: what made a difference, and what made none that could be seen.

    They are about options; about circuits only where nothing else varies.
    """
    options = [one for one in effects if one.kinds[0] != "circuit"]
    effects = options or effects
    decided = sorted(
        (one for one in effects if one.decision == "decided"),
        key=lambda one: -abs(one.effect),
    )
    rest = [one for one in effects if one.decision != "decided"]
    return " ".join(
        filter(
            None, [_found(metric, decided, repeats), _unseen(rest, decided, repeats)]
        )
    )


def _found(metric: str, decided: Sequence[Effect], repeats: int) -> str:
    if not decided:
        return (
            f"No option made a difference to {metric} that {_of(repeats)} could tell."
        )
    by_option = list({one.option: one for one in reversed(decided)}.values())
    by_option.sort(key=lambda one: -abs(one.effect))
    told = [_told(metric, one) for one in by_option[:_MOST]]
    more = len(by_option) - len(told)
    others = "one more option matters" if more == 1 else f"{more} more options matter"
    return "; ".join([*told, *([others] if more else [])]) + "."


def _told(metric: str, one: Effect) -> str:
    verb = "raises" if one.effect > 0 else "lowers"
    ends = sorted((abs(one.low), abs(one.high)))
    sure = f"95 % {number(ends[0])} to {number(ends[1])}"
    if one.estimate.unit == "shots":
        sure += ", shot noise only"
    return (
        f"{one.option} {one.level} {verb} {metric} by {number(abs(one.effect))} "
        f"({sure}) over {one.reference}"
    )


def _unseen(rest: Sequence[Effect], decided: Sequence[Effect], repeats: int) -> str:
    named = {one.option for one in decided}
    options: dict[str, list[Effect]] = {}
    for one in rest:
        if one.option not in named:
            options.setdefault(one.option, []).append(one)
    told = [_option(name, rows, repeats) for name, rows in options.items()]
    return f"{'; '.join(told)}." if told else ""


def _option(name: str, rows: Sequence[Effect], repeats: int) -> str:
    kinds = {one.decision for one in rows}
    confounded = [one.estimate.confounded for one in rows if one.estimate.confounded]
    if kinds == {"alias"}:
        return f"{name} did not change the compiled circuits"
    if confounded:
        return f"{name} is undecided: it is confounded with {confounded[0]}"
    if kinds <= {"none", "alias"}:
        return f"{name} has no two cells to compare"
    sizes = [max(abs(one.low), abs(one.high)) for one in rows if not _unknown(one)]
    known = f": at most {number(max(sizes))}" if sizes else ""
    return f"{name} made no difference that {_of(repeats)} could see{known}"


def _unknown(one: Effect) -> bool:
    return math.isnan(one.low) or math.isnan(one.high)


def _of(repeats: int) -> str:
    return "one repeat" if repeats == 1 else f"{repeats} repeats"


def number(value: float) -> str:
    """A number with as many digits as are worth reading."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{min(max(digits, 3) if abs(value) < 10 else digits, 9)}f}"


def choice(best: Best) -> str:
    """One sentence: which setting, how good it really is, and what may be as good."""
    chosen = ", ".join(f"{name}={value}" for name, value in best.winner.options.items())
    worth = f"{number(best.corrected)} corrected for the choice"
    if best.confirmed is not None:
        worth = f"confirmed: {fresh(best)}"
    elif math.isfinite(best.low):
        worth += f", 95 % {number(best.low)} to {number(best.high)}"
        worth += " on shot noise alone" if best.unit == "shots" else ""
    others = len(best.among) - 1
    if not others:
        return f"Best {best.metric}: {chosen} ({worth}), told from all others."
    return (
        f"Best {best.metric}: {chosen} ({worth}); {others} of {len(best.settings) - 1} "
        f"other settings cannot be told from it{_more(best)}."
    )


def fresh(best: Best) -> str:
    """What the best setting scored on fresh repeats; empty where there are none."""
    if best.confirmed is None:
        return ""
    mean, low, high = best.confirmed
    half = (high - low) / 2
    sure = f" \N{PLUS-MINUS SIGN} {number(half)}" if math.isfinite(half) else ""
    noise = " by shot noise alone" if best.fresh == 1 else ""
    repeats = "one fresh repeat" if best.fresh == 1 else f"{best.fresh} fresh repeats"
    return f"{number(mean)}{sure} at 95 %{noise} on {repeats}"


def _more(best: Best) -> str:
    """What would tell it from the last that may be as good."""
    last = best.among[-1]
    ways = [f"{last.repeats:,} repeats"] if last.repeats else []
    if last.shots and last.shots > 1:
        ways.append(f"{last.shots:,} times the shots")
    return f" ({' or '.join(ways)} would tell the worst of them apart)" if ways else ""
