"""The fake service, and a client of it that never really waits."""

from __future__ import annotations

import pytest

from qexp.declare.config import Backend
from qexp.devices.device import load
from tests.services.fake import TOKEN, Clock, Fake, runner_of


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", TOKEN)


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runner(fake, clock):
    return runner_of(fake, clock)


@pytest.fixture
def served(monkeypatch, fake, clock):
    """Every connection goes to the fake."""
    from qexp.services import circuit_runner, http

    class Mounted(http.Http):
        def __init__(self, timeout, sleep):
            super().__init__(timeout, clock)
            self.session.mount("http://", fake)

    monkeypatch.setattr(circuit_runner, "Http", Mounted)
    monkeypatch.setattr(circuit_runner, "SLICE", 0.01)
    fake.device = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    return fake
