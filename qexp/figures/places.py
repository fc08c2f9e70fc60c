"""Where a device's qubits are drawn.

IBM's devices have customary pictures, on a grid; a table holds those of up to 127 qubits
as they are in Qiskit's ``plot_gate_map`` (terra 0.46), the five-qubit T turned upright. Any
other device is laid out by its couplings: Kamada and Kawai's stress, made smaller by
majorization (Gansner, Koren, North: Graph Drawing by Stress Majorization, 2004), from
classical scaling as the start, so that nothing is drawn by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]
"""Where each qubit is, shape (qubits, 2): to the right and up, neighbours 1 apart."""

FALCON = (
    ". . . 6 . . . 17 . . .",
    "0 1 4 7 10 12 15 18 21 23 .",
    ". 2 . . . 13 . . . 24 .",
    ". 3 5 8 11 14 16 19 22 25 26",
    ". . . 9 . . . 20 . . .",
)
SMALL_FALCON = (
    ". . . 6 . . .",
    "0 1 4 7 10 12 15",
    ". 2 . . . 13 .",
    ". 3 5 8 11 14 .",
    ". . . 9 . . .",
)
MELBOURNE = ("0 1 2 3 4 5 6 .", "14 13 12 11 10 9 8 7")
NUMBERED = (FALCON, SMALL_FALCON, MELBOURNE)

# In these the qubits ('#') are numbered as one reads.
T, H = ("###", ".#.", ".#."), ("###", ".#.", "###")
PENGUIN = ("#####",) * 4
LEFT, RIGHT = "..#...#..", "#...#...#"
FULL = "#########"
CAMBRIDGE = ("..#####..", LEFT, FULL, RIGHT, FULL)
ROCHESTER = (*CAMBRIDGE, LEFT, FULL, RIGHT, FULL, LEFT)
HUMMINGBIRD = (
    "##########.",
    "#...#...#..",
    "###########",
    "..#...#...#",
    "###########",
    "#...#...#..",
    "###########",
    "..#...#...#",
    ".##########",
)
EAGLE = (
    "##############.",
    "#...#...#...#..",
    "###############",
    "..#...#...#...#",
    *("###############", "#...#...#...#..", "###############", "..#...#...#...#") * 2,
    ".##############",
)
READ = (T, H, PENGUIN, CAMBRIDGE, ROCHESTER, HUMMINGBIRD, EAGLE)
SQUARE = 0.3
"""From this alignment on couplings count as at right angles; 1 is a perfect grid."""
STEPS = 300
"""The most steps of the majorization."""


def _numbered(rows: Sequence[str]) -> Places:
    cells = [
        (int(number), column, -row)
        for row, line in enumerate(rows)
        for column, number in enumerate(line.split())
        if number != "."
    ]
    return np.array([place for _, *place in sorted(cells)], dtype=float)


def _read(rows: Sequence[str]) -> Places:
    cells = [
        (column, -row)
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark == "#"
    ]
    return np.array(cells, dtype=float)


def customary(qubits: int, couplings: Iterable[tuple[int, int]]) -> Places | None:
    """Return the customary places; None for a device that is not in the table.

    A picture is a device's if all its couplings join neighbours there.

    Args:
        qubits: how many.
        couplings: pairs of them, in any direction.
    """
    pairs = np.array(sorted(couplings), dtype=int).reshape(-1, 2)
    pictures = [*map(_numbered, NUMBERED), *map(_read, READ)]
    for places in (x for x in pictures if len(x) == qubits):
        steps = np.abs(places[pairs[:, 0]] - places[pairs[:, 1]]).sum(axis=1)
        if len(pairs) and (steps == 1).all():
            return places
    return None


def _distances(
    qubits: int, couplings: Iterable[tuple[int, int]]
) -> NDArray[np.float64]:
    """Return the couplings on the shortest path between any two qubits."""
    joined = np.eye(qubits, dtype=bool)
    for one, other in couplings:
        joined[one, other] = joined[other, one] = True
    distances = np.full((qubits, qubits), np.inf)
    reached, step = np.eye(qubits, dtype=bool), 0
    while True:
        distances[reached & np.isinf(distances)] = step
        further = reached @ joined
        if (further == reached).all():
            break
        reached, step = further, step + 1
    # parts that nothing joins stand beside each other
    return np.where(np.isinf(distances), step + 1.0, distances)


def _start(distances: NDArray[np.float64]) -> Places:
    """Return the first two coordinates of classical scaling."""
    square = distances**2
    centred = (
        square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()
    )
    values, vectors = np.linalg.eigh(-centred / 2)
    places: Places = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-9))
    places = places[:, ::-1]
    # an eigenvector's sign means nothing: the first qubit far from the middle is left, up
    for axis, side in ((0, -1.0), (1, 1.0)):
        first = np.argmax(np.abs(places[:, axis]) > 0.5 * np.abs(places[:, axis]).max())
        places[:, axis] *= side * np.sign(places[first, axis])
    return places


def _majorized(distances: NDArray[np.float64], places: Places) -> Places:
    """Move the qubits until their distances are as near to the wanted as they get."""
    apart = distances + np.eye(len(distances))
    weights = apart**-2.0 * (1 - np.eye(len(distances)))
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(STEPS):
        lengths = np.linalg.norm(places[:, None] - places[None], axis=2)
        ratio = weights * distances / np.maximum(lengths, 1e-9)
        before = places
        places = inverse @ ((np.diag(ratio.sum(axis=1)) - ratio) @ places)
        if np.abs(places - before).max() < 1e-4:
            break
    return places


def places(qubits: int, couplings: Iterable[tuple[int, int]]) -> Places:
    """Return where to draw each qubit.

    Args:
        qubits: how many; at least one.
        couplings: pairs of them, in any direction.

    Returns:
        Shape (qubits, 2): to the right and up; coupled qubits are about 1 apart.
    """
    pairs = sorted(set(couplings))
    known = customary(qubits, pairs)
    if known is not None:
        return known
    if not pairs:
        columns = ceil(sqrt(qubits))
        return np.array([(i % columns, -(i // columns)) for i in range(qubits)], float)
    distances = _distances(qubits, pairs)
    return _turned(_majorized(distances, _start(distances)), pairs)


def _turned(places: Places, pairs: Sequence[tuple[int, int]]) -> Places:
    """Turn a map whose couplings are at right angles upright, its longer side across."""
    one, other = np.array(pairs).T
    steps = (places[one] - places[other]) @ np.array([1, 1j])
    mean = np.mean((steps / np.abs(steps)) ** 4)
    if abs(mean) < SQUARE:
        return places
    turned = (places @ np.array([1, 1j])) * np.exp(-0.25j * np.angle(mean))
    places = np.stack([turned.real, turned.imag], axis=1)
    across, up = np.ptp(places, axis=0)
    return places if across >= up - 1e-6 else places[:, ::-1] * [1, -1]
