"""What a person sees of a sweep: MLflow's pages and the report, in a real browser."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass

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
POINTS = [
    f"{layout}, rep_delay={delay}, repeat {repeat}"
    for layout, delay, repeat in itertools.product(
        ("trivial", "sabre"), ("5e-05", "0.00025"), range(3)
    )
]
HEADINGS = (
    "What was varied",
    "Effects on hellinger_fidelity",
    "Best settings for hellinger_fidelity",
    "Where it comes from",
)

CHART = "[role=tabpanel][data-state=active] .js-plotly-plot"


@dataclass
class Seen:
    """A sweep that has been run, and MLflow's pages about it.

    Attributes:
        logged: Its runs.
        url: MLflow's pages.
        said: What it found, as it was printed.
    """

    logged: Logged
    url: str
    said: str

    @property
    def experiment(self) -> str:
        """The page of its experiment."""
        return f"{self.url}/#/experiments/{self.logged.parent.info.experiment_id}"

    @property
    def page(self) -> str:
        """The page of its own run."""
        return f"{self.experiment}/runs/{self.logged.parent.info.run_id}"


@pytest.fixture(scope="module")
def browser():
    needed()
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def sweep(browser, tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("looked-at")
    shutil.copy(database, folder / "mlflow.db")
    with mlflow_ui(folder) as pages:  # comes up beside the sweep
        done = qexp_process(*SWEEP, cwd=folder)
        assert done.status == 0, done.err
        said = [line for line in done.out.splitlines() if " raises " in line]
        assert len(said) == 1, done.out + done.err
        yield Seen(Logged(folder), pages.wait(), said[0])


def test_runs_are_named_by_what_varies_and_can_be_ticked(sweep, browser: Browser):
    browser.open(f"{sweep.experiment}/runs")
    browser.read("ghz: 12 points on ibmq_manila")
    browser.see(".ag-row button").click()
    for name in POINTS:
        browser.read(name)
    own, *boxes = browser.find(".ag-row .ag-checkbox-input")
    assert len(boxes) == len(POINTS)
    for box in boxes:
        browser.click(box)
    assert not own.is_selected()
    browser.see("//button[.='Compare']").click()
    browser.read("Comparing 12 Runs from 1 Experiment")
    browser.see(axis("hellinger_fidelity"))


def test_the_searches_of_the_docs_are_understood(sweep, browser: Browser):
    browser.open(f"{sweep.experiment}/runs")
    browser.read("13 matching runs", whole=True)
    # a sweep is shown with its points
    browser.type("input[type=search]", """tags."qexp.block" = '2'""")
    browser.read("5 matching runs", whole=True)


def test_the_sweeps_run_tells_and_shows_what_it_found(sweep, browser: Browser):
    browser.open(sweep.page)
    browser.read("ghz: 12 points on ibmq_manila")
    browser.read(sweep.said)
    browser.unfold()
    for name in ("effects", "levels"):
        picture = browser.see(f"img[src*='{name}.png']")
        browser.wait(lambda _, p=picture: browser.loaded(p), f"{name}.png is broken")
    browser.read("lowest to highest")  # the table of cells


def test_a_link_leads_to_the_comparison_of_the_points(sweep, browser: Browser):
    browser.open(sweep.page)
    browser.read(sweep.said)
    browser.unfold()
    with browser.new_tab(browser.read("Compare its 12 points")):
        browser.read("Comparing 12 Runs from 1 Experiment")
        # what it shows of its own accord
        browser.see(axis("layout_method"))
        last = browser.see(axis("hellinger_fidelity"))
        chart = browser.see(CHART)
        browser.wait(lambda _: browser.colours(chart, left_of=last) > 300, "no lines")
        browser.choose("Parameters:", "rep_delay")
        browser.see(axis("rep_delay"))
        for name in POINTS:
            browser.read(name)
        for name in ("layout_method", "rep_delay"):
            browser.see(f"//th[.='{name}']")
        browser.see("//a[.='hellinger_fidelity']")
        best = max(
            run.data.metrics["hellinger_fidelity"] for run in sweep.logged.children
        )
        browser.read(f"{best:.3f}")

        browser.read("Scatter Plot").click()
        browser.pick("x-axis-selector", "layout_method")
        browser.pick("y-axis-selector", "hellinger_fidelity")
        browser.drawn("//*[name()='svg']//*[.='sabre']")
        chart, few = browser.see(CHART), 40 * len(POINTS)
        browser.wait(lambda _: browser.colours(chart) > few, "dots are missing")


def axis(name: str) -> str:
    """The title of an axis of MLflow's parallel coordinates."""
    return f"//*[@class='axis-title'][.='{name}']"


def test_the_report_is_read_inside_mlflow(sweep, browser: Browser):
    browser.open(f"{sweep.page}/artifacts/report.html")
    with browser.frame():
        is_whole(browser, sweep)


def test_the_report_alone_needs_nothing_else(sweep, browser: Browser, tmp_path):
    sweep.logged.read("report.html", tmp_path)
    file = (tmp_path / "report.html").as_uri()
    browser.open(file)
    is_whole(browser, sweep)
    assert browser.requested() == {file}
    assert browser.errors() == []


def is_whole(browser: Browser, sweep: Seen) -> None:
    """Look at everything that a report should show."""
    browser.read("ghz: 12 points on ibmq_manila")
    browser.read(sweep.said)
    for heading in HEADINGS:
        browser.read(heading)
    for option, level in (
        ("layout_method", "sabre against trivial"),
        ("rep_delay", "5e-05 against 0.00025"),
    ):
        row = browser.see(f"//tr[td[1]='{option}'][contains(td[2], '{level}')]")
        assert "decided" in row.text.split()
    pictures = browser.find("img")
    drawn = {name for name in sweep.logged.files() if name.endswith(".png")}
    assert len(pictures) == len(drawn) >= 5
    for picture in pictures:
        assert browser.in_sight(picture)
        what = f"broken: {picture.get_attribute('alt')}"
        browser.wait(lambda _, p=picture: browser.loaded(p), what)
