"""Small tables of points, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from qexp.effects import Factor, factor

LEVEL = factor("optimization_level", [0, 1, 2], default=1)
METHOD = factor("layout_method", ["trivial", "dense"])
DELAY = factor("rep_delay", [5e-5, 2.5e-4], default=2.5e-4)

Row = dict[str, Hashable]


def table(
    factors: Sequence[Factor],
    value: Callable[[Row], float],
    *,
    blocks: int = 3,
    circuits: Sequence[str] = ("ghz",),
    noise: float = 0.0,
    seed: int = 0,
    variance: float | None = None,
) -> pd.DataFrame:
    """Every cell in every block; a job for each level of `rep_delay`, in turns.

    Args:
        factors: What varies.
        value: The metric `m` of a row, before noise.
        blocks: Repeats.
        circuits: Circuits.
        noise: Standard deviation of what each point gets in addition.
        seed: Seed of the noise.
        variance: Variance by shot noise; None is the square of the noise.
    """
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for block in range(blocks):
        for circuit, *levels in product(circuits, *(one.levels for one in factors)):
            row: Row = {"circuit": circuit, "block": block, "seed_transpiler": block}
            row |= {one.name: v for one, v in zip(factors, levels, strict=True)}
            job = 2 * block + (row.get("rep_delay") == 5e-5) ^ (block % 2)
            compiled = [circuit, *(row[f.name] for f in factors if f.kind == "compile")]
            row |= {"job": job, "status": "finished", "compiled": str(compiled)}
            row |= {"point": f"p{len(rows)}", "shots": 4096}
            rows.append(row | {"m": value(row) + noise * rng.normal()})
    frame = pd.DataFrame(rows)
    frame["m_variance"] = noise**2 if variance is None else variance
    return frame


def additive(row: Row) -> float:
    """A metric without interactions."""
    level = {0: -0.1, 1: 0.0, 2: 0.05}.get(row.get("optimization_level", 1), 0.0)
    method = 0.02 if row.get("layout_method") == "dense" else 0.0
    delay = -0.03 if row.get("rep_delay") == 5e-5 else 0.0
    return 0.6 + level + method + delay + (0.1 if row["circuit"] == "qft" else 0.0)
