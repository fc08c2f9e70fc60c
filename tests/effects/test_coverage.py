"""A part of `python -m tests.effects.coverage`, which CI can afford."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qexp.effects import estimate
from tests.effects.coverage import covered, failures, promised
from tests.effects.simulated import World, _variance, interval_variance

SIMULATIONS = 120
SOME = [World(2, 256), World(2, 4096, "walk"), World(5, 4096)]


@pytest.mark.parametrize("world", SOME, ids=str)
def test_intervals_hold_the_truth(world):
    assert world in set(promised())
    assert failures(world, covered(world, SIMULATIONS), SIMULATIONS) == []


def test_intervals_that_are_too_short_are_noticed(monkeypatch):
    monkeypatch.setattr(estimate, "quantile", lambda chance, freedom: 1.28)
    world = World(3, 256)
    few = 50
    wrong = failures(world, covered(world, few), few)
    assert any("within covers" in one for one in wrong)


def test_the_seeds_of_the_compiler_are_no_shot_noise():
    world = World(3, 4096, "walk", seeds=0.03)
    assert failures(world, covered(world, SIMULATIONS), SIMULATIONS) == []


def test_simulated_shot_noise_is_the_metric_s_own():
    for hits in (0, 30, 250, 256):
        assert _variance(hits, 256) == pytest.approx(
            interval_variance(hits, 256), rel=0.3
        )


def test_a_promise_broken_is_told():
    world = World(3, 4096)
    fine = covered(world, 2)
    fine = replace(fine, within=0.95, jobwide=0.95, interactions=0.95, false=0.04)
    assert failures(world, fine, 2000) == []
    assert failures(world, replace(fine, within=0.9), 2000)
    assert failures(world, replace(fine, false=0.08), 2000)
