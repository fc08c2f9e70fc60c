"""The benchmarks start, reach their end, and print ratios; what they are is not tested."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks import timing
from tests.conftest import ROOT

RATIO = re.compile(r"\d × \([\d.]+ to [\d.]+\)")


@pytest.mark.parametrize(
    ("name", "ratios"),
    [
        ("startup", 8),
        pytest.param("planning", 4, marks=pytest.mark.long),
        pytest.param("grid", 4, marks=pytest.mark.long),
        ("twin", 8),
        pytest.param("scale", 2, marks=pytest.mark.long),
        pytest.param("tracking", 6, marks=pytest.mark.long),
        pytest.param("dask", 8, marks=pytest.mark.long),
        pytest.param("cores", 12, marks=pytest.mark.long),
    ],
)
def test_the_smallest_setting_prints_ratios(name, ratios):
    finished = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(RATIO.findall(finished.stdout)) >= ratios
    assert "cores" in finished.stdout.partition("\n")[0]


def test_ratios_are_taken_round_by_round():
    assert timing.ratios([1.0, 4.0, 3.0], [2.0, 4.0, 4.0]) == "0.75 × (0.50 to 1.00)"
    assert timing.ratios([-0.1], [0.2]) == "lost in noise"
    assert timing.slope(10.0, 30.0, (1, 5)) == 5.0


MEASURED = """
import pathlib, sys
from benchmarks import timing
command = [sys.executable, "-c", sys.argv[1]]
print(timing.measured(command, pathlib.Path(sys.argv[2])).cpu)
"""


def measured(code, place):
    # in a process of its own, because it waits for every child there is
    return subprocess.run(
        [sys.executable, "-c", MEASURED, code, str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_that_failed_is_not_measured(tmp_path):
    finished = measured("raise SystemExit('no such thing')", tmp_path)
    assert finished.returncode
    assert "no such thing" in finished.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell")
def test_processes_that_are_left_behind_count(tmp_path):
    work = "import time\nwhile time.process_time() < 0.5: pass"
    left = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {work!r}])"
    assert float(measured(left, tmp_path).stdout) > 0.4
