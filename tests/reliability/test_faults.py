"""Every fault that the emulator can script: the same runs, each job accepted once."""

from __future__ import annotations

import random

import pytest

from tests.reliability import lives, scripted
from tests.reliability.lives import Tally

MIXTURES, KILLS = 6, 12


HERE = ("server", "submit"), ("server", "look"), ("platform", "submit")
"""Those that a job may be sent twice for; .ci/long has the others."""

EACH = [
    pytest.param(
        compile,
        request,
        marks=[] if (compile, request) in HERE else [pytest.mark.long],
    )
    for compile in ("server", "platform")
    for request in scripted.REQUESTS
]


@pytest.mark.parametrize(("compile", "request_"), EACH)
def test_alone(bench, compile, request_):
    for kind in scripted.KINDS:
        life = bench.life(compile)
        bench.service.fail(*scripted.alone(kind, request_, compile))
        command = life.start()
        assert command.wait() == 0, f"{kind}: {command.errors}"
        life.require()
        assert bench.service.befallen, f"{kind} has not happened"


def test_in_random_mixtures(bench):
    chance = random.Random("mixtures of faults")
    for number in range(MIXTURES):
        compile = ("server", "client", "platform")[number % 3]
        life = bench.life(compile)
        bench.service.fail(*scripted.mixture(chance, compile=compile))
        life.end()
        life.require()
        assert bench.service.befallen


def test_in_random_mixtures_with_kills(bench):
    chance, tally = random.Random("mixtures of faults, and kills"), Tally()
    while tally.kills.total() < KILLS:
        compile = chance.choice(["server", "client", "platform"])
        longest = 1.5 * bench.seconds(compile)
        life = bench.life(compile)
        bench.service.fail(*scripted.mixture(chance, compile=compile))
        lives.at_random(life, chance, longest, 3, tally)
        assert bench.service.befallen
