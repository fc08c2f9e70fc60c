"""What a compiled circuit is to the twin: steps, the noise after each, the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Channel:
    """Noise on some positions: a superoperator in terra's `SuperOp` convention."""

    qubits: tuple[int, ...]  # positions in the program, first = least significant
    superop: NDArray[np.complex128]  # (4^k, 4^k) complex


@dataclass(frozen=True)
class Step:
    """One instruction, and the noise that follows it."""

    name: str  # terra's name: cx, sx, rz, delay, measure, reset, ...
    qubits: tuple[int, ...]  # positions
    unitary: NDArray[np.complex128] | None  # (2^k, 2^k), terra's order; None for
    # delay, measure, reset
    params: tuple[float, ...] = ()  # e.g. the angle of rz
    channels: tuple[Channel, ...] = ()  # noise that follows the step
    clbit: int | None = None  # of a measure


@dataclass(frozen=True)
class Program:
    """A circuit compiled for a device, on the qubits that it touches, with its noise."""

    places: tuple[int, ...]  # physical qubit of each position
    steps: tuple[Step, ...]  # without the final measurements; barriers are gone
    measured: tuple[tuple[int, int], ...]  # (position, clbit) of final measurements
    start: NDArray[np.float64]  # (n,) probability of |1> before the first step
