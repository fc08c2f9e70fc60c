"""Every fault that the emulator can script: the same runs, each job accepted once."""

from __future__ import annotations

import random

import pytest

from tests.reliability import lives, scripted
from tests.reliability.lives import Tally

MIXTURES, KILLS = 6, 12


@pytest.mark.parametrize("request_", scripted.REQUESTS)
def test_alone(bench, request_):
    for kind in scripted.KINDS:
        life = bench.life("server")
        bench.service.fail(*scripted.alone(kind, request_))
        command = life.start()
        assert command.wait() == 0, f"{kind}: {command.errors}"
        life.require()
        assert bench.service.befallen, f"{kind} has not happened"


def test_in_random_mixtures(bench):
    chance = random.Random("mixtures of faults")
    for number in range(MIXTURES):
        life = bench.life("client" if number % 2 else "server")
        bench.service.fail(*scripted.mixture(chance))
        life.end()
        life.require()
        assert bench.service.befallen


def test_in_random_mixtures_with_kills(bench):
    chance, tally = random.Random("mixtures of faults, and kills"), Tally()
    while tally.kills.total() < KILLS:
        compile = chance.choice(["server", "client"])
        longest = 1.5 * bench.seconds(compile)
        life = bench.life(compile)
        bench.service.fail(*scripted.mixture(chance))
        lives.at_random(life, chance, longest, 3, tally)
        assert bench.service.befallen
