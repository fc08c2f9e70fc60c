"""Effects: what they are of, what they are sure of, and what they say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qexp.effects import COLUMNS, Effect, analyse, factor
from qexp.effects.factor import COMPILE
from qexp.planning import limits
from qexp.track.sweep import EFFECTS
from tests.effects.tables import DELAY, LEVEL, METHOD, additive, table

ALL = (LEVEL, METHOD, DELAY)
DELAYS = factor("rep_delay", [2.5e-4, 5e-4], default=2.5e-4)


def effect(found, option, level) -> Effect:
    (one,) = [e for e in found.effects if (e.option, e.level) == (option, str(level))]
    return one


def test_effects_are_differences_of_means_from_the_reference():
    found = analyse(table(ALL, additive, circuits=("ghz", "qft")), ALL, "m")
    assert [(e.option, e.level, e.reference) for e in found.effects] == [
        ("optimization_level", "0", "1"),
        ("optimization_level", "2", "1"),
        ("layout_method", "dense", "trivial"),
        ("rep_delay", "5e-05", "0.00025"),
    ]
    expected = [-0.1, 0.05, 0.02, -0.03]
    assert [e.effect for e in found.effects] == pytest.approx(expected)
    assert [e.estimate.pairs for e in found.effects] == [8, 8, 12, 12]
    assert [e.effect for e in found.interactions] == pytest.approx([0.0] * 5)


def test_circuits_weigh_the_same_whatever_they_lack():
    def value(row):
        dense = row["layout_method"] == "dense"
        return 0.5 + dense * (0.1 if row["circuit"] == "ghz" else 0.3)

    factors = (LEVEL, METHOD)
    frame = table(factors, value, circuits=("ghz", "qft"))
    gone = (frame["circuit"] == "qft") & (frame["optimization_level"] != 1)
    frame.loc[gone, "status"] = "failed"
    one = effect(analyse(frame, factors, "m"), "layout_method", "dense")
    assert one.effect == pytest.approx(0.2)
    assert "2 of 6 pairs left out: failed 2" in one.note


def test_an_interaction_is_a_difference_of_differences():
    def value(row):
        both = row["optimization_level"] == 2 and row["layout_method"] == "dense"
        return additive(row) + 0.07 * both

    found = analyse(table(ALL, value), ALL, "m").interactions
    sizes = {e.level: e.effect for e in found if e.option.startswith("opt")}
    assert sizes["2 × dense"] == pytest.approx(0.07)
    assert sizes["0 × dense"] == pytest.approx(0)
    assert found[1].option == "optimization_level × layout_method"
    assert found[1].reference == "1 × trivial"


def test_an_argument_of_the_circuit_is_a_factor_and_is_not_averaged_over():
    size = factor("circuit.n", [3, 4, 5])
    frame = table((size, METHOD), lambda row: 1 - 0.1 * row["circuit.n"], noise=1e-3)
    frame["circuit"] = [f"ghz(n={n})" for n in frame["circuit.n"]]
    found = analyse(frame, (size, METHOD), "m")
    assert effect(found, "circuit.n", 5).effect == pytest.approx(-0.2, abs=5e-3)
    one = effect(found, "layout_method", "dense")
    assert one.estimate.pairs == 3
    assert "layout_method" in found.sentences
    assert "circuit.n" not in found.sentences


def test_two_points_in_three_blocks_are_a_paired_t_test():
    frame = table((METHOD,), additive, blocks=5, noise=0.01)
    found = effect(analyse(frame, (METHOD,), "m"), "layout_method", "dense")
    by = {k: g["m"].to_numpy() for k, g in frame.groupby("layout_method")}
    test = stats.ttest_rel(by["dense"], by["trivial"])
    interval = test.confidence_interval()
    assert found.estimate.p == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_job_wide_options_meet_the_scatter_of_jobs():
    """The textbook's split plot: F of the whole plots, by sums of squares."""
    esp = factor("use_measure_esp", [False, True])
    factors = (esp, DELAY, METHOD)
    frame = table(factors, additive, blocks=4, noise=0.003, variance=np.nan)
    frame["job"] = frame["block"] * 4 + 2 * frame["use_measure_esp"]
    frame["job"] += (frame["rep_delay"] == 5e-5) ^ (frame["block"] % 2 == 1)
    rng = np.random.default_rng(5)
    frame["m"] += rng.normal(0, 0.02, 16)[frame["job"]]
    frame["name"] = frame["job"].map("job {}".format)
    found = analyse(
        frame.drop(columns="job").rename(columns={"name": "job"}), factors, "m"
    )
    one = effect(found, "rep_delay", 5e-5)
    job = (
        frame.groupby(["block", "use_measure_esp", "rep_delay"])["m"].mean().unstack(0)
    )
    rest = job.sub(job.mean(axis=1), axis=0) - job.mean() + job.to_numpy().mean()
    square = (rest.to_numpy() ** 2).sum() / 9
    assert one.estimate.unit == "job"
    assert one.estimate.freedom == pytest.approx(9)
    assert one.estimate.error == pytest.approx(math.sqrt(square * 4 / 16))
    within = effect(found, "layout_method", "dense").estimate
    assert within.unit == "point"
    assert within.error < one.estimate.error / 3


