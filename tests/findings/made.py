"""A sweep's table that nobody measured, with effects that are known."""

from __future__ import annotations

import itertools
import random

from qexp.findings.analysed import Findings
from qexp.findings.gathered import Gathered

LEVELS = (0, 1, 3)
LAYOUTS = ("default", "dense")
GAIN = 0.05
"""What `dense` adds to the metric."""


def point(block, level, layout, noise, **more):
    value = 0.8 + GAIN * (layout == "dense") + noise
    return {
        "point": f"{block}-{level}-{layout}",
        "block": block,
        "job": block,
        "position": level,
        "status": "finished",
        "error": "",
        "circuit": "ghz",
        "circuit.num_qubits": 5,
        "backend": "ibmq_manila",
        "shots": 1000,
        "quantum_seconds": 0.5,
        "seed_transpiler": block,
        "optimization_level": level,
        "layout_method": layout,
        "compiled_hash": f"{level}{layout}",
        "score": value,
        "score_low": value - 0.01,
        "score_high": value + 0.01,
        **more,
    }


def findings(repeats=4, seed=1, sweep="abc", **more):
    chance = random.Random(seed)
    cells = itertools.product(range(repeats), LEVELS, LAYOUTS)
    rows = tuple(point(*cell, chance.gauss(0, 0.002), **more) for cell in cells)
    return Findings(
        Gathered(
            name="ghz",
            title=f"ghz: {len(rows)} points on ibmq_manila",
            sweep=sweep,
            seed=7,
            axes=("optimization_level", "layout_method"),
            metrics=("score",),
            rows=rows,
            devices={},
        )
    )
