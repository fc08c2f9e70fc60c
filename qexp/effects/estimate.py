"""One contrast: how large, how sure, and against which scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

import numpy as np
from scipy.special import fdtrc, stdtr, stdtrit

from qexp.effects.contrast import Contrast, same_circuits
from qexp.effects.layout import Layout, Truths
from qexp.effects.scatter import Scatter, Strata
from qexp.effects.table import Floats

Unit = Literal["block", "job", "point", "shots", ""]

LEVEL = 0.95
"""Confidence of every interval."""

STANDS_OUT = 0.1
"""Where a contrast's own scatter exceeds the pooled one at this level, it is used: a
preliminary test, as liberal as covers 93 to 97 % where nothing stands out."""

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A contrast, estimated.

    Attributes:
        value: The estimate; NaN where no block has it.
        error: Its standard error; NaN where it cannot be known.
        freedom: Degrees of freedom of the error; infinite for known shot noise.
        unit: What scatters: `block` (the contrast from block to block), `job` (jobs
            within blocks), `point` (points within jobs), `shots` (shot noise alone), or
            nothing.
        pairs: Groups of cells that were compared.
        blocks: Blocks that hold any.
        by_shot: The part of the variance that is shot noise; NaN where not known.
        by_block: The contrast in each block, NaN where it has none, shape (B,).
        key: Equal for contrasts of the same measurements.
        steady: Whether what the compiler's seeds did cancels, or they did nothing.
        alias: Whether all cells that are subtracted compiled to the same circuit.
        aliased: Share of the entries of which that is so.
        confounded: With what it is confounded, or nothing.
    """

    value: float
    error: float
    freedom: float
    unit: Unit
    pairs: int
    blocks: int
    by_shot: float
    by_block: Floats
    key: bytes = b""
    steady: bool = False
    alias: bool = False
    aliased: float = 0.0
    confounded: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        half = float(quantile((1 + LEVEL) / 2, self.freedom)) * self.error
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Probability, were there no effect, of an estimate at least as far from 0.

        NaN where there is no error, or where it is confounded.
        """
        if math.isnan(self.error) or self.confounded or self.alias:
            return math.nan
        if self.error == 0:
            if self.value == 0:
                return 1.0
            # compiled anew for each block, and yet the same: all signs agree
            return 2.0 ** (1 - self.blocks) if self.unit == "block" else 0.0
        return 2 * float(probability(-abs(self.value) / self.error, self.freedom))


def quantile(chance: float, freedom: float) -> float:
    """Quantile of Student's t; of the normal distribution at infinite freedom."""
    return float(stdtrit(min(freedom, 1e9), chance))


def probability(value: float, freedom: float) -> float:
    """Distribution function of Student's t."""
    return float(stdtr(min(freedom, 1e9), value))


def estimate(layout: Layout, strata: Strata, one: Contrast) -> Estimate:
    """Estimate a contrast and its error.

    The estimate is the mean over groups, of which each is a mean over its blocks. The
    error is the scatter of the contrast from block to block, or a pooled one where that
    is known to be the same: see `docs/statistics.md`.
    """
    value, by_block, valid = _blocks(layout, one)
    if value is None:
        nothing = np.full(layout.cells.repeats, np.nan)
        return Estimate(math.nan, math.nan, math.nan, "", 0, 0, math.nan, nothing)
    classes, plots = _coefficients(layout, one, valid)
    by_shot = float(classes**2 @ layout.variance) if len(classes) else math.nan
    found = Estimate(
        value=value,
        error=math.nan,
        freedom=math.nan,
        unit="",
        pairs=len(one.cells),
        blocks=int(np.isfinite(by_block).sum()),
        by_shot=by_shot,
        by_block=by_block,
        # of a long sweep the coefficients themselves would be gigabytes
        key=sha256(np.round(classes, 9).tobytes()).digest(),
        alias=bool(np.abs(classes).max() < _NOTHING),
        aliased=_aliased(layout, one, valid),
        steady=same_circuits(layout, one),
    )
    if found.alias:
        return replace(found, value=0.0, by_block=np.where(valid.any(0), 0.0, np.nan))
    squares = {"point": float(classes @ classes), "job": float(plots @ plots)}
    return _with_error(layout, strata, one, found, squares)


def _blocks(layout: Layout, one: Contrast) -> tuple[float | None, Floats, Truths]:
    """The estimate, the contrast in each block, and which entries it comes from."""
    difference = np.einsum("pkb,k->pb", layout.cells.value[one.cells], one.signs)
    valid = ~np.isnan(difference)
    used = valid.any(axis=0)
    if not used.any():
        return None, np.full(layout.cells.repeats, np.nan), valid
    if valid[:, used].all():
        by_block = one.weight @ difference
        return float(by_block[used].mean()), by_block, valid
    group, block = _balanced(np.where(valid, difference, 0.0), valid, one.weight)
    centre = float(one.weight @ group)
    return centre, np.where(used, centre + block, np.nan), valid


