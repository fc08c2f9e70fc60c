"""Means of settings, and what the best of them is really worth."""

from __future__ import annotations

import math

import numpy as np

from qexp.effects.additive import additive
from qexp.effects.table import Floats


def means(values: Floats) -> Floats:
    """Means over blocks, with what a setting lacks made up for; -inf without any."""
    if not np.isnan(values).any():
        return np.asarray(values.mean(axis=1))
    row, column = np.nonzero(~np.isnan(values))
    fit = additive(row, column, values[row, column])
    found = np.full(len(values), -np.inf)
    present = np.unique(row)
    found[present] = fit.row[present]
    return found


def corrected(values: Floats, by_shot: Floats) -> float:
    """The best mean, corrected for having been chosen.

    With several blocks the winner of all blocks but one is looked up in that one, in
    turn, and those values are averaged. With one block, means are drawn towards their
    average as far as shot noise makes them scatter (James and Stein, Proceedings of the
    Fourth Berkeley Symposium 1, 361, 1961).

    Args:
        values: The metric where more is better, shape (S, B).
        by_shot: Variance by shot noise, shape (S, B).
    """
    blocks = values.shape[1]
    if blocks > 1:
        found = [_held_out(values, block) for block in range(blocks)]
        known = [one for one in found if not math.isnan(one)]
        return math.fsum(known) / len(known) if known else math.nan
    alone = values[:, 0]
    centre, scatter = float(alone.mean()), float(alone.var(ddof=1))
    noise = float(by_shot.mean())
    if math.isnan(noise) or scatter == 0 or len(alone) < 4:
        return float(alone.max())
    kept = max(1 - (len(alone) - 3) / (len(alone) - 1) * noise / scatter, 0.0)
    return centre + kept * (float(alone.max()) - centre)


def _held_out(values: Floats, block: int) -> float:
    """What the winner of the other blocks gained in this one, on the level of all."""
    rest = np.delete(values, block, axis=1)
    winner = int(np.argmax(means(rest)))
    here = ~np.isnan(values[:, block])
    level = float(means(values)[here].mean())
    return level + float(values[winner, block] - values[here, block].mean())