def test_one_repeat_carries_shot_noise_only_and_says_so():
    found = analyse(table(ALL, additive, blocks=1, noise=0.01), ALL, "m")
    one = effect(found, "layout_method", "dense")
    assert one.estimate.unit == "shots"
    assert one.estimate.error == pytest.approx(0.01 * math.sqrt(2 / 6))
    assert "one repeat: the interval is shot noise only" in one.note
    whole = effect(found, "rep_delay", 5e-5)
    assert "confounded with the job" in whole.note
    assert whole.decision == "undecided"
    assert math.isnan(whole.p_holm)
    assert "rep_delay is undecided: it is confounded with the job" in found.sentences


def test_without_shot_noise_one_repeat_has_no_interval():
    frame = table(ALL, additive, blocks=1).drop(columns="m_variance")
    one = effect(analyse(frame, ALL, "m"), "layout_method", "dense")
    assert math.isnan(one.low)
    assert one.decision == "undecided"
    assert "no known shot noise: no interval" in one.note


def test_jobs_in_one_order_in_every_repeat_may_as_well_be_drift():
    frame = table((METHOD, DELAY), additive, noise=0.001)
    frame["job"] = 2 * frame["block"] + (frame["rep_delay"] == 5e-5)
    one = effect(analyse(frame, (METHOD, DELAY), "m"), "rep_delay", 5e-5)
    assert "confounded with the order of the jobs" in one.note
    assert one.decision == "undecided"
    frame.loc[frame["block"] == 1, "job"] ^= 1
    one = effect(analyse(frame, (METHOD, DELAY), "m"), "rep_delay", 5e-5)
    assert one.decision == "decided"


def test_drift_between_jobs_does_not_touch_what_differs_within_them():
    calm = table(ALL, additive, noise=0.001)
    drifting = calm.assign(m=calm["m"] + 0.3 * np.sin(calm["job"] * 1.7))
    within = [
        effect(analyse(f, ALL, "m"), "layout_method", "dense") for f in (calm, drifting)
    ]
    assert within[0].low == pytest.approx(within[1].low)
    whole = [effect(analyse(f, ALL, "m"), "rep_delay", 5e-5) for f in (calm, drifting)]
    assert whole[0].decision == "decided"
    assert whole[1].decision == "undecided"


def test_a_block_in_several_jobs_is_compared_within_them():
    rng = np.random.default_rng(3)
    factors = (LEVEL, factor("layout_method", ["a", "b", "c", "d", "e", "f"]))
    frame = table(factors, additive, blocks=4, noise=0.001)
    frame["job"] = frame["block"] * 2 + rng.permuted(np.arange(len(frame)) % 2)
    drifting = frame.assign(m=frame["m"] + rng.normal(0, 0.5, 8)[frame["job"]])
    one = effect(analyse(drifting, factors, "m"), "optimization_level", 0)
    assert one.effect == pytest.approx(-0.1, abs=0.003)
    assert one.high - one.low < 0.01


