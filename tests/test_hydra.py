"""qexp and Hydra: strangers stay unharmed, and an installed wheel takes one's own YAML."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Finished, qexp_process

STRANGER = """
import hydra
from omegaconf import OmegaConf

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    print(OmegaConf.to_yaml(cfg))

main()
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


FOREIGN = {
    "app.py": STRANGER,
    "conf/config.yaml": "defaults: [{backend: theirs}]\nforeign: true\n",
    "conf/qexp.yaml": "foreign: true\n",
    "conf/backend/theirs.yaml": "theirs: 1\n",
    "conf/model/big.yaml": "layers: 3\n",
}


def test_a_foreign_application_is_unharmed(folder):
    write(folder, FOREIGN)
    command = [sys.executable, "app.py", "hydra.run.dir=.", "hydra.output_subdir=null"]
    printed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == ["backend:", "theirs:", "1", "foreign:", "true"]
    refused = subprocess.run(
        [*command, "backend=ibmq_montreal"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "Could not find 'backend/ibmq_montreal'" in refused.stderr


def test_a_foreign_conf_does_not_replace_the_primary_config(folder, qexp):
    write(folder, FOREIGN)
    finished = qexp("+experiment=ghz", "backend=ibmq_montreal", "--cfg", "job")
    assert finished.status == 0, finished.err
    assert "foreign" not in finished.out
    assert "name: ibmq_montreal" in finished.out
    assert finished.err == "note: ./conf is searched first, for: backend\n"


def test_a_conf_without_our_groups_is_not_worth_a_line(folder, qexp):
    write(folder, {"conf/config.yaml": "a: 1\n", "conf/model/big.yaml": "b: 1\n"})
    finished = qexp("+experiment=ghz", "backend=ibmq_montreal", "--cfg", "job")
    assert finished.status == 0
    assert finished.err == ""


MINE = """
# @package _global_
defaults:
  - override /circuit: ghz
  - override /backend: ibmq_manila

name: mine
circuit:
  num_qubits: 3
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel holds, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([sys.executable, *build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    install = ["-m", "pip", "install", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    return target


def test_the_wheel_alone_runs_an_experiment_of_one_s_own(folder, installed):
    write(folder, {"conf/experiment/mine.yaml": MINE})
    where = "import qexp, sys; print(qexp.__file__, file=sys.stderr)"
    environment = os.environ | {"PYTHONPATH": str(installed)}
    found = subprocess.run(
        [sys.executable, "-c", where],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in found.stderr
    finished: Finished = qexp_process(
        "+experiment=mine", "--cfg", "job", cwd=folder, PYTHONPATH=str(installed)
    )
    assert finished.status == 0, finished.err
    assert "name: mine" in finished.out
    assert "num_qubits: 3" in finished.out
    assert "note: ./conf is searched first, for: experiment" in finished.err
    helped = qexp_process("--help", cwd=folder, PYTHONPATH=str(installed))
    assert "ibmq_montreal" in helped.out


def test_one_s_own_yaml_can_extend_a_built_in_one(folder, qexp):
    mine = "defaults: [ibmq_montreal]\ndeclared: {max_shots: 20000}\n"
    write(folder, {"conf/backend/mine.yaml": mine})
    finished = qexp("+experiment=ghz", "backend=mine", "--cfg", "job")
    assert finished.status == 0, finished.err
    assert "max_shots: 20000" in finished.out
    assert "snapshot: montreal" in finished.out


def test_experiment_needs_no_plus(folder, qexp):
    with_plus = qexp("+experiment=ghz", "backend=ibmq_montreal", "--cfg", "job")
    without = qexp("experiment=ghz", "backend=ibmq_montreal", "--cfg", "job")
    assert without.status == 0
    assert without.out == with_plus.out


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("options.run_config={memory:true}", "memory: true"),
        ("options.run_config.seed_simulator=7", "seed_simulator: 7"),
        ("options.transpiler_options.dt=1e-9", "dt: 1.0e-09"),
        ("backend.declared.max_shots=20000", "max_shots: 20000"),
    ],
)
def test_a_mapping_that_is_open_needs_no_plus(folder, qexp, given, shown):
    chosen = ("experiment=ghz", "backend=ibmq_montreal")
    finished = qexp(*chosen, given, "--cfg", "job")
    assert finished.status == 0, finished.err
    assert shown in finished.out
    assert qexp(*chosen, f"++{given}", "--cfg", "job").out == finished.out


def test_a_key_of_an_open_mapping_is_swept_without_a_plus(folder, qexp):
    chosen = ("-m", "experiment=ghz", "backend=ibmq_montreal")
    finished = qexp("plan", *chosen, "options.run_config.seed_simulator=1,2")
    assert finished.status == 0, finished.err
    assert "2 points" in finished.out


def test_hydra_s_own_flags_and_overrides_work(folder, qexp):
    assert "--hydra-help" in qexp("--hydra-help").out
    shown = qexp("+experiment=ghz", "backend=ibmq_manila", "--info", "searchpath")
    assert shown.status == 0
    with_folder = qexp(
        "+experiment=ghz",
        "backend=ibmq_manila",
        "options.shots=9999",
        "hydra.run.dir=hydra-was-here",
        "hydra.output_subdir=.hydra",
    )
    assert with_folder.status == 2
    assert (folder / "hydra-was-here" / ".hydra" / "overrides.yaml").exists()


def test_the_pages_that_need_nothing_import_nothing(folder):
    code = (
        "import sys, runpy; sys.argv = ['qexp', '--help']\n"
        "try: runpy.run_module('qexp', run_name='__main__')\n"
        "except SystemExit as left: assert left.code == 0\n"
        "heavy = {'hydra', 'omegaconf', 'pydantic', 'qiskit', 'mlflow', 'rich', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def test_help_lists_every_choice(folder):
    page = qexp_process("--help", cwd=folder).out
    files = (ROOT / "conf").glob("*/*.yaml")
    assert all(file.stem in page for file in files)
    assert qexp_process(cwd=folder).out == page


def test_the_version_is_printed(folder):
    import qexp as package

    assert qexp_process("--version", cwd=folder).out == f"qexp {package.__version__}\n"
