"""The verdict on a second measurement, from plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qexp.results.reproduced import Change, Measurement, compare

THEN = Measurement(
    params={"shots": "1000", "compiled_hash": "aa", "layout_method_short": "x"},
    metrics={
        "fidelity": 0.9,
        "fidelity_low": 0.88,
        "fidelity_high": 0.92,
        "depth": 8.0,
        "transpile_seconds": 0.1,
    },
    counts=[{"00": 500, "11": 480, "01": 20}, {"0": 300, "1": 700}],
    quasi=None,
    error=None,
    about={"qiskit-aer": "0.14.2", "calibration": "2021"},
)


def with_counts(*counts):
    return replace(THEN, counts=list(counts))


def test_equal_counts_are_identical_whatever_else_has_changed():
    now = replace(
        THEN,
        params={"shots": "1000", "compiled_hash": "bb"},
        about={"qiskit-aer": "0.15", "calibration": "2021"},
    )
    found = compare(THEN, now)
    assert (found.verdict, found.changes) == (
        "identical",
        (
            Change("param compiled_hash", "aa", "bb"),
            Change("qiskit-aer", "0.14.2", "0.15"),
        ),
    )
    assert str(found.changes[1]) == "qiskit-aer: 0.14.2 → 0.15"


def test_other_counts_are_equal_within_noise():
    now = with_counts({"00": 480, "11": 505, "01": 15}, {"0": 310, "1": 690})
    found = compare(THEN, now)
    assert found.verdict == "equal within noise"
    assert "equal counts were to be expected of a simulator" in found.why
    assert len(found.circuits) == 2
    found = compare(THEN, replace(now, params={**THEN.params, "seed": "2"}))
    assert found.verdict == "equal within noise"
    assert "expected of a simulator" not in found.why


def test_a_changed_distribution_is_different_and_its_circuit_is_named():
    found = compare(THEN, with_counts(THEN.counts[0], {"0": 500, "1": 500}))
    assert found.verdict == "different"
    assert found.why.startswith("the counts of circuit 1 (p = ")
    assert [one.differs for one in found.circuits] == [False, True]
    assert found.to_dict()["circuits"][1]["p"] < 1e-10


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (with_counts(THEN.counts[0]), "2 circuits then, 1 now"),
        (with_counts({"0": 9}, THEN.counts[1]), "bit strings of different lengths"),
        (with_counts({}, THEN.counts[1]), "cannot be compared: no shots"),
        (replace(THEN, counts=None), "one of the two has no counts"),
        (
            replace(THEN, counts=None, error="no memory"),
            "it did not fail then, and does now: no memory",
        ),
        (
            replace(THEN, quasi=[{"00": 0.5}, {"0": 1.0}]),
            "but the quasi-probabilities made of them are not",
        ),
    ],
)
def test_what_cannot_be_the_same_is_different(now, why):
    found = compare(THEN, now)
    assert found.verdict == "different"
    assert why in found.why


def test_quasi_probabilities_may_differ_by_rounding():
    then = replace(THEN, quasi=[{"00": 0.5, "11": 0.5}, None])
    for off, verdict in ((1e-9, "identical"), (1e-3, "different")):
        now = replace(THEN, quasi=[{"00": 0.5 + off, "11": 0.5}, None])
        assert compare(then, now).verdict == verdict


def test_failures_are_compared_by_what_they_say():
    failed = replace(THEN, counts=None, error="one")
    assert compare(failed, failed).verdict == "identical"
    assert compare(failed, replace(failed, error="two")).verdict == "different"
    found = compare(failed, THEN)
    assert (found.verdict, found.why) == (
        "different",
        "it failed then (one), and does not now",
    )


def test_too_few_shots_are_said_to_be():
    then, now = with_counts({"0": 2}), with_counts({"1": 2})
    found = compare(then, now)
    assert found.verdict == "equal within noise"
    assert found.why.startswith("too few shots to tell")


def test_shots_that_were_not_executed_are_a_change():
    found = compare(THEN, with_counts(THEN.counts[0], {"0": 30, "1": 70}))
    assert Change("shots of circuit 1", "1000", "100") in found.changes


def test_metrics_differ_by_so_many_standard_errors():
    now = replace(
        THEN,
        metrics={
            "fidelity": 0.95,
            "fidelity_low": 0.93,
            "fidelity_high": 0.97,
            "depth": 9.0,
            "transpile_seconds": 0.7,
        },
    )
    fidelity, depth = compare(THEN, now).metrics
    assert fidelity.difference == pytest.approx(0.05)
    # two intervals of ± 0.02, so 0.02 / 1.96 · √2
    assert fidelity.error == pytest.approx(0.01443, rel=1e-3)
    assert (depth.name, depth.difference, depth.error) == ("depth", 1.0, None)
