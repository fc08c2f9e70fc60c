"""A browser without a window, and MLflow's pages for it to look at.

Debian's `chromium` and `chromium-driver`. Where they are missing, tests that need them are
skipped, unless QEXP_BROWSER=required is set: then they fail.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.ports import free_port

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
STARTING = 180
"""Seconds for a server to come up beside other tests."""

PATIENCE = 60
"""Seconds for a page to show something."""

LONGEST = 900
"""Seconds after which a server ends by itself."""

IN_SIGHT = """
const [element] = arguments;
element.scrollIntoView({block: "center", inline: "nearest"});
const [box] = element.getClientRects();  // the first line, where text wraps
if (!box) return false;
const top = document.elementFromPoint(box.left + Math.min(box.width, 20) / 2,
                                      box.top + box.height / 2);
return box.width > 0 && box.height > 0 && element.contains(top);
"""
"""Scrolls to an element; whether nothing hides it, covers it or cuts it off."""


class Browser:
    """Chromium, and what a person in front of it would notice."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        """Take over a started browser."""
        self.driver = driver

    def open(self, address: str) -> None:
        """Go to an address; what was logged before is forgotten."""
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(address)

    def find(self, selector: str) -> list[WebElement]:
        """What a CSS selector finds, or an XPath that begins with `//`."""
        how = By.XPATH if selector.startswith("//") else By.CSS_SELECTOR
        return self.driver.find_elements(how, selector)

    def see(self, selector: str) -> WebElement:
        """The first such element that is in sight; waits for it."""

        def first(_: object) -> WebElement | None:
            found = self.find(selector)
            return next((one for one in found if self.in_sight(one)), None)

        return self.wait(first, f"nothing in sight is {selector}")

    def read(self, text: str, *, whole: bool = False) -> WebElement:
        """The element in sight that says something; waits for it.

        Args:
            text: What it says, without single quotes.
            whole: Whether that is all it says; parts may then be elements of their own.
        """
        if whole:
            return self.see(f"//*[normalize-space(.)='{text}']")
        return self.see(f"//*[text()[contains(normalize-space(.), '{text}')]]")

    def drawn(self, selector: str) -> WebElement:
        """Such a part of a chart, which the chart may lay an invisible pane over."""

        def first(_: object) -> WebElement | None:
            return next(
                (one for one in self.find(selector) if one.is_displayed()), None
            )

        return self.wait(first, f"nothing drawn is {selector}")

    def wait(self, condition, complaint: str):
        """What a condition returns once that is true."""
        gone = (StaleElementReferenceException,)  # pages redraw under one's hands
        waiting = WebDriverWait(self.driver, PATIENCE, 0.1, gone)
        return waiting.until(condition, complaint)

    def click(self, element: WebElement) -> None:
        """Click where an element is, even one that is drawn by another over it."""
        self.in_sight(element)
        ActionChains(self.driver).move_to_element(element).click().perform()

    def type(self, selector: str, text: str) -> None:
        """Type a line into a field."""
        self.see(selector).send_keys(text, Keys.ENTER)

    def choose(self, label: str, name: str) -> None:
        """Add a name to what is chosen in a field of several."""
        box = self.see(f"//div[.='{label}']/following-sibling::div")
        field = box.find_element(By.TAG_NAME, "input")
        self.driver.execute_script(
            "arguments[0].focus()", field
        )  # a click may hit an ×
        field.send_keys(name)
        only = f"//*[@title='{name}'][contains(@class, 'option')]"
        self.see(only).click()
        field.send_keys(Keys.ESCAPE)

    def pick(self, field: str, name: str) -> None:
        """Pick the one name that a field, known by its id, is to have."""
        self.see(f"#{field}").click()
        self.see(f"//*[@role='option'][contains(., '{name}')]").click()

    def unfold(self) -> None:
        """Show all of MLflow's description of a run."""
        self.read("Show more").click()
        self.read("Show less")

    @contextmanager
    def new_tab(self, link: WebElement) -> Iterator[None]:
        """Follow a link that opens a tab of its own, which is closed in the end."""
        before = self.driver.current_window_handle
        link.click()
        self.driver.switch_to.window(self.driver.window_handles[-1])
        assert self.driver.current_window_handle != before
        try:
            yield
        finally:
            self.driver.close()
            self.driver.switch_to.window(before)

    @contextmanager
    def frame(self) -> Iterator[None]:
        """Look at the page inside the page."""
        self.driver.switch_to.frame(self.see("iframe"))
        try:
            yield
        finally:
            self.driver.switch_to.default_content()

    def in_sight(self, element: WebElement) -> bool:
        """Whether an element can be seen, after scrolling to it."""
        return element.is_displayed() and self.driver.execute_script(IN_SIGHT, element)

    def loaded(self, picture: WebElement) -> bool:
        """Whether a picture has come and is one."""
        script = "return arguments[0].complete && arguments[0].naturalWidth > 0"
        return self.driver.execute_script(script, picture)

    def colours(self, chart: WebElement, left_of: WebElement | None = None) -> int:
        """How many of a chart's pixels are neither white nor black nor grey.

        Args:
            chart: The chart.
            left_of: A part of it; what is at its right is not looked at.
        """
        with Image.open(io.BytesIO(chart.screenshot_as_png)) as picture:
            width, height = picture.size
            if left_of is not None:
                width = left_of.rect["x"] - chart.rect["x"]
            seen = picture.crop((0, 0, width, height)).convert("HSV")
        return sum(seen.getchannel("S").histogram()[128:])

    def errors(self) -> list[str]:
        """What the console calls severe since the page was opened."""
        logged = self.driver.get_log("browser")
        return [one["message"] for one in logged if one["level"] == "SEVERE"]

    def requested(self) -> set[str]:
        """The addresses that the page wanted since it was opened, data left out."""
        events = [json.loads(one["message"])["message"] for one in self._events()]
        sent = [one for one in events if one["method"] == "Network.requestWillBeSent"]
        wanted = {one["params"]["request"]["url"] for one in sent}
        return {one for one in wanted if not one.startswith("data:")}

    def _events(self) -> list[dict[str, str]]:
        return self.driver.get_log("performance")


