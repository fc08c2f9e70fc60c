"""What does it take to reach quantum volume 64 on ibmq_montreal?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from experiments.drawing import Series, lines
from experiments.study import study, written
from qexp.figures.page import BLUE, ORANGE

METRIC = "heavy_output_probability"
LINE = 2 / 3
"""What a pass has to be told above."""

OPTIONS = [
    "optimization_level",
    "layout_method",
    "transpiler_options",
    "use_measure_esp",
    "rep_delay",
]
RULES = {
    "quantum_volume_passed": "passed, Cross et al.",
    "quantum_volume_passed_bootstrap": "passed, bootstrap",
}
NEEDED = "quantum_volume_circuits_needed"

FEWER = "exclude=[{options.optimization_level:1},{options.layout_method:sabre}]"
SMALL = ["circuit.num_circuits=2", "options.shots=200", FEWER]
FEW = ["circuit.num_circuits=2", "options.shots=200"]


def main() -> None:
    """Run the grid, then the best of it and the defaults on fresh circuits."""
    with study(Path(__file__).parent, __doc__ or "") as one:
        frame = one.sweep("quantum_volume_montreal", small=SMALL).frame
        one.table("grid", _grid(frame))
        twin = frame[frame["service.noise"] == "device"]
        best = _overrides(twin.loc[twin[METRIC].idxmax()])
        fresh = {
            "defaults": one.sweep("quantum_volume_fresh", small=FEW).frame,
            "best of the grid": one.sweep(
                "quantum_volume_fresh", *best, small=FEW
            ).frame,
        }
        one.table("fresh", _fresh(fresh))
        one.picture("fresh", _picture(fresh))


def _overrides(row: pd.Series) -> list[str]:
    compiled = str(row["transpiler_options"]).replace('"', "").replace(" ", "")
    layout = str(row["layout_method"])
    return [
        f"options.optimization_level={row['optimization_level']}",
        f"options.layout_method={'null' if layout == 'default' else layout}",
        f"options.transpiler_options={compiled}",
        f"options.use_measure_esp={str(row['use_measure_esp']).lower()}",
        f"options.rep_delay={row['rep_delay']}",
    ]


def _heavy(row: pd.Series) -> str:
    return written(row[METRIC], row[f"{METRIC}_low"], row[f"{METRIC}_high"])


def _verdicts(row: pd.Series) -> dict[str, str]:
    found = {
        label: {1.0: "yes", 0.0: "no"}.get(row.get(rule, -1.0), "–")
        for rule, label in RULES.items()
    }
    needed = row.get(NEEDED)
    many = f"{needed:,.0f}" if pd.notna(needed) and needed else "h below the line"
    return found | {"circuits that Cross et al. would want": many}


def _grid(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    in_order = frame.sort_values(OPTIONS)  # points are done in any order
    best_first = in_order.sort_values(METRIC, ascending=False, kind="stable")
    for _, row in best_first.iterrows():
        aer = row["service.noise"] == "aer"
        options = {name: str(row[name]).replace('"', "") for name in OPTIONS}
        rows.append(
            {"noise": "Aer's, no waiting" if aer else "twin"}
            | options
            | {"CX": f"{row['two_qubit_gates']:.0f}", "h": _heavy(row)}
            | _verdicts(row)
        )
    return pd.DataFrame(rows).drop(columns=list(_constant(rows)))


def _constant(rows: list[dict[str, str]]) -> list[str]:
    """Verdicts that are the same in all rows say nothing a sentence would not."""
    last = "circuits that Cross et al. would want"
    return [last] if len({row[last] for row in rows}) == 1 else []


def _fresh(fresh: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = []
    for options, frame in fresh.items():
        for _, row in frame.sort_values("circuit.num_qubits").iterrows():
            qubits = int(row["circuit.num_qubits"])
            rows.append(
                {
                    "options": options,
                    "quantum volume": str(2**qubits),
                    "CX": f"{row['two_qubit_gates']:.0f}",
                    "h": _heavy(row),
                }
                | _verdicts(row)
            )
    return pd.DataFrame(rows)


def _picture(fresh: dict[str, pd.DataFrame]) -> Figure:
    series = []
    for (options, found), colour in zip(fresh.items(), (ORANGE, BLUE), strict=True):
        frame = found.sort_values("circuit.num_qubits")
        ends = zip(frame[f"{METRIC}_low"], frame[f"{METRIC}_high"], strict=True)
        qubits, heavy = list(frame["circuit.num_qubits"]), list(frame[METRIC])
        series.append(Series(options, qubits, heavy, list(ends), colour))
    circuits = int(fresh["defaults"]["circuit.num_circuits"].iloc[0])
    return lines(
        series,
        title="Heavy outputs on ibmq_montreal's twin",
        subtitle=f"{circuits} fresh circuits for each number of qubits; 95 % intervals "
        "of a bootstrap over circuits and shots. The line is 2/3.",
        x_label="qubits and layers",
        y_label="heavy-output probability h",
        level=LINE,
        ticks=sorted(fresh["defaults"]["circuit.num_qubits"]),
    )


if __name__ == "__main__":
    main()
