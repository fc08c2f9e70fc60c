"""Pictures of what a sweep cost, and of where it ran."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from qexp.declare.metric import is_larger
from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.effects import Analysis, Candidate
from qexp.figures.pareto import Setting
from qexp.figures.placed import placed
from qexp.figures.quality_cost import quality_cost
from qexp.findings.analysed import Findings
from qexp.findings.best import in_words
from qexp.findings.means import by_setting, matching, mean

Pair = tuple[int, int]

ALIKE = 1.02
"""Costs that differ by less than this factor are no choice to make."""


def subtitle(found: Findings) -> str:
    """Where and how a sweep ran, in a few words."""
    gathered = found.gathered
    rows, repeats = gathered.finished, gathered.repeats
    text = f"{len(rows)} points on {' and '.join(gathered.devices) or 'no device'}"
    if gathered.shots:
        text += f", {gathered.shots}"
    return f"{text}, {repeats} repeat{'' if repeats == 1 else 's'}"


def cost(found: Findings, one: Analysis) -> Figure | None:
    """Quality against quantum seconds; None where nothing differs in its cost."""
    if one.best is None or "quantum_seconds" not in found.done:
        return None
    names, none = list(one.best.winner.options), found.done[:0]
    points = by_setting(found.done, names, one.metric, "quantum_seconds")
    settings = [
        _setting(
            points.get(tuple(candidate.options.values()), none), candidate, one.metric
        )
        for candidate in one.best.settings
    ]
    seconds = [one.seconds for one in settings if one.seconds]
    if not seconds or max(seconds) < ALIKE * min(seconds):
        return None
    return quality_cost(
        settings,
        metric=one.metric,
        title=f"{found.gathered.name}: what quality costs",
        subtitle=subtitle(found),
        higher_is_better=is_larger(one.metric),
    )


def _setting(own: pd.DataFrame, candidate: Candidate, metric: str) -> Setting:
    seconds = own["quantum_seconds"].mean()
    score = mean(own, metric)
    return Setting(
        in_words(candidate.options),
        None if seconds is None or pd.isna(seconds) else float(seconds),
        score.value,
        score.low,
        score.high,
    )


def place(found: Findings, one: Analysis) -> Figure | None:
    """The qubits of the best setting; None where they, or the device, are not known."""
    own = found.done
    if one.best is not None:
        own = matching(found.done, one.best.winner.options)
    for row in own.to_dict("records"):
        device = found.gathered.device_of(row)
        qubits = _qubits(row)
        if device is not None and device.properties is not None and qubits:
            return _map(found, device, qubits)
    return None


def _qubits(row: Mapping[str, Any]) -> list[int]:
    told = row.get("physical_qubits")
    return [int(one) for one in json.loads(told)] if isinstance(told, str) else []


def _map(found: Findings, device: Device, qubits: Sequence[int]) -> Figure | None:
    couplings = [
        (int(a), int(b)) for a, b in device.configuration["coupling_map"] or []
    ]
    if not couplings:
        return None
    known = backend(device).properties()
    inside = set(qubits)
    return placed(
        couplings,
        list(qubits),
        readout=[_readout(known, qubit) for qubit in range(device.num_qubits)],
        two_qubit=_errors(known),
        used=[pair for pair in couplings if inside.issuperset(pair)],
        title=f"{found.gathered.name}: where it ran",
        subtitle=f"{device.name}, calibrated {device.day}",
    )


def _readout(properties: Any, qubit: int) -> float | None:
    try:
        return float(properties.readout_error(qubit))
    except Exception:  # terra raises an error of its own where it is not known
        return None


def _errors(properties: Any) -> dict[Pair, float | None]:
    found: dict[Pair, float | None] = {}
    for gate in properties.gates:
        if len(gate.qubits) == 2:
            errors = [one.value for one in gate.parameters if one.name == "gate_error"]
            found[gate.qubits[0], gate.qubits[1]] = errors[0] if errors else None
    return found