def _balanced(
    difference: Floats,
    valid: Truths,
    weight: Floats,
) -> tuple[Floats, Floats]:
    """Groups and blocks fitted in turns, so that a gap in one biases neither."""
    mass = valid * weight[:, None]
    per_block = mass.sum(axis=0)
    block = np.zeros(difference.shape[1])
    group = np.zeros(len(difference))
    for _ in range(200):
        group = ((difference - block) * valid).sum(axis=1) / valid.sum(axis=1)
        fitted = ((difference - group[:, None]) * mass).sum(axis=0)
        fitted = np.divide(
            fitted, per_block, out=np.zeros_like(fitted), where=per_block > 0
        )
        fitted -= fitted[per_block > 0].mean()
        moved = float(np.abs(fitted - block).max())
        block = fitted
        if moved <= 1e-12 * (1e-300 + float(np.abs(difference).max())):
            break
    group = ((difference - block) * valid).sum(axis=1) / valid.sum(axis=1)
    return group, block


def _coefficients(
    layout: Layout,
    one: Contrast,
    valid: Truths,
) -> tuple[Floats, Floats]:
    """Coefficients of the alias classes, and of the whole plots."""
    share = valid * (one.weight / np.maximum(valid.sum(axis=1), 1))[:, None]
    spread = share[:, None, :] * one.signs[None, :, None]
    entries = np.broadcast_to(valid[:, None, :], spread.shape)
    alias, plot = layout.alias[one.cells], layout.place[one.cells]
    coefficients = spread[entries]
    classes: Floats = np.bincount(
        alias[entries], coefficients, len(layout.variance)
    ).astype(float)
    plots: Floats = np.bincount(plot[entries], coefficients).astype(float)
    return classes, plots


def _aliased(
    layout: Layout,
    one: Contrast,
    valid: Truths,
) -> float:
    """Share of entries whose groups hold nothing but the same circuits."""
    alias = layout.alias[one.cells]
    same = alias[:, 0] == alias[:, 1]
    if len(one.signs) == 4:
        across = (alias[:, 0] == alias[:, 2]) & (alias[:, 1] == alias[:, 3])
        same = (same & (alias[:, 2] == alias[:, 3])) | across
    return float((same & valid).sum() / max(valid.sum(), 1))


def _with_error(
    layout: Layout,
    strata: Strata,
    one: Contrast,
    found: Estimate,
    squares: dict[str, float],
) -> Estimate:
    jobwide = layout.is_jobwide(*one.factors)
    if found.blocks < 2:
        return replace(
            found,
            error=math.sqrt(found.by_shot),
            freedom=math.inf,
            unit="shots",
            confounded="the job" if jobwide else "",
        )
    own = _own(found)
    if jobwide and _one_order(layout, one):
        own = replace(own, confounded="the order of the jobs")
    if not found.steady:
        return own
    unit: Unit = "job" if jobwide else "point"
    pooled = strata.job if jobwide else strata.point
    if pooled is None or pooled.freedom <= own.freedom:
        return replace(own, unit=unit)
    if pooled.shot > 0 and math.isnan(found.by_shot):
        return own
    variance = pooled.variance(squares[unit], found.by_shot)
    if _stands_out(own, variance, pooled):
        return own
    return replace(own, error=math.sqrt(variance), freedom=pooled.freedom, unit=unit)


def _own(found: Estimate) -> Estimate:
    """The contrast against its own scatter from block to block."""
    each = found.by_block[np.isfinite(found.by_block)]
    error = float(each.std(ddof=1)) / math.sqrt(len(each))
    if error <= _NOTHING * float(np.abs(each).max()):
        error = 0.0
    return replace(found, error=error, freedom=len(each) - 1, unit="block")


def _stands_out(own: Estimate, pooled: float, scatter: Scatter) -> bool:
    if pooled <= 0:
        return own.error > 0
    ratio = own.error**2 / pooled
    return bool(fdtrc(own.freedom, scatter.freedom, ratio) < STANDS_OUT)


def _one_order(layout: Layout, one: Contrast) -> bool:
    """Whether jobs at one level came before those at the other in every block.

    Then a steady drift looks like the effect.
    """
    cells = layout.cells
    if not cells.timed or len(one.factors) > 1:
        return False
    signs = set()
    for block in range(cells.repeats):
        jobs = cells.job[one.cells, block]
        high, low = (side[side >= 0] for side in jobs.T)
        if not len(high) or not len(low):
            continue
        if high.min() > low.max():
            signs.add(1)
        elif high.max() < low.min():
            signs.add(-1)
        else:
            return False
    return len(signs) == 1
