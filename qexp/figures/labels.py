"""Short labels for measured outcomes, however wide the register is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from qexp.figures.page import text_width

PLAIN = 16
"""Outcomes up to this many characters are written in full."""
LONGEST = 20
SHORTEST_RUN = 4
FEWEST_KEPT = 6
TIMES = "\N{MULTIPLICATION SIGN}"


def _runs(bits: str) -> str:
    """Write long runs as a product: '0' twenty-six times and '1' is '0×26 1'."""
    parts = [""]
    for bit, group in groupby(bits):
        length = len(list(group))
        if length < SHORTEST_RUN:
            parts[-1] += bit * length
        else:
            parts += [f"{bit}{TIMES}{length}", ""]
    return " ".join(part for part in parts if part)


def _hexadecimal(bits: str) -> str:
    return f"0x{int(bits, 2):0{-(-len(bits) // 4)}x}"


def _label(outcome: str) -> str:
    bits = outcome.replace(" ", "")
    if not bits or set(bits) - {"0", "1"}:
        return outcome
    runs = _runs(bits)
    return runs if len(runs) <= LONGEST else _hexadecimal(bits)


def _elided(label: str, keep: int) -> str:
    if len(label) <= max(LONGEST, 2 * keep + 1):
        return label
    return f"{label[:keep]}…{label[-keep:]}"


def outcome_labels(outcomes: Sequence[str]) -> list[str]:
    """Return a distinct label for every outcome, in the same order.

    Outcomes wider than 16 bits are written as runs ('0×26 1') where that is short,
    else in hexadecimal; the middle of a very long number is left out as far as the
    labels stay distinct.
    """
    if all(len(outcome) <= PLAIN for outcome in outcomes):
        return list(outcomes)
    labels = [_label(outcome) for outcome in outcomes]
    longest = max(map(len, labels))
    for keep in range(FEWEST_KEPT, max(longest, FEWEST_KEPT + 1)):
        elided = [_elided(label, keep) for label in labels]
        if len(set(elided)) == len(set(outcomes)):
            return elided
    return list(outcomes)


def notation(outcomes: Sequence[str], labels: Sequence[str]) -> str:
    """Say how to read the labels."""
    if list(outcomes) == list(labels):
        return "bit 0 on the right"
    run = next((part for x in labels for part in x.split() if TIMES in part), "")
    bits = len(outcomes[0].replace(" ", ""))
    hints = [f"{bits} bits, bit 0 on the right"]
    if run:
        hints.append(f"{run}: {run[0]} repeated {run[2:]} times")
    if any(label.startswith("0x") for label in labels):
        hints.append("0x: hexadecimal")
    return "; ".join(hints)


def distinct(labels: Sequence[str], size: float, width: float) -> list[str]:
    """Shorten labels to ``width`` inches by their middles, as far as they stay distinct.

    Args:
        labels: in any order.
        size: of the font, in points.
        width: the most that a label takes, in inches.
    """
    short = [shortened(label, size, width) for label in labels]
    return short if len(set(short)) == len(set(labels)) else list(labels)


def shortened(label: str, size: float, width: float) -> str:
    """Leave out the middle of a label that is wider than ``width`` inches."""
    keep, short = len(label) // 2, label
    while keep > 1 and text_width(short, size) > width:
        keep -= 1
        short = f"{label[:keep]}…{label[-keep:]}"
    return short
