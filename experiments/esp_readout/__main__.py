"""Does ESP readout misread less? On ibm_cairo, ibm_perth and ibmq_montreal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.drawing import Series, lines
from experiments.study import interval, study, written
from qexp.figures.page import BLUE

PUBLISHED = {"ibm_cairo": (0.0219, 0.0256), "ibm_perth": (0.0179, 0.0240)}
"""Mean assignment error, ESP off and on (P. Nation, 'ESP readout', 2021-12-20)."""

ASSUMED = 0.004
"""What the twin takes for `eps_esp` on ibmq_montreal where nothing is set."""

METRIC = "assignment_error"
SMALL = ["repeats=2", "options.shots=1000"]
FEW = ["grid.service.twin.eps_esp=[0.004,0.012]"]


def main() -> None:
    """Run both sweeps; write the tables and the picture."""
    with study(Path(__file__).parent, __doc__ or "") as one:
        frame = one.sweep("esp_readout", small=SMALL).frame
        one.table("devices", _devices(frame))
        frame = one.sweep("esp_prediction", small=[*SMALL, *FEW]).frame
        changes = _changes(frame, "service.twin.eps_esp")
        one.table("montreal", _montreal(changes))
        one.picture("montreal", _picture(changes))


def _changes(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """What ESP adds to the error: a row for each value of a column, a column a repeat."""
    wide = frame.pivot_table(
        values=METRIC, index=by, columns=["use_measure_esp", "repeat"]
    )
    return wide[True] - wide[False]


def _devices(frame: pd.DataFrame) -> pd.DataFrame:
    changes, rows = _changes(frame, "backend"), []
    for device, (off, on) in PUBLISHED.items():
        own = frame[frame["backend"] == device]
        twin = [
            interval(own.loc[own["use_measure_esp"] == esp, METRIC])
            for esp in (False, True)
        ]
        rows.append(
            {
                "device": device,
                "twin, ESP off": written(*twin[0], places=4),
                "twin, ESP on": written(*twin[1], places=4),
                "twin, change": written(*interval(changes.loc[device]), places=4),
                "measured, off": f"{off:.4f}",
                "measured, on": f"{on:.4f}",
                "measured, change": f"{on - off:+.4f}",
            }
        )
    return pd.DataFrame(rows)


def _flips(changes: pd.DataFrame) -> tuple[float, float, float]:
    """The `eps_esp` at which ESP neither helps nor harms, from a line a repeat."""
    found = []
    for repeat in changes:
        slope, start = np.polyfit(list(changes.index), list(changes[repeat]), 1)
        found.append(-start / slope)
    return interval(found)


def _montreal(changes: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "assumed eps_esp": f"{eps:.3f}",
            "change of the assignment error": written(*interval(row), places=4),
        }
        for eps, row in changes.iterrows()
    ]
    flips = f"sign flips at {written(*_flips(changes), places=4)}"
    rows.append({"assumed eps_esp": flips, "change of the assignment error": "0"})
    return pd.DataFrame(rows)


def _picture(changes: pd.DataFrame) -> Figure:
    found = [interval(row) for _, row in changes.iterrows()]
    at, low, high = _flips(changes)
    return lines(
        [
            Series(
                "twin, a prediction under the assumed eps_esp",
                [float(eps) for eps in changes.index],
                [value for value, _, _ in found],
                [(below, above) for _, below, above in found],
                BLUE,
            )
        ],
        title="What ESP readout would change on ibmq_montreal",
        subtitle=f"mean over 27 qubits, {changes.shape[1]} repeats, 95 % intervals. The "
        f"sign flips at eps_esp = {at:.4f} ({low:.4f} to {high:.4f}); qexp assumes "
        f"{ASSUMED}.",
        x_label="eps_esp: error that ESP adds to reading 1",
        y_label="change of assignment error",
        level=0.0,
    )


if __name__ == "__main__":
    main()
