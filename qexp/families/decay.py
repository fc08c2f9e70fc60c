"""Exponential decays A p^m + B, fitted with the spread of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import curve_fit
from scipy.stats import t

from qexp.circuits.family import Estimate

Array = NDArray[np.float64]

UNKNOWN = 4e-4
"""Spread where each length has one circuit: a standard error of 0.01 at a half."""


@dataclass(frozen=True)
class Decay:
    """A fitted decay.

    Attributes:
        amplitude: A.
        base: p, in [0, 1].
        floor: B.
        sigma: Standard error of p.
        freedom: Degrees of freedom of that.
    """

    amplitude: float
    base: float
    floor: float
    sigma: float
    freedom: int

    def at(self, lengths: ArrayLike) -> Array:
        """The decay at some lengths."""
        powers = self.base ** np.asarray(lengths, float)
        return np.asarray(self.amplitude * powers + self.floor)

    def error(self, dimension: float) -> Estimate:
        """(d - 1)/d (1 - p), with its interval: the error per step.

        Args:
            dimension: d, 2^n for randomized benchmarking.
        """
        scale = (dimension - 1) / dimension
        half = self.half
        value = 1 - self.base
        return Estimate(
            scale * value, scale * max(value - half, 0.0), scale * (value + half)
        )

    @property
    def half(self) -> float:
        """Half of the 95 % interval of p."""
        return float(t.ppf(0.975, max(self.freedom, 1)) * self.sigma)


def fit(
    lengths: Sequence[float], values: Sequence[float], *, floor: float | None = None
) -> Decay | None:
    """Fit a decay to the means at each length, weighted by their spread.

    Args:
        lengths: m of each value, shape (K,).
        values: What was measured, shape (K,); several at each length.
        floor: B where it is known; None fits it.

    Returns:
        None where there are too few lengths, or nothing decays.
    """
    x, y, sigma = _means(lengths, values)
    count = 2 if floor is not None else 3
    if len(x) < count:
        return None

    def model(m: Array, amplitude: float, base: float, end: float = 0.0) -> Array:
        return np.asarray(amplitude * base**m + (end if floor is None else floor))

    start = [max(y[0] - (floor or 0.0), 0.1), 0.99, 0.0][:count]
    try:
        # the spread between circuits is the error, so absolute_sigma
        best, covariance = curve_fit(
            model,
            x,
            y,
            p0=start,
            sigma=sigma,
            absolute_sigma=True,
            bounds=([0, 0, -1][:count], [2, 1, 1][:count]),
            max_nfev=10_000,
        )
    except (RuntimeError, ValueError):
        return None
    end = float(best[2]) if floor is None else floor
    error = float(np.sqrt(covariance[1, 1]))
    return Decay(float(best[0]), float(best[1]), end, error, len(values) - count)


def _means(
    lengths: Sequence[float], values: Sequence[float]
) -> tuple[Array, Array, Array]:
    """Means over circuits of a length, and their standard errors.

    Few circuits have a poor spread of their own, and weights from it pull the fit to
    where they happen to agree. So the spread is taken to go as s (1 - s) with the mean s,
    as that of shares does, and how large it is comes from all lengths together
    (quasi-binomial, McCullagh and Nelder 1989, section 4.5).
    """
    x, at = np.unique(np.asarray(lengths, float), return_inverse=True)
    y = np.asarray(values, float)
    groups = [y[at == k] for k in range(len(x))]
    means = np.array([group.mean() for group in groups])
    shape = np.clip(means, 0.01, 0.99)
    shape = shape * (1 - shape)
    freedom = len(y) - len(x)
    squares = [((one - one.mean()) ** 2).sum() for one in groups]
    scale = float((squares / shape).sum()) / freedom if freedom else UNKNOWN
    sizes = np.array([len(group) for group in groups])
    return x, means, np.sqrt(np.maximum(scale, 1e-9) * shape / sizes)
