"""Which option matters on ibmq_montreal, for a circuit that needs routing?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.study import study, written
from qexp.effects import Effect
from qexp.findings.sweep import Sweep

METRIC = "success_probability"
PICTURES = ("effects", "levels", "together")
SMALL = [
    "repeats=2",
    "options.shots=200",
    "circuit.numbers=2",
    "grid.options.optimization_level=[0,1]",
    "grid.options.layout_method=[null,sabre]",
]


def main() -> None:
    """Run the sweep; write the tables and qexp's own pictures of it."""
    with study(Path(__file__).parent, __doc__ or "") as one:
        sweep = one.sweep("options_grid", small=SMALL)
        one.table("effects", _effects(sweep))
        one.table("seeds", _seeds(sweep.frame))
        for picture in sweep.pictures:
            if picture.name in PICTURES:
                one.picture(picture.name, picture.png)


def _effects(sweep: Sweep) -> pd.DataFrame:
    return pd.DataFrame([_row(one) for one in sweep.analysis(METRIC).effects])


def _row(one: Effect) -> dict[str, str]:
    row = {
        "option": one.option,
        "level": f"{one.level} against {one.reference}",
        f"change of {METRIC}": written(one.effect, one.low, one.high),
        "verdict": one.decision,
        "over seeds": "the same for all",
    }
    if one.spread is not None:
        low, high = (written(end) for end in one.spread)
        row["over seeds"] = f"{low} to {high}"
    return row


def _seeds(frame: pd.DataFrame) -> pd.DataFrame:
    """What the seed of the compiler alone does, at each of its settings."""
    by = ["optimization_level", "layout_method"]
    rows = []
    for key, group in frame.groupby(by):
        seeds = group.groupby("seed_transpiler")[[METRIC, "two_qubit_gates"]].mean()
        rows.append(
            dict(zip(by, map(str, key), strict=True))
            | {
                f"{METRIC}, mean": f"{seeds[METRIC].mean():.3f}",
                "worst to best seed": f"{seeds[METRIC].min():.3f} to "
                f"{seeds[METRIC].max():.3f}",
                "CX, fewest to most": f"{seeds['two_qubit_gates'].min():.0f} to "
                f"{seeds['two_qubit_gates'].max():.0f}",
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
