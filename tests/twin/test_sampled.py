"""Shot by shot: the distribution of the exact engine, by a chi-squared test.

The seeds are fixed, so that a test passes or fails always: in one of ten thousand choices
of a seed a right engine would fail.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from qexp.errors import PointFailed
from qexp.twin import exact, sampled
from qexp.twin.model import model
from qexp.twin.preparation import Setting
from tests.twin.machines import (
    FITTED,
    compiled,
    device,
    dynamic,
    ghz_on,
    programmed,
)
from tests.twin.test_exact import random

SHOTS = 4000
UNLIKELY = 1e-4

CIRCUITS = {
    "ghz": ghz_on(4, "guadalupe"),
    "random": random(4, 7),
    "dynamic": compiled(dynamic(), "guadalupe", layout_method="trivial"),
}


def started(circuit):
    built = programmed(circuit, name="guadalupe")
    twin = model(device("guadalupe"), FITTED)
    short = Setting(rep_delay=0.0, init_qubits=True, esp=False)
    start = twin.carried(built.program.places, short).mean(axis=1)
    return replace(built, program=replace(built.program, start=start))


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("statevector", "ghz"),
        ("statevector", "random"),
        ("statevector", "dynamic"),
        ("matrix_product_state", "ghz"),
        ("matrix_product_state", "random"),
    ],
)
def test_outcomes_are_distributed_as_the_exact_engine_says(method, name):
    built = started(CIRCUITS[name])
    ready = exact.plan(built)
    expected = exact.probabilities(ready, built.program.start) * SHOTS
    order = list(range(len(built.program.places)))[::-1]
    bits = sampled.sample(built, method, SHOTS, 11, order)
    clbits = [clbit for _, clbit in built.program.measured] + list(ready.records)
    outcomes = bits[:, clbits] @ (1 << np.arange(len(clbits)))
    assert unlikely(np.bincount(outcomes, minlength=len(expected)), expected) > UNLIKELY


def unlikely(counts, expected):
    """The p-value of counts; rare outcomes are counted together."""
    rare = expected < 5
    merged = [np.append(one[~rare], one[rare].sum()) for one in (counts, expected)]
    merged = [one[: None if rare.any() else -1] for one in merged]
    assert len(merged[0]) > 2
    return chisquare(*merged).pvalue


def test_a_method_that_aer_lacks_is_named():
    with pytest.raises(PointFailed, match="no method tensor_network; it has automatic"):
        sampled.simulator("tensor_network")
