"""How cells lie in jobs, and which of them are one circuit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qexp.effects.additive import additive
from qexp.effects.factor import Factor
from qexp.effects.table import Cells, Floats, Ints

Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """Cells, ready to be compared.

    Attributes:
        cells: With the mean of its alias class for the value of each entry, and with
            jobs that share their setting and block brought to one level.
        jobwide: Whether each factor is constant in every job, shape (F,).
        whole: Number of each cell's combination of job-wide levels, shape (C,).
        alias: Number of each entry's alias class, shape (C, B); -1 without a value. In
            a block, cells that compiled to the same circuit and differ in nothing that
            acts otherwise are one class.
        variance: Shot-noise variance of each class, shape (number of classes,).
    """

    cells: Cells
    jobwide: Truths
    whole: Ints
    alias: Ints
    variance: Floats

    @cached_property
    def steady(self) -> Truths:
        """Whether a cell was one compiled circuit in all its blocks, shape (C,)."""
        compiled, seed = self.cells.compiled, self.cells.seed
        return _constant(compiled, self.cells.valid) | _constant(seed, self.cells.valid)

    @cached_property
    def place(self) -> Ints:
        """Number of each entry's whole plot: block and job-wide levels, shape (C, B)."""
        blocks = self.cells.repeats
        number = self.whole[:, None] * blocks + np.arange(blocks)[None, :]
        return np.where(self.cells.valid, number, -1)

    def is_jobwide(self, *factors: Factor) -> bool:
        """Whether all of the factors are."""
        return all(self.jobwide[self.cells.factors.index(one)] for one in factors)


def layout(cells: Cells) -> Layout:
    """Find job-wide factors and alias classes."""
    jobwide = _jobwide(cells)
    whole = np.zeros(cells.number, np.intp)
    if jobwide.any():
        _, codes = np.unique(cells.level[:, jobwide], axis=0, return_inverse=True)
        whole = codes.ravel()
    level = _levelled(cells, whole)
    return _merged(level, jobwide, whole)


def _jobwide(cells: Cells) -> Truths:
    """Whether no job holds two levels, factor by factor."""
    row, block = np.nonzero(cells.valid)
    job = cells.job[row, block]
    found = []
    for level in cells.level.T:
        pairs = np.unique(np.column_stack([job, level[row]]), axis=0)
        found.append(len(pairs) == len(np.unique(job)))
    return np.array(found, bool)


def _levelled(cells: Cells, whole: Ints) -> Cells:
    """Take out what differs between the jobs that a block's whole plot was split into.

    Cells are compared within jobs that way (the intra-block analysis of incomplete
    blocks: Cochran and Cox, Experimental Designs, 2nd edition 1957, chapter 9).
    """
    row, block = np.nonzero(cells.valid)
    job = cells.job[row, block]
    plot = whole[row] * cells.repeats + block
    pairs = np.unique(np.column_stack([plot, job]), axis=0)
    if len(pairs) == len(np.unique(plot)) or len(np.unique(job)) == len(job):
        return cells
    value = cells.value[row, block]
    fit = additive(row, job, value)
    offset = fit.column[job]
    count = np.maximum(np.bincount(plot), 1)
    offset -= (np.bincount(plot, offset) / count)[plot]
    moved = cells.value.copy()
    moved[row, block] = value - offset
    return replace(cells, value=moved)


def _merged(cells: Cells, jobwide: Truths, whole: Ints) -> Layout:
    row, block = np.nonzero(cells.valid)
    compiled = cells.compiled[row, block]
    own = np.where(compiled < 0, np.arange(len(row)), -1)
    outside = [one.kind in ("execute", "circuit") for one in cells.factors]
    keys = [block, compiled, own, cells.circuit[row]]
    keys += list(cells.level[row][:, outside].T)
    _, alias = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    alias = alias.ravel()
    values, variances = cells.value[row, block], cells.variance[row, block]
    count = np.bincount(alias)
    mean = np.bincount(alias, values) / count
    variance = np.bincount(alias, variances) / count / _independent(alias, values)
    merged, classes = cells.value.copy(), np.full(cells.value.shape, -1, np.intp)
    merged[row, block] = mean[alias]
    classes[row, block] = alias
    found = replace(cells, value=merged)
    return Layout(found, jobwide, whole, classes, variance)


def _independent(alias: Ints, values: Floats) -> Ints:
    """How many of a class's values differ: equal ones may be one execution, shared."""
    pairs = np.unique(np.column_stack([alias, values]), axis=0)
    return np.bincount(pairs[:, 0].astype(np.intp))


def _constant(codes: Ints, valid: Truths) -> Truths:
    """Whether codes are known and the same wherever there is a value, by rows."""
    high = np.where(valid, codes, -1).max(axis=1)
    low = np.where(valid, codes, np.iinfo(np.intp).max).min(axis=1)
    found: Truths = (low == high) & (low >= 0)
    return found
