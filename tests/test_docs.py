"""Docs that cannot rot: generated pages, links, names, commands."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
import yaml

from docs.conf import navigation
from docs.generate import pages
from qexp.command.cli import OF_A_SWEEP, VERBS
from qexp.declare.config import METRICS
from qexp.declare.options import Options
from qexp.devices import known
from qexp.devices.device import snapshot
from tests.conftest import ROOT

DOCS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "experiments").rglob("*.md")),
]
TEXT = {
    # a command that goes on in the next line is one command
    str(file.relative_to(ROOT)): re.sub(r" *\\\n *", " ", file.read_text())
    for file in DOCS
}


@pytest.mark.parametrize("name", pages())
def test_a_generated_page_is_what_the_schema_says(name):
    written = (ROOT / "docs" / name).read_text()
    assert written == pages()[name], "run: python -m docs.generate"


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", file.read_text()):
        if not link.startswith("http"):
            assert (file.parent / link).exists(), link


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_every_page_is_reached_from_the_index(page):
    if page.name != "index.md":
        assert str(page.relative_to(ROOT / "docs")) in TEXT["docs/index.md"]


def test_the_site_s_navigation_is_the_index():
    index = TEXT["docs/index.md"]
    made = navigation(index)
    pages = re.findall(r"\]\(([^)#]+)\)", index)
    assert re.findall(r"^[^`:\n].*\.md$", made, re.MULTILINE) == pages
    rows = [line for line in index.splitlines() if line.startswith("| ")][1:]
    captions = re.findall(r":caption: (.*)", made)
    assert [one.lower() for one in captions] == [
        row.split(" | ")[0][2:] for row in rows
    ]


def test_every_option_metric_and_group_is_documented():
    assert all(
        f"`{name}`" in TEXT["docs/reference/options.md"]
        for name in Options.model_fields
    )
    assert all(f"`{name}`" in TEXT["docs/reference/scores.md"] for name in METRICS)
    groups = [path.name for path in (ROOT / "conf").iterdir() if path.is_dir()]
    assert all(
        f"`{name}`" in TEXT["docs/reference/configuration.md"] for name in groups
    )


def test_every_logged_name_is_documented(folder, ready, qexp):
    from mlflow import MlflowClient

    qexp(
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.measurement_error_mitigation=true",
        "options.rep_delay=0",
        "+options.run_config.memory=true",
        "tracking.pictures=all",
    )
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("ghz").experiment_id])
    page = TEXT["docs/reference/mlflow.md"]
    known = page + TEXT["docs/reference/scores.md"]
    for name in run.data.params:
        assert (
            name in Options.model_fields
            or name.startswith("circuit.")
            or f"`{name}`" in page
        )
    for name in run.data.metrics:
        plain = re.sub(r"^raw_|_(low|high|plugin|ideal)$", "", name)
        assert f"`{re.sub('_(low|high)$', '', plain)}`" in known, name
    for name in run.data.tags:
        if name.startswith("qexp.note."):
            name = "qexp.note.<metric>"
        assert not name.startswith("qexp.") or f"`{name}`" in page
    for file in client.list_artifacts(run.info.run_id):
        assert f"`{file.path}" in page, file.path


def test_the_tests_command_is_the_one_that_ci_runs():
    script = (ROOT / ".ci" / "run").read_text()
    (assignment,) = [
        line for line in script.splitlines() if line.startswith("command=")
    ]
    found = subprocess.run(
        ["bash", "-c", f'{assignment}; echo "$command"'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.strip() in TEXT["README.md"]
    assert found.strip().endswith(".venv-dev/bin/python -m pytest")


COMMANDS = sorted(
    {
        line.strip()
        for text in TEXT.values()
        for line in re.findall(r"^python -m qexp (.*)$", text, re.MULTILINE)
        if "http://" not in line and "optuna" not in line  # a test of its own
        if line.split()[0] not in {"emulator", "status", "recover", *VERBS}
        if "service=mine" not in line
    }
    | {
        line
        for file in (ROOT / "conf").glob("*/*.yaml")
        for line in re.findall(
            r"^# python -m qexp (.*)$", file.read_text(), re.MULTILINE
        )
        if "http://" not in line and file.parent.name != "backend"
    }
)


@pytest.mark.parametrize(
    "line",
    sorted(
        line.strip()
        for text in TEXT.values()
        for line in re.findall(r"^python -m qexp (.*)$", text, re.MULTILINE)
        if line.split()[0] in OF_A_SWEEP
    ),
)
def test_every_verb_about_a_sweep_is_understood(folder, qexp, line):
    import shlex

    finished = qexp(*shlex.split(line, comments=True))
    # what it takes is checked first, and then there is none
    assert "no workspace, so there is no sweep" in finished.err


@pytest.mark.parametrize(
    "line",
    re.findall(
        r"^python -m qexp (reproduce .*)$",
        TEXT["docs/how-to/reproduce.md"],
        re.MULTILINE,
    ),
)
def test_every_way_to_reproduce_is_understood(folder, qexp, line):
    # what it takes is checked first, and then there is no store
    said = qexp(*line.split()).err
    nothing = "no such file, so nothing was logged", "no MLflow server answers there"
    assert any(words in said for words in nothing)


def fetched(name):
    """Have a device be known here, as if its service had told of it just now."""
    told = snapshot("montreal", name)
    known.keep(known.Known(name, time.time(), *told))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_docs_composes(folder, qexp, command):
    import shlex

    if command == "--help":
        return
    quickstart = TEXT["docs/quickstart.md"].split("```yaml\n")[1].split("```")[0]
    device = TEXT["docs/how-to/devices.md"].split("```yaml\n")[1].split("```")[0]
    for place, text in {"experiment": quickstart, "backend": device}.items():
        (folder / "conf" / place).mkdir(parents=True)
        (folder / "conf" / place / "mine.yaml").write_text(text)
    own = TEXT["docs/how-to/experiment.md"]
    (folder / "lab.py").write_text(own.split("```python\n")[1].split("```")[0])
    (folder / "conf" / "circuit").mkdir()
    declared = own.split("```yaml\n")[1].split("```")[0]
    (folder / "conf" / "circuit" / "flips.yaml").write_text(declared)
    assert yaml.safe_load(quickstart)["name"] == "mine"
    fetched("ibm_torino")
    arguments = shlex.split(command)
    if "-m" in arguments and "plan" not in arguments:
        arguments = ["plan", *arguments]
    look = [] if "plan" in arguments else ["--cfg", "job"]
    finished = qexp(*arguments, *look)
    assert finished.status == 0, finished.err


def test_the_how_to_s_python_circuit_works(folder):
    page = TEXT["docs/how-to/circuits.md"]
    (folder / "mine.py").write_text(page.split("```python\n")[1].split("```")[0])
    code = "import mine; assert mine.make(3, depth=2).num_qubits == 3"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
