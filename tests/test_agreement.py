"""Whether two samples are of one distribution: false alarms, and what is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from qexp.metrics.agreement import LEVEL, agreements


def sampled(rng, probabilities, shots):
    """Counts by bit string."""
    width = max(1, (len(probabilities) - 1).bit_length())
    drawn = rng.multinomial(shots, probabilities)
    return {f"{k:0{width}b}": int(drawn[k]) for k in np.flatnonzero(drawn)}


def ghz(width, error):
    found = np.full(2**width, error / 2**width)
    found[[0, -1]] += (1 - error) / 2
    return found


def bits(width, one):
    found = np.ones(1)
    for _ in range(width):
        found = np.kron(found, [1 - one, one])
    return found


@pytest.mark.parametrize(
    ("probabilities", "shots", "circuits", "pairs"),
    [
        (ghz(5, 0.1), (4000, 4000), 1, 1500),
        (bits(10, 0.1), (1000, 1000), 1, 700),
        (bits(1, 0.01), (600, 4000), 1, 3000),
        (bits(1, 0.5), (20, 20), 1, 3000),
        (bits(2, 0.05), (500, 500), 10, 300),
    ],
)
def test_false_alarms_are_as_rare_as_promised(probabilities, shots, circuits, pairs):
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(pairs):
        then, now = (
            [sampled(rng, probabilities, n) for _ in range(circuits)] for n in shots
        )
        alarms += any(one.differs for one in agreements(then, now))
    # three standard errors: a rate of 2 % would be seen with 3,000 pairs
    assert alarms / pairs < LEVEL + 3 * np.sqrt(LEVEL / pairs)


@pytest.mark.parametrize(
    ("then", "now", "shots"),
    [
        (ghz(5, 0.10), ghz(5, 0.16), 4000),
        (ghz(3, 0.05), bits(3, 0.5), 100),
        (bits(12, 0.10), bits(12, 0.14), 2000),  # every outcome is rare
        (bits(1, 0.01), bits(1, 0.03), 4000),
    ],
)
def test_a_changed_distribution_is_found(then, now, shots):
    rng = np.random.default_rng(3)
    pairs = [
        agreements([sampled(rng, then, shots)], [sampled(rng, now, shots)])
        for _ in range(50)
    ]
    assert sum(one.differs for (one,) in pairs) >= 48


def test_one_changed_circuit_of_many_is_found_by_name():
    rng = np.random.default_rng(5)
    same, other = bits(3, 0.1), bits(3, 0.2)
    then = [sampled(rng, same, 2000) for _ in range(30)]
    now = [sampled(rng, other if k == 17 else same, 2000) for k in range(30)]
    assert [k for k, one in enumerate(agreements(then, now)) if one.differs] == [17]


def test_it_is_the_textbook_s_chi_square():
    then, now = {"00": 40, "01": 30, "11": 30}, {"00": 70, "01": 70, "11": 60}
    (one,) = agreements([then], [now])
    expected = chi2_contingency([[40, 30, 30], [70, 70, 60]], correction=False)
    assert (one.statistic, one.freedom, one.p) == pytest.approx(
        (expected.statistic, expected.dof, expected.pvalue)
    )
    assert one.distance == pytest.approx(0.05)


def test_holm_corrects_step_by_step():
    pairs = [({"0": 500, "1": 500}, {"0": 500 + d, "1": 500 - d}) for d in (60, 50, 0)]
    found = agreements([a for a, _ in pairs], [b for _, b in pairs])
    low, middle, high = (one.p for one in found)
    assert [one.p_holm for one in found] == pytest.approx([3 * low, 2 * middle, high])


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"0": 3}, {"1": 3}),  # too few to tell anything
        ({"01": 1000}, {"01": 10}),
        ({f"{k:06b}": 1 for k in range(4)}, {f"{k:06b}": 1 for k in range(30, 34)}),
    ],
)
def test_what_cannot_be_told_is_not_told_to_differ(then, now):
    (one,) = agreements([then], [now])
    assert (one.statistic, one.freedom, one.p, one.differs) == (0, 0, 1, False)


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        ([{"0": 1}], [{"00": 1}], "different lengths"),
        ([{"0": 1}], [{}], "no shots"),
        ([{"0": 1}], [], "zip"),
    ],
)
def test_what_is_no_pair_is_refused(then, now, words):
    with pytest.raises(ValueError, match=words):
        agreements(then, now)


counts = st.dictionaries(
    st.integers(0, 63).map("{:06b}".format), st.integers(1, 300), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(counts, counts)
def test_order_does_not_matter_and_equal_samples_agree(then, now):
    (one,), (other,) = agreements([then], [now]), agreements([now], [then])
    assert one.p == pytest.approx(other.p)
    assert 0 <= one.p <= 1
    assert 0 <= one.distance <= 1
    (same,) = agreements([then], [then])
    assert (same.statistic, same.p, same.distance) == (0, 1, 0)
