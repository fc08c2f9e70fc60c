"""The best settings: which may be it, and how good the chosen one really is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qexp.effects import analyse, factor
from qexp.effects.best import _best_others, best
from qexp.effects.chosen import corrected
from qexp.effects.dunnett import both_sides, one_sided
from qexp.effects.layout import layout
from qexp.effects.table import cells
from tests.effects.tables import DELAY, LEVEL, METHOD, additive, table

ALL = (LEVEL, METHOD, DELAY)
WINNER = {"optimization_level": 2, "layout_method": "dense", "rep_delay": 2.5e-4}


@pytest.mark.parametrize(
    ("others", "freedom"),
    [(1, 1), (1, 10), (2, 3), (5, 20), (9, 60), (15, 8)],
)
def test_critical_values_are_those_of_the_multivariate_t(others, freedom):
    value = one_sided(others, freedom)
    shape = np.full((others, others), 0.5) + 0.5 * np.eye(others)
    law = stats.multivariate_t(shape=shape, df=freedom, seed=0)
    assert law.cdf(np.full(others, value)) == pytest.approx(0.95, abs=2e-3)


def test_critical_values_for_all_settings_are_larger_the_more_there_are():
    assert both_sides(1, math.inf) == pytest.approx(1.96, abs=1e-3)
    assert both_sides(10, math.inf) == pytest.approx(2.80, abs=0.01)
    assert both_sides(10, 5) > both_sides(10, 50) > both_sides(9, 50)


def test_the_winner_is_told_from_what_is_clearly_worse():
    found = analyse(
        table(ALL, additive, noise=0.004, circuits=("ghz", "qft")), ALL, "m"
    ).best
    assert found.winner.options == WINNER
    assert len(found.settings) == 12
    assert all(one.options["optimization_level"] == 2 for one in found.among)
    assert found.settings[-1].high == 0
    assert found.winner.low == -found.settings[1].high


def test_less_may_be_better():
    frame = table(ALL, additive, noise=0.004)
    found = analyse(frame.assign(m=-frame["m"]), ALL, "m", larger=False).best
    more = analyse(frame, ALL, "m").best
    assert found.winner.options == more.winner.options
    assert found.winner.mean == pytest.approx(-more.winner.mean)
    assert (found.winner.low, found.winner.high) == pytest.approx(
        (-more.winner.high, -more.winner.low)
    )
    assert found.corrected == pytest.approx(-more.corrected)


def test_the_best_is_among_those_that_may_be_it():
    """In 95 % of sweeps, with jobs that drift apart far more than points scatter."""
    rng = np.random.default_rng(0)
    truth = cells(table(ALL, lambda row: 0.0, blocks=3), ALL, "m")
    gain = 0.004 * (truth.level[:, 1] == 1) + 0.001 * (truth.level[:, 0] == 1)
    really = int(np.argmax(gain + 1e-6 * (truth.level[:, 2] == 0)))
    options = {
        one.name: one.levels[code]
        for one, code in zip(ALL, truth.level[really], strict=True)
    }
    held = 0
    for _ in range(200):
        drift = rng.normal(0, 0.02, truth.job.max() + 1)[truth.job]
        noise = rng.normal(0, 0.004, truth.value.shape)
        value = gain[:, None] + drift + noise
        found = best(layout(replace(truth, value=value)), "m")
        held += options in [one.options for one in found.among]
    assert held >= 0.95 * 200 - 3 * math.sqrt(200 * 0.05 * 0.95)


@pytest.mark.parametrize("blocks", [1, 3])
def test_the_winner_s_mean_is_corrected_for_having_won(blocks):
    """Forty settings that are the same: the best looks better, and is not."""
    rng = np.random.default_rng(1)
    plain, fair = [], []
    for _ in range(400):
        values = 0.5 + rng.normal(0, 0.01, (40, blocks))
        plain.append(values.mean(axis=1).max())
        fair.append(corrected(values, np.full(values.shape, 1e-4)))
    bias = np.mean(plain) - 0.5
    assert bias > 0.01
    assert abs(np.mean(fair) - 0.5) < bias / 5


def test_a_winner_that_is_ahead_keeps_its_mean():
    rng = np.random.default_rng(2)
    means = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.9])
    values = means[:, None] + rng.normal(0, 0.005, (6, 4))
    assert corrected(values, np.full((6, 4), 2.5e-5)) == pytest.approx(0.9, abs=0.01)


def test_the_winner_s_interval_holds_though_it_was_chosen():
    rng = np.random.default_rng(3)
    option = factor("layout_method", list("abcdefghijkl"))
    truth = cells(table((option,), lambda row: 0.0, blocks=4), (option,), "m")
    held = 0
    for _ in range(200):
        value = rng.normal(0.5, 0.01, truth.value.shape)
        found = best(layout(replace(truth, value=value)), "m")
        held += found.low <= 0.5 <= found.high
    assert held >= 0.95 * 200 - 3 * math.sqrt(200 * 0.05 * 0.95)


def test_fresh_repeats_confirm():
    frame = table(ALL, additive, noise=0.01)
    fresh = table(ALL, additive, noise=0.01, seed=9)
    chosen = np.all([fresh[k] == v for k, v in WINNER.items()], axis=0)
    found = analyse(frame, ALL, "m", confirmation=fresh[chosen])
    mean, low, high = found.best.confirmed
    assert mean == pytest.approx(fresh[chosen]["m"].mean())
    values = fresh[chosen]["m"]
    ends = stats.t.interval(0.95, 2, values.mean(), values.sem())
    assert (low, high) == pytest.approx(ends)
    assert found.best.fresh == 3
    assert (
        "confirmed: 0.653 \N{PLUS-MINUS SIGN} 0.0078 at 95 % on 3 fresh" in found.choice
    )
    assert "corrected" not in found.choice


def test_a_setting_that_lacks_a_circuit_is_not_ranked_and_that_is_said():
    frame = table(ALL, additive, noise=0.004, circuits=("ghz", "qft"))
    bad = (frame["circuit"] == "qft") & np.all(
        [frame[k] == v for k, v in WINNER.items()], axis=0
    )
    frame.loc[bad, "status"] = "failed"
    found = analyse(frame, ALL, "m").best
    assert found.winner.options != WINNER
    assert len(found.settings) == 11
    assert found.note == "1 setting left out, which lacks a circuit in every repeat"


def test_a_lost_block_of_one_setting_does_not_decide_against_it():
    frame = table(ALL, additive, noise=0.002)
    frame["m"] += 0.3 * frame["block"]
    bad = (frame["block"] == 2) & np.all(
        [frame[k] == v for k, v in WINNER.items()], axis=0
    )
    frame.loc[bad, "status"] = "failed"
    found = analyse(frame, ALL, "m").best
    assert found.winner.options == WINNER


def test_what_cannot_be_told_says_what_would_tell_it():
    frame = table(ALL, additive, noise=0.02, blocks=3)
    found = analyse(frame, ALL, "m")
    among = [one for one in found.best.among[1:] if one.repeats]
    assert among
    assert all(one.repeats > 3 for one in among)
    assert f"{among[-1].repeats:,} repeats" in found.choice
    assert all(one.repeats is None for one in found.best.settings if not one.among)


def test_one_repeat_is_ranked_on_shot_noise_alone():
    found = analyse(table(ALL, additive, noise=0.002, blocks=1), ALL, "m").best
    assert found.unit == "shots"
    assert "shot noise only" in found.note
    assert found.winner.options == WINNER


def test_one_setting_is_no_choice():
    size = factor("circuit.n", [3, 4])
    frame = table((size,), lambda row: 0.5)
    frame["circuit"] = [f"ghz(n={n})" for n in frame["circuit.n"]]
    assert analyse(frame, (size,), "m").best is None


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9)
)
def test_the_best_others_of_the_same_jobs_and_of_others(drawn):
    mean = np.array([value / 4 for value, _ in drawn])
    jobs = np.array([7 * job for _, job in drawn])
    for shared, found in zip((True, False), _best_others(mean, jobs), strict=True):
        for one, best_other in enumerate(found):
            others = [
                value
                for other, (value, job) in enumerate(zip(mean, jobs, strict=True))
                if other != one and (job == jobs[one]) == shared
            ]
            assert best_other == max(others, default=-math.inf)
