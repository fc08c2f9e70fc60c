"""The studies: what they declare, what their pages say, and that their commands run."""

from __future__ import annotations

import re
import subprocess
import sys

import pandas as pd
import pytest

from experiments.ghz_montreal import tree
from experiments.study import filled
from tests.conftest import ROOT

STUDIES = sorted(path.parent for path in ROOT.glob("experiments/*/__main__.py"))
NAMES = [study.name for study in STUDIES]
NUMBER = re.compile(r"\d+\.\d{2,}")


def test_the_yaml_of_the_trees_is_what_the_couplings_say():
    assert tree.FILE.read_text() == tree.declared()


@pytest.mark.parametrize("size", tree.SIZES)
def test_a_tree_grows_along_couplings(size):
    near = tree.couplings()
    edges = tree.tree(near, size)
    reached = {edges[0][0]}
    for control, target in edges:
        assert control in reached
        assert target in near[control]
        assert target not in reached
        reached.add(target)
    assert len(reached) == size


def test_a_control_serves_the_longest_branch_first():
    # 0 - 1, and 0 - 2 - 3 - 4: the long branch first makes three layers, else four
    near = {0: [1, 2], 1: [0], 2: [0, 3], 3: [2, 4], 4: [3]}
    found = tree._ordered(tree._breadth_first(near, 0, 5))
    assert found[0] == (0, 2)
    assert tree.layers(found) == 3
    assert tree.layers([(0, 1), (0, 2), (2, 3), (3, 4)]) == 4


@pytest.mark.parametrize("study", STUDIES, ids=NAMES)
def test_a_page_has_the_tables_that_the_command_wrote(study):
    page = (study / "README.md").read_text()
    tables = sorted((study / "figures").glob("*.csv"))
    assert tables
    for table in tables:
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        assert filled(page, table.stem, frame) == page
    for picture in (study / "figures").glob("*.png"):
        assert f"(figures/{picture.name})" in page


def known(study):
    """All numbers that a study's command wrote, or that it declares."""
    files = [study / "__main__.py", *(study / "figures").glob("*.csv")]
    files += (study / "conf").rglob("*.yaml")
    return {number for file in files for number in NUMBER.findall(file.read_text())}


def said(page):
    prose = re.sub(r"arXiv:\S+|https?://\S+", "", page.read_text())
    return set(NUMBER.findall(prose))


@pytest.mark.parametrize("study", STUDIES, ids=NAMES)
def test_a_page_has_no_number_that_was_not_measured_or_declared(study):
    assert said(study / "README.md") <= known(study)


def test_nor_has_the_page_of_all_studies():
    page = ROOT / "experiments" / "README.md"
    assert said(page) <= set().union(*map(known, STUDIES))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_all_studies_has_each(name):
    page = (ROOT / "experiments" / "README.md").read_text()
    assert f"({name}/README.md)" in page
    assert f"python -m experiments.{name}\n" in page
    own = (ROOT / "experiments" / name / "README.md").read_text()
    assert f"```bash\npython -m experiments.{name}\n```" in own


@pytest.mark.long
@pytest.mark.parametrize("study", STUDIES, ids=NAMES)
def test_its_command_writes_all_its_figures(study, tmp_path):
    command = [sys.executable, "-m", f"experiments.{study.name}", "--small"]
    subprocess.run([*command, "--out", str(tmp_path)], cwd=ROOT, check=True)
    written = {path.name for path in (study / "figures").iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == written
    for table in tmp_path.glob("*.csv"):
        declared = pd.read_csv(study / "figures" / table.name, dtype=str)
        assert list(pd.read_csv(table, dtype=str)) == list(declared)