def test_the_same_circuit_is_one_measurement_and_no_comparison():
    frame = table((LEVEL, METHOD), additive, noise=0.01)
    alike = frame["optimization_level"].isin([1, 2])
    frame.loc[alike, "compiled"] = frame.loc[alike, "layout_method"]
    found = analyse(frame, (LEVEL, METHOD), "m", interactions=False)
    one = effect(found, "optimization_level", 2)
    assert (one.decision, one.alias, one.effect) == ("alias", "1 = 2", 0.0)
    assert math.isnan(one.p_holm)
    assert math.isnan(one.low)
    other = effect(found, "optimization_level", 0)
    assert other.tests == 2
    assert found.table["alias"].tolist() == ["", "1 = 2", ""]


def test_two_levels_that_are_one_circuit_are_tested_once():
    frame = table((LEVEL, METHOD), additive, noise=0.01)
    alike = frame["optimization_level"].isin([0, 2])
    frame.loc[alike, "compiled"] = frame.loc[alike, "layout_method"]
    found = analyse(frame, (LEVEL, METHOD), "m", interactions=False)
    first, second, _ = found.effects
    assert first.effect == second.effect
    assert second.alias == "0 = 2"
    assert first.tests == 2
    assert first.p_holm == second.p_holm


def test_pairs_that_are_one_circuit_count_as_no_difference():
    def value(row):
        return 0.5 + 0.1 * (row["layout_method"] == "dense")

    frame = table((METHOD,), value, circuits=("ghz", "qft"))
    frame.loc[frame["circuit"] == "ghz", "compiled"] = "same"
    one = effect(analyse(frame, (METHOD,), "m"), "layout_method", "dense")
    assert one.effect == pytest.approx(0.05)
    assert "0 in 50 % of the pairs: compiled to the same circuit" in one.note


def test_an_execution_option_is_no_alias_though_circuits_are_the_same():
    found = analyse(table((METHOD, DELAY), additive, noise=0.001), (METHOD, DELAY), "m")
    assert effect(found, "rep_delay", 5e-5).alias == ""
    assert effect(found, "rep_delay", 5e-5).effect == pytest.approx(-0.03, abs=0.01)


def test_what_the_compiler_s_seeds_do_is_not_taken_for_shot_noise():
    """Where each block has other circuits, only blocks tell how they scatter."""
    frame = table((LEVEL, METHOD), additive, blocks=4, noise=0.001)
    dense = frame["layout_method"] == "dense"
    luck = np.array([0.08, -0.05, 0.02, -0.06])
    frame.loc[dense, "m"] += luck[frame.loc[dense, "block"]]
    frame.loc[dense, "compiled"] += frame.loc[dense, "block"].astype(str)
    one = effect(analyse(frame, (LEVEL, METHOD), "m"), "layout_method", "dense")
    assert one.estimate.unit == "block"
    assert one.estimate.freedom == 3
    assert one.seeds == 4
    assert one.spread == pytest.approx((0.02 - 0.06, 0.02 + 0.08), abs=0.003)
    assert "4 transpiler seeds: \N{MINUS SIGN}0.0" in one.note
    steady = effect(analyse(frame, (LEVEL, METHOD), "m"), "optimization_level", 0)
    assert steady.seeds == 4  # half of its cells are not steady


def test_swept_seeds_are_averaged_over():
    seeds = factor("seed_transpiler", [1, 2, 3])
    frame = table((METHOD, seeds), additive, noise=0.001)
    frame["compiled"] = frame["layout_method"] + frame["seed_transpiler"].astype(str)
    found = analyse(frame, (METHOD, seeds), "m")
    assert [e.option for e in found.effects] == ["layout_method"]
    assert found.effects[0].estimate.pairs == 3
    assert found.best.settings[0].options == {"layout_method": "dense"}


