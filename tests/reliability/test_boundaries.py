"""Killed before and after everything that the ledger and MLflow are told."""

from __future__ import annotations

import pytest

from tests.reliability import lives

LONG = pytest.mark.long


def check(bench, compile):
    trace = bench.reference(compile)[2]
    assert len(trace) >= 50
    met = lives.chain(bench.life(compile))
    # what a sweep that was killed before does not come by
    left = [one for one in trace if one not in met]
    for boundary in left:
        assert lives.alone(bench.life(compile), boundary)
    assert {*met, *left} >= set(trace)


def check_writer(bench, compile, who):
    met = lives.chain(bench.life(compile), writer=who)
    points = bench.reference(compile)[0].keys() - {""}
    assert {f"before _write_files {point}" for point in points} <= {*met}
    assert {"before _copy_files end", "before _end end"} <= {*met}
    # the rows of runs, in the middle of their transaction
    assert any(one.startswith("before _put latest_metrics") for one in met)


class TestServer:
    """A job for each point, compiled by the service."""

    def test_at_every_boundary(self, bench):
        check(bench, "server")

    @pytest.mark.parametrize("who", [pytest.param("both", marks=LONG), "writer"])
    def test_while_mlflow_is_written_to(self, bench, who):
        check_writer(bench, "server", who)


class TestClient:
    """Jobs of several points, compiled here."""

    def test_at_every_boundary(self, bench):
        check(bench, "client")


class TestPlatform:
    """Jobs of several points on today's platform."""

    @LONG
    def test_at_every_boundary(self, bench):
        check(bench, "platform")
