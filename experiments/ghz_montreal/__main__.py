"""GHZ states of 11 to 27 qubits on ibmq_montreal, beside Mooney et al. 2021."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from experiments.drawing import Series, lines
from experiments.ghz_montreal.tree import couplings, layers, tree
from experiments.study import over_repeats, study, written
from qexp.figures.page import BLUE, ORANGE, VERMILION

PUBLISHED = (27, 0.546, 0.017)
"""Qubits, fidelity with readout mitigation, its standard error: arXiv:2101.08946."""

KINDS = {"raw_ghz_fidelity": "F as read", "ghz_fidelity": "F mitigated"}
PARTS = {"ghz_population": "P mitigated", "ghz_coherence": "C mitigated"}

SMALL = [
    "options.shots=200",
    "repeats=2",
    "exclude=[{circuit.num_qubits:19},{circuit.num_qubits:23},{circuit.num_qubits:27}]",
]


def main() -> None:
    """Run the sweep; write the table and the picture."""
    with study(Path(__file__).parent, __doc__ or "") as one:
        frame = one.sweep("ghz_montreal", small=SMALL).frame
        found = {
            name: over_repeats(frame, ["circuit.num_qubits"], name).set_index(
                "circuit.num_qubits"
            )
            for name in (*KINDS, *PARTS)
        }
        one.table("table", _table(found))
        one.picture("fidelity", _picture(found, int(frame["repeat"].nunique())))


def _table(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    near, size, (at, published, error) = couplings(), "qubits", PUBLISHED
    rows = []
    for qubits in found["ghz_fidelity"].index:
        row = {size: str(qubits), "CX layers": str(layers(tree(near, qubits)))}
        for name, label in (KINDS | PARTS).items():
            row[label] = written(*found[name].loc[qubits])
        row["Mooney et al., mitigated"] = (
            f"{published} ± {error}" if qubits == at else "–"
        )
        rows.append(row)
    return pd.DataFrame(rows)


def _picture(found: dict[str, pd.DataFrame], repeats: int) -> Figure:
    series = [
        Series(
            label=label,
            x=list(found[name].index),
            y=list(found[name]["value"]),
            ends=list(zip(found[name]["low"], found[name]["high"], strict=True)),
            colour=colour,
        )
        for (name, label), colour in zip(
            {
                "ghz_fidelity": "twin, readout mitigated",
                "raw_ghz_fidelity": "twin, as read",
            }.items(),
            (BLUE, ORANGE),
            strict=True,
        )
    ]
    at, published, error = PUBLISHED
    ends = [(published - 1.96 * error, published + 1.96 * error)]
    measured = "Mooney et al. 2021, readout mitigated"
    series.append(Series(measured, [at], [published], ends, VERMILION, published=True))
    return lines(
        series,
        title="Fidelity of GHZ states on ibmq_montreal",
        subtitle="multiple quantum coherences along breadth-first trees; means of "
        f"{repeats} repeats with 95 % intervals. Above the line: entanglement of all "
        "qubits.",
        x_label="qubits",
        y_label="GHZ fidelity F",
        level=0.5,
        ticks=list(found["ghz_fidelity"].index),
    )


if __name__ == "__main__":
    main()