def test_a_contrast_whose_own_scatter_stands_out_is_measured_by_it():
    frame = table((LEVEL, METHOD), additive, blocks=6, noise=0.001)
    dense = frame["layout_method"] == "dense"
    frame.loc[dense, "m"] += (
        np.array([3, -2, 1, -3, 2, -1])[frame.loc[dense, "block"]] / 50
    )
    one = effect(analyse(frame, (LEVEL, METHOD), "m"), "layout_method", "dense")
    assert one.estimate.unit == "block"
    assert one.low < 0.02 < one.high


def test_a_metric_that_does_not_scatter_is_known():
    frame = table((LEVEL, METHOD), lambda row: 5.0 + row["optimization_level"])
    frame = frame.drop(columns="m_variance")
    found = analyse(frame, (LEVEL, METHOD), "m")
    assert effect(found, "optimization_level", 2).decision == "decided"
    assert effect(found, "layout_method", "dense").decision == "undecided"
    frame["compiled"] += frame["block"].astype(str)
    one = effect(analyse(frame, (LEVEL, METHOD), "m"), "optimization_level", 2)
    assert one.decision == "undecided"  # three coins of a side are no proof
    assert "the same in every repeat, though compiled anew" in one.note


@pytest.mark.parametrize(("one", "blocks"), [(DELAYS, 1), (DELAYS, 3), (METHOD, 1)])
def test_a_small_difference_is_called_undecided(one, blocks):
    """rep_delay 250 against 500 us at 4,096 shots: 0.0015, a quarter of an error."""
    frame = table((one,), lambda row: 0.0, blocks=blocks)
    p = np.where(frame[one.name] == one.reference, 0.9085, 0.91)
    if one is DELAYS:
        frame["job"] = [0, 1, 3, 2, 4, 5][: len(frame)]
    rng = np.random.default_rng(1)
    undecided = 0
    for _ in range(200):
        m = rng.binomial(4096, p) / 4096
        simulated = frame.assign(m=m, m_variance=m * (1 - m) / 4096)
        (found,) = analyse(simulated, (one,), "m").effects
        undecided += found.decision == "undecided"
        assert bool(found.estimate.confounded) == (one is DELAYS and blocks == 1)
    assert undecided >= 180


def test_what_is_undecided_says_what_would_decide_it():
    frame = table((METHOD,), additive, blocks=3, noise=0.02, seed=4)
    (one,) = analyse(frame, (METHOD,), "m").effects
    assert one.decision == "undecided"
    assert one.repeats > 3
    many = table((METHOD,), additive, blocks=3 * one.repeats, noise=0.02, seed=5)
    again = analyse(many, (METHOD,), "m").effects[0]
    assert again.decision == "decided"
    assert again.repeats is None


def test_more_shots_do_not_help_against_other_scatter():
    frame = table((METHOD,), additive, noise=0.05, variance=1e-8, blocks=4)
    (one,) = analyse(frame, (METHOD,), "m").effects
    assert one.decision == "undecided"
    assert one.shots is None
    assert one.repeats is not None
    one_block = table((METHOD,), additive, noise=0.03, blocks=1, seed=1)
    (alone,) = analyse(one_block, (METHOD,), "m").effects
    need = (stats.norm.isf(0.025) + stats.norm.isf(0.2)) * alone.estimate.error
    assert alone.shots == math.ceil((need / abs(alone.effect)) ** 2)