@contextmanager
def browsing(
    width: int = 1440, height: int = 1000, scale: float = 1
) -> Iterator[Browser]:
    """A browser that is ended with the context.

    Args:
        width: Of its window, in CSS pixels.
        height: Of its window.
        scale: Device pixels for each CSS pixel.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    size = f"--window-size={width},{height}"
    for flag in (*FLAGS, size, f"--force-device-scale-factor={scale}"):
        options.add_argument(flag)
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    service = webdriver.ChromeService(str(DRIVER))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(PATIENCE)
        yield Browser(driver)
    finally:
        driver.quit()


def needed() -> None:
    """Skip the test where there is no browser, or fail it where there has to be one."""
    missing = [str(file) for file in (CHROMIUM, DRIVER) if not file.exists()]
    if not missing:
        return
    told = f"no {' and no '.join(missing)}: apt-get install chromium chromium-driver"
    if os.environ.get("QEXP_BROWSER") == "required":
        pytest.fail(told)
    pytest.skip(told)


class Pages:
    """MLflow's pages about the runs of a folder.

    Attributes:
        url: Their address.
    """

    def __init__(self, url: str, log: Path) -> None:
        """Take over a server that has been started."""
        self.url = url
        self._log = log

    def wait(self) -> str:
        """Their address, once they can be opened."""
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/health", timeout=1).ok:
                    return self.url
            except requests.RequestException:
                time.sleep(0.2)
        return pytest.fail(self._log.read_text())


@contextmanager
def mlflow_ui(folder: Path) -> Iterator[Pages]:
    """`mlflow ui` as it is typed in a folder; it is not waited for."""
    port = free_port()
    command = ["timeout", str(LONGEST), sys.executable, "-m", "mlflow", "ui"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    log = folder / "mlflow-ui.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", "1"],
            cwd=folder,
            env=os.environ | quiet,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield Pages(f"http://127.0.0.1:{port}", log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
