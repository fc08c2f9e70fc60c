"""Take the README's screenshots anew: `python -m docs.screenshots`.

Runs the sweep that the README runs, three times over, and looks at it in Chromium. The
sweep is seeded, so that only what has changed in its pages changes in the pictures.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from mlflow import MlflowClient
from PIL import Image

from tests.browsing import Browser, browsing, mlflow_ui

PICTURES = Path(__file__).parent / "pictures"
SWEEP = ("+experiment=ghz_options", "backend=ibmq_montreal", "repeats=3", "seed=1")
METRIC = "hellinger_fidelity"
AXES = ("optimization_level", "rep_delay", "use_measure_esp", "layout_method")
"""The one that matters most beside the metric."""

WIDTH, HEIGHT, SCALE = 1040, 1600, 1.25
COLOURS = 256
"""Enough for pages of text and curves, at a third of the bytes."""


def main() -> None:
    """Run the sweep, and write `compare.png` and `report.png`."""
    with tempfile.TemporaryDirectory(prefix="qexp-screenshots-") as made:
        folder = Path(made)
        _qexp(folder, *SWEEP)
        _qexp(folder, "report", "out=report.html")
        with mlflow_ui(folder) as pages, browsing(WIDTH, HEIGHT) as browser:
            page = f"{pages.wait()}/{_run(folder)}"
            _compare(browser, page, PICTURES / "compare.png")
            _top(browser, folder / "report.html", PICTURES / "report.png")


def _qexp(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "qexp", *arguments], cwd=folder, check=True)


def _run(folder: Path) -> str:
    """Where MLflow shows the sweep's run."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("ghz_options").experiment_id
    (parent,) = client.search_runs([experiment], "metrics.points_finished > 0")
    return f"#/experiments/{experiment}/runs/{parent.info.run_id}"


def _compare(browser: Browser, page: str, file: Path) -> None:
    """MLflow's comparison of the points, with the options as axes."""
    browser.open(page)
    browser.see("button[aria-label=Close]").click()  # an assistant
    browser.unfold()
    with browser.new_tab(browser.see("//a[starts-with(., 'Compare the ')]")):
        browser.see("button[aria-label='Toggle sidebar']").click()
        browser.read("Clear All").click()
        browser.read("Please select parameters")
        for name in AXES:
            browser.choose("Parameters:", name)
        browser.choose("Metrics:", METRIC)
        for name in (*AXES, METRIC):
            browser.see(f"//*[@class='axis-title'][.='{name}']")
        browser.read("Comparing 64 Runs from 1 Experiment").click()  # leaves the field
        chart = browser.see(".js-plotly-plot").rect
        _shoot(browser, file, chart["y"] + chart["height"])


def _top(browser: Browser, report: Path, file: Path) -> None:
    """The report up to its first picture."""
    browser.open(report.as_uri())
    first = browser.see("figure").rect
    _shoot(browser, file, first["y"] + first["height"])


def _shoot(browser: Browser, file: Path, height: float) -> None:
    """Write the top of a page."""
    width = browser.driver.execute_script("return window.innerWidth")
    browser.driver.execute_script("window.scrollTo(0, 0)")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": SCALE}
    wanted = {"format": "png", "clip": clip, "captureBeyondViewport": True}
    taken = browser.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
    picture = Image.open(io.BytesIO(b64decode(taken["data"]))).convert("RGB")
    picture.quantize(COLOURS).save(file, optimize=True)
    print(f"{file}  {picture.width} × {picture.height}, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
