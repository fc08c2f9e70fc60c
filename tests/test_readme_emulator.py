"""The README's two terminals: the emulator in one, the GHZ example in the other."""

from __future__ import annotations

import ast
import shlex
import subprocess
import sys

from qexp.emulator.settings import Settings
from tests.conftest import ROOT, qexp_process
from tests.emulating import emulating

URL = "http://127.0.0.1:8000/api"


def test_the_ghz_example_runs_on_the_emulator(ready):
    section = (ROOT / "README.md").read_text().split("<!-- emulator -->")[1]
    first, second = section.split("```bash\n")[1:3]
    assert first.split("\n```")[0] == "python -m qexp emulator"
    usual = Settings()
    assert f"http://{usual.host}:{usual.port}/api" == URL
    _, _, _, *arguments = shlex.split(second.split("\n```")[0])
    assert f"service.url={URL}" in arguments
    data = ready / usual.data
    data.parent.mkdir(parents=True)
    with emulating(data, token=None) as started:  # on a port that is free
        arguments = [one.replace(URL, started.url) for one in arguments]
        done = qexp_process(*arguments, cwd=ready)
        assert (
            started.client((data / "token").read_text().strip())
            .get("jobs")
            .json()["count"]
        )
    assert (done.status, done.err) == (0, "")
    assert "FINISHED  ghz-5 on ibmq_montreal" in done.out


def test_python_connects_to_the_emulator_as_its_page_says(ready):
    page = (ROOT / "docs" / "how-to" / "emulator.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    data = ready / Settings().data
    data.parent.mkdir(parents=True)
    with emulating(data, token=None) as started:
        code = code.replace(URL, started.url)
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ready, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sum(ast.literal_eval(done.stdout).values()) == 1000
