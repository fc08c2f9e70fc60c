"""What the tests of reliability share; each worker of pytest's has its own."""

from __future__ import annotations

import pytest

from tests.reliability.bench import opened


@pytest.fixture(scope="session")
def bench(tmp_path_factory, database):
    with opened(tmp_path_factory.mktemp("reliability"), database) as ours:
        yield ours