def test_what_is_left_out_is_counted_with_its_reason():
    frame = table((LEVEL, METHOD), additive, noise=0.001)
    bad = (frame["optimization_level"] == 2) & (frame["layout_method"] == "dense")
    frame.loc[bad, ["status", "m"]] = ["failed", np.nan]
    found = analyse(frame, (LEVEL, METHOD), "m")
    assert effect(found, "optimization_level", 2).estimate.pairs == 1
    note = "1 of 2 pairs left out: failed 1"
    assert note in effect(found, "optimization_level", 2).note
    assert found.notes == ("1 of 6 cells lack a value: failed 1",)
    gone = analyse(frame[~bad], (LEVEL, METHOD), "m")
    note = "1 of 2 pairs left out: not in the sweep 1"
    assert note in effect(gone, "optimization_level", 2).note


def test_a_refused_cell_has_no_block_and_is_counted():
    frame = table((LEVEL, METHOD), additive, blocks=2, noise=0.001)
    bad = (frame["optimization_level"] == 2) & (frame["layout_method"] == "dense")
    refused = (
        frame[bad].iloc[:1].assign(block=np.nan, m=np.nan, job=np.nan, status="failed")
    )
    found = analyse(pd.concat([frame[~bad], refused]), (LEVEL, METHOD), "m")
    assert found.repeats == 2
    assert "failed 1" in effect(found, "optimization_level", 2).note


def test_a_level_that_never_ran_has_no_effect_and_does_not_disturb():
    frame = table((LEVEL, METHOD), additive, noise=0.001)
    frame.loc[frame["optimization_level"] == 2, "status"] = "excluded"
    one = effect(analyse(frame, (LEVEL, METHOD), "m"), "optimization_level", 2)
    assert one.decision == "none"
    assert one.row()["effect"] == ""
    assert "2 of 2 pairs left out: excluded 2" in one.note


def test_the_columns_are_those_of_effects_csv():
    assert COLUMNS == EFFECTS
    found = analyse(table(ALL, additive, noise=0.01), ALL, "m")
    assert list(found.table.columns) == EFFECTS
    assert len(found.interactions_table) == 5


def test_options_of_the_compiler_are_those_of_the_planner():
    assert {*limits.COMPILE, "skip_transpilation"} == COMPILE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="m"), "the table has no column m"),
        (lambda f: f.replace("dense", "noise"), "layout_method = 'noise' is none of"),
        (lambda f: pd.concat([f, f]), "twice; a block holds every cell once"),
        (lambda f: f.assign(status="failed"), "m: no finished point has a value"),
    ],
)
def test_a_table_that_cannot_be_analysed_is_refused(change, message):
    frame = table((LEVEL, METHOD), additive)
    with pytest.raises(ValueError, match=message):
        analyse(change(frame), (LEVEL, METHOD), "m")


def test_a_factor_needs_two_values():
    with pytest.raises(ValueError, match="nothing varies"):
        factor("shots", [100, 100])
    assert factor("layout_method", [None, "dense"]).reference is None
    assert factor("shots", [100, 4000], default=4000).levels == (4000, 100)
    assert factor("shots", [100, 200], default=4000).levels == (100, 200)


def test_few_repeats_say_what_they_take_for_granted():
    said = "if its circuits drift alike, which 3 repeats cannot show"
    three, five = (
        analyse(table(ALL, additive, blocks=blocks, noise=0.01, seed=6), ALL, "m")
        for blocks in (3, 5)
    )
    assert said in effect(three, "optimization_level", 0).note
    assert said not in effect(three, "rep_delay", 5e-5).note
    assert "drift alike" not in effect(five, "optimization_level", 0).note


def test_an_axis_of_very_many_values_is_compared_without_interactions():
    delays = [k * 1e-6 for k in range(1, 101)]
    many, few = factor("rep_delay", delays), factor("rep_delay", delays[:64])
    found = analyse(table((many, METHOD), lambda row: 0.5), (many, METHOD), "m")
    assert len(found.effects) == 99 + 1
    assert found.interactions == ()
    left = "rep_delay has 100 values, so its interactions are left out (at most 64)"
    assert left in found.notes
    found = analyse(table((few, METHOD), lambda row: 0.5), (few, METHOD), "m")
    assert len(found.interactions) == 63
    assert not any("left out" in note for note in found.notes)
