"""What a person sees of a sweep: MLflow's pages and the report, in a real browser."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browsing import Browser, browsing, mlflow_ui, needed
from tests.conftest import qexp_process
from tests.sweeps import Logged

SWEEP = (
    "-m",
    "+experiment=ghz",
    "backend=ibmq_manila",
    "circuit.num_qubits=3",
    "options.layout_method=trivial,sabre",
    "options.rep_delay=5e-5,2.5e-4",
    "options.shots=1000",
    "repeats=3",
    "seed=1",
    "tracking.pictures=summary",
)


@dataclass
class Seen:
    """A sweep that has been run, and MLflow's pages about it."""

    logged: Logged
    folder: Path
    url: str
    said: str

    @property
    def page(self) -> str:
        """The page of the sweep's run."""
        info = self.logged.parent.info
        return f"{self.url}/#/experiments/{info.experiment_id}/runs/{info.run_id}"


@pytest.fixture(scope="module")
def browser():
    needed()
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, database, browser):
    folder = tmp_path_factory.mktemp("looked-at")
    shutil.copy(database, folder / "mlflow.db")
    done = qexp_process(*SWEEP, cwd=folder)
    assert done.status == 0, done.err
    (said,) = [line for line in done.out.splitlines() if " raises " in line]
    with mlflow_ui(folder) as url:
        yield Seen(Logged(folder), folder, url, said)


def test_the_sweeps_run_tells_and_shows_what_it_found(sweep, browser: Browser):
    browser.open(sweep.page)
    browser.read("ghz: 12 points on ibmq_manila")
    browser.read(sweep.said)
    browser.read("Show more").click()
    for name in ("effects", "levels"):
        picture = browser.see(f"img[src*='{name}.png']")
        browser.wait(lambda _, p=picture: browser.loaded(p), f"{name}.png is broken")
