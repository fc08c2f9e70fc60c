"""What must not matter to an analysis, and what must not be lost in it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qexp.effects import Factor, analyse, factor
from qexp.effects.family import holm
from tests.effects.tables import DELAY, LEVEL, METHOD, additive, table

ALL = (LEVEL, METHOD, DELAY)
BASE = table(ALL, additive, noise=0.01, circuits=("ghz", "qft"))

some = settings(max_examples=12, deadline=None)


def numbers(found) -> list[tuple[float, ...]]:
    return [
        (e.effect, e.low, e.high, e.p_holm)
        for e in (*found.effects, *found.interactions)
    ]


def close(found, other) -> None:
    assert np.allclose(numbers(found), numbers(other), equal_nan=True, atol=1e-9)


@some
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random):
    rows = list(range(len(BASE)))
    random.shuffle(rows)
    shuffled = analyse(BASE.iloc[rows], ALL, "m")
    close(analyse(BASE, ALL, "m"), shuffled)
    assert shuffled.best.winner == analyse(BASE, ALL, "m").best.winner


@some
@given(
    st.permutations(["a", "b"]), st.permutations([10, 20, 30]), st.permutations("xy")
)
def test_names_do_not_matter(methods, blocks, circuits):
    renamed = BASE.copy()
    method = Factor("layout_method", tuple(methods), "compile")
    renamed["layout_method"] = renamed["layout_method"].map(
        dict(zip(METHOD.levels, methods, strict=True))
    )
    renamed["block"] = renamed["block"].map(dict(enumerate(blocks)))
    renamed["circuit"] = renamed["circuit"].map(
        dict(zip(("ghz", "qft"), circuits, strict=True))
    )
    close(analyse(BASE, ALL, "m"), analyse(renamed, (LEVEL, method, DELAY), "m"))


@some
@given(st.sampled_from([-3.0, 1e-3, 0.5, 100.0]), st.floats(-10, 10))
def test_effects_scale_as_the_metric_does(scale, offset):
    other = BASE.assign(
        m=BASE["m"] * scale + offset, m_variance=BASE["m_variance"] * scale**2
    )
    plain, scaled = analyse(BASE, ALL, "m"), analyse(other, ALL, "m")
    for e, f in zip(plain.effects, scaled.effects, strict=True):
        assert f.effect == pytest.approx(e.effect * scale, rel=1e-6, abs=1e-9)
        assert sorted((f.low, f.high)) == pytest.approx(
            sorted((e.low * scale, e.high * scale)), rel=1e-5, abs=1e-8
        )
        assert f.p_holm == pytest.approx(e.p_holm, rel=1e-4, abs=1e-12)


@some
@given(st.integers(0, 2**32 - 1), st.floats(-1, 1))
def test_a_level_that_is_an_alias_changes_no_other_effect(seed, level):
    """Whatever its noise was: one measurement of the circuit stands for another."""
    rng = np.random.default_rng(seed)
    again = BASE[BASE["optimization_level"] == 2].assign(optimization_level=3)
    again["m"] = again["m"] + 0.0 * rng.normal(size=len(again))
    wide = Factor("optimization_level", (1, 0, 2, 3), "compile")
    factors = (wide, METHOD, DELAY)
    plain = analyse(BASE, ALL, "m", interactions=False)
    both = analyse(pd.concat([BASE, again]), factors, "m", interactions=False)
    kept = [e for e in both.effects if e.levels != (3,)]
    assert [e.tests for e in kept] == [e.tests for e in plain.effects]
    for e, f in zip(plain.effects[:3], kept[:3], strict=True):
        if e.option != "layout_method":  # its mean is over one more level
            assert f.effect == pytest.approx(e.effect)
    (alias,) = [e for e in both.effects if e.levels == (3,)]
    assert alias.alias == "2 = 3"
    noisy = again.assign(m=again["m"] + level)
    moved = analyse(pd.concat([BASE, noisy]), factors, "m", interactions=False)
    two, three = [e for e in moved.effects if e.levels in ((2,), (3,))]
    assert two.effect == three.effect


@some
@given(st.data())
def test_missing_cells_do_not_bias_an_additive_metric(data):
    """Drift of blocks and jobs included, as long as something is left to compare."""
    exact = table(ALL, additive, circuits=("ghz", "qft"))
    drift = data.draw(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3))
    exact["m"] += np.array(drift)[exact["block"]]
    lost = data.draw(st.sets(st.integers(0, len(exact) - 1), max_size=40))
    exact.loc[list(lost), "status"] = "failed"
    found = analyse(exact, ALL, "m", interactions=False)
    truth = {"0": -0.1, "2": 0.05, "dense": 0.02, "5e-05": -0.03}
    for one in found.effects:
        if one.estimate.pairs:
            assert one.effect == pytest.approx(truth[one.level], abs=1e-6)


def test_holm_is_holm():
    assert holm([0.01, 0.04, 0.03, 0.005], [1, 1, 1, 1]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    found = holm([0.01, math.nan, 0.02], [1, 1, 1])
    assert found[[0, 2]] == pytest.approx([0.02, 0.02])
    assert math.isnan(found[1])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1, max_size=12)
)
def test_weighted_holm_rejects_what_weighted_bonferroni_does(drawn):
    p, weight = map(np.array, zip(*drawn, strict=True))
    adjusted = holm(p, weight)
    assert (adjusted >= p - 1e-15).all()
    bonferroni = np.minimum(p * weight.sum() / weight, 1)
    assert (adjusted <= bonferroni + 1e-12).all()
    # closed testing: the hypothesis with the smallest p/w pays for all
    assert adjusted.min() == pytest.approx(bonferroni.min())


def test_a_factor_with_one_reference_is_the_default_or_the_first():
    assert factor("use_measure_esp", [True, False], default=False).reference is False
