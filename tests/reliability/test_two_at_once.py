"""Two processes that start one sweep: one runs it, the other says so."""

from __future__ import annotations

import pytest

from tests.embedded import until

SLOW = {
    "request": "GET /runtime/jobs/*/results",
    "do": "delay",
    "seconds": 1.0,
    "times": None,
}


@pytest.mark.parametrize("compile", ["server", "client"])
def test_one_runs_it(bench, compile):
    life = bench.life(compile)
    bench.service.fail(SLOW)
    both = [life.start(), life.start()]
    statuses = sorted(one.wait() for one in both)
    assert statuses == [0, 1]
    told = next(one for one in both if one.wait() == 1)
    assert "is being run by process" in told.errors
    life.require()


def test_one_that_is_killed_lets_the_other_go_on(bench):
    life = bench.life("server")
    bench.service.fail(SLOW)
    first = life.start()
    until(lambda: life.rows("SELECT count(*) FROM submission WHERE job != ''") >= 1)
    refused = life.start()
    assert refused.wait() == 1
    assert f"process {first.pid}" in refused.errors
    first.kill()
    first.wait()
    bench.service.fail()
    life.end()
    life.require()
