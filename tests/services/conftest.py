"""The fake service, and a client of it that never really waits."""

from __future__ import annotations

import pytest

from qexp.declare.config import Backend
from qexp.devices.device import load
from tests.services.fake import TOKEN, Clock, Fake, Noting, runner_of


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
def witness():
    return Noting()


@pytest.fixture
def runner(fake, clock, witness):
    return runner_of(fake, clock, witness)


@pytest.fixture
def served(monkeypatch, fake, clock):
    """Every connection goes to the fake."""
    from qexp.services import circuit_runner, http

    class Mounted(http.Http):
        def __init__(self, timeout, wait):
            super().__init__(timeout, clock)
            self.session.mount("http://", fake)

    monkeypatch.setattr(circuit_runner, "Http", Mounted)
    fake.device = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    return fake
