"""Killed at random moments: the command, its group, its children, the service."""

from __future__ import annotations

import random

import pytest

from tests.reliability import lives
from tests.reliability.lives import Tally

KILLS = 25
"""For each way of compiling, over as many sweeps as it takes."""


@pytest.mark.parametrize(
    "compile",
    [
        "server",
        "client",
        pytest.param("platform", marks=pytest.mark.long),
    ],
)
def test_at_random_moments(bench, compile):
    tally, chance = Tally(), random.Random(f"random kills, {compile}")
    wanted = KILLS // 2 + (compile != "server")
    while (done := sum(tally.kills.values())) < wanted:
        longest = bench.seconds(compile)
        life = bench.life(compile)
        lives.at_random(
            life, chance, longest, min(7, wanted - done), tally, bench.service
        )
    assert tally.lost == tally.repeated == 0
    assert len(tally.kills) > 2
    assert tally.jobs == 3 * tally.sweeps
