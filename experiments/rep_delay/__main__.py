"""What does a short rep_delay cost on ibmq_montreal, and what does it save?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from experiments.drawing import Series, lines
from experiments.study import interval, over_repeats, study, written
from qexp.figures.page import BLUE, GREEN, ORANGE, VERMILION

PUBLISHED = {
    "zeros_error": (0.0186, 0.0144, 0.0133, 0.0135, 0.0119, 0.0130, 0.0126),
    "ones_error": (0.0396, 0.0358, 0.0315, 0.0302, 0.0278, 0.0257, 0.0258),
}
"""Errors of all 0 and all 1 on ibmq_montreal at DELAYS, with resets (P. Nation, 'Improving
state prep errors', 2021-11-07)."""

DELAYS = (0, 25, 50, 100, 200, 250, 500)
"""In microseconds."""

JOB = 2.0
"""Seconds of a job beside its shots, as `quantum_seconds` counts them."""

SMALL = ["repeats=2", "options.shots=500"]
BY = ["init_qubits", "rep_delay"]


def main() -> None:
    """Run the sweep; write the tables and the pictures."""
    with study(Path(__file__).parent, __doc__ or "") as one:
        frame = one.sweep("rep_delay", small=SMALL).frame
        one.table("published", _beside_published(frame))
        one.table("seconds", _seconds(frame))
        one.picture("published", _published_picture(frame))
        one.picture("resets", _resets_picture(frame))


def _micro(delay: float) -> int:
    return round(1e6 * delay)


def _with_resets(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    found = over_repeats(frame[frame["init_qubits"]], BY, metric)
    found["us"] = [_micro(delay) for delay in found["rep_delay"]]
    return found.set_index("us")


def _beside_published(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"zeros_error": "all 0", "ones_error": "all 1"}
    found = {metric: _with_resets(frame, metric) for metric in names}
    rows = []
    for place, delay in enumerate(DELAYS):
        row = {"rep_delay, µs": str(delay)}
        for metric, name in names.items():
            own = found[metric].loc[delay]
            row[f"{name}, twin"] = written(own["value"], own["low"], own["high"], 4)
            row[f"{name}, measured"] = f"{PUBLISHED[metric][place]:.4f}"
        rows.append(row)
    row = {"rep_delay, µs": "rise from 500 to 0"}
    for metric, name in names.items():
        rises = _rises(frame, metric)
        row[f"{name}, twin"] = written(*interval(rises), 4)
        row[f"{name}, measured"] = f"{PUBLISHED[metric][0] - PUBLISHED[metric][-1]:.4f}"
    return pd.DataFrame([*rows, row])


def _rises(frame: pd.DataFrame, metric: str) -> list[float]:
    """What the shortest delay adds to the error at the longest, a number a repeat."""
    own = frame[frame["init_qubits"]].pivot(
        index="repeat", columns="rep_delay", values=metric
    )
    return list(own[own.columns.min()] - own[own.columns.max()])


def _seconds(frame: pd.DataFrame) -> pd.DataFrame:
    """Quality per quantum second.

    An error e of a reading leaves (1 - 2e)^2 of what its shots are worth: averages
    shrink by 1 - 2e, and undoing that widens them.
    """
    error = over_repeats(frame, BY, "preparation_error")
    cost = frame.groupby(BY)["quantum_seconds"].mean()
    shots = 2 * int(frame["shots"].iloc[0])
    rows = []
    order = error.sort_values(BY, ascending=[False, True])
    for resets, delay, value, low, high in order.itertuples(index=False):
        spent = float(cost.loc[(resets, delay)])
        worth = shots * (1 - 2 * value) ** 2
        rows.append(
            {
                "init_qubits": str(bool(resets)).lower(),
                "rep_delay, µs": str(_micro(delay)),
                "error": written(value, low, high, 4),
                "quantum seconds": f"{spent:.2f}",
                "worth, shots": f"{worth:,.0f}",
                "worth per second": f"{worth / spent:,.0f}",
                "the same, in a long job": f"{worth / (spent - JOB):,.0f}",
            }
        )
    return pd.DataFrame(rows)


def _published_picture(frame: pd.DataFrame) -> Figure:
    series = []
    for metric, name, colours in (
        ("ones_error", "all 1", (BLUE, VERMILION)),
        ("zeros_error", "all 0", (GREEN, ORANGE)),
    ):
        found = _with_resets(frame, metric)
        ends = list(zip(found["low"], found["high"], strict=True))
        us, values = list(found.index), list(found["value"])
        series.append(Series(f"twin, {name}", us, values, ends, colours[0]))
        series.append(
            Series(
                f"measured, {name}",
                DELAYS,
                PUBLISHED[metric],
                colour=colours[1],
                published=True,
            )
        )
    return lines(
        series,
        title="State preparation on ibmq_montreal, with resets",
        subtitle=f"mean over 27 qubits, {frame['repeat'].nunique()} repeats, 95 % "
        "intervals. In-sample: the twin's eta was fitted to the measured rise, not to "
        "the level.",
        x_label="rep_delay, µs",
        y_label="error",
    )


def _resets_picture(frame: pd.DataFrame) -> Figure:
    error = over_repeats(frame, BY, "preparation_error")
    series = []
    for resets, colour in ((True, BLUE), (False, ORANGE)):
        own = error[error["init_qubits"] == resets]
        ends = list(zip(own["low"], own["high"], strict=True))
        us = [_micro(delay) for delay in own["rep_delay"]]
        label = f"init_qubits={str(resets).lower()}"
        series.append(Series(label, us, list(own["value"]), ends, colour))
    return lines(
        series,
        title="What resets save: ibmq_montreal against rep_delay",
        subtitle="mean of the errors of all 0 and all 1; 95 % intervals",
        x_label="rep_delay, µs",
        y_label="error",
    )


if __name__ == "__main__":
    main()
