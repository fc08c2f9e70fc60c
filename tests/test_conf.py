"""Every YAML composes and says what the schema says."""

from __future__ import annotations

import pytest
import yaml
from hydra import compose, initialize_config_dir

from qexp.declare.config import Experiment, LocalService
from qexp.declare.options import Options
from qexp.declare.read import read
from qexp.declare.running import Tracking
from qexp.userconf import built_in

FILES = sorted(built_in().glob("*/*.yaml"))
DEVICES = [file.stem for file in FILES if file.parent.name == "backend"]

REQUIRED = {
    "circuit/qasm": ["circuit.files=some.qasm"],
    "experiment/qasm_suite": ["circuit.files=some.qasm"],
    "circuit/python": ["circuit.function=some.function"],
    "service/circuit_runner": ["service.url=https://example.org/api"],
}


def composed(*overrides: str) -> Experiment:
    with initialize_config_dir(str(built_in()), version_base="1.3"):
        return read(compose("qexp", list(overrides)))


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_every_file_composes(file):
    group = file.parent.name
    base = [] if group in ("experiment", "circuit") else ["circuit=ghz"]
    plus = "+" if group == "experiment" else ""
    further = REQUIRED.get(f"{group}/{file.stem}", [])
    experiment = composed(*base, f"{plus}{group}={file.stem}", *further)
    assert experiment.name


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_every_file_says_how_to_run_it(file):
    lines = file.read_text().splitlines()
    first = next(line for line in lines if "@package" not in line)
    assert first.startswith("# python -m qexp ")
    assert len(file.read_text().splitlines()) <= 20


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_s_yaml_has_its_own_name(name):
    content = yaml.safe_load((built_in() / "backend" / f"{name}.yaml").read_text())
    assert content["name"] == (None if name == "from_files" else name)


def test_the_yaml_s_defaults_are_the_schema_s():
    experiment = composed("circuit=ghz")
    assert experiment.options == Options()
    assert experiment.service == LocalService()
    assert experiment.tracking == Tracking()
    assert experiment.metrics == Experiment.model_fields["metrics"].default
    assert experiment.seed is None


def test_every_option_has_a_line_in_the_yaml():
    content = yaml.safe_load((built_in() / "options" / "default.yaml").read_text())
    assert list(content) == list(Options.model_fields)


def test_the_options_are_those_of_run_circuits_with_its_defaults():
    # AccountProvider.run_circuits of qiskit-ibmq-provider 0.20.2, but for the circuits,
    # the backend's name and **run_config
    reference = {
        "shots": None,
        "initial_layout": None,
        "layout_method": None,
        "routing_method": None,
        "translation_method": None,
        "seed_transpiler": None,
        "optimization_level": 1,
        "init_qubits": True,
        "rep_delay": None,
        "transpiler_options": None,
        "measurement_error_mitigation": False,
        "use_measure_esp": None,
    }
    ours = Options().model_dump(exclude={"run_config"})
    assert ours == reference | {"transpiler_options": {}}


def test_an_experiment_s_name_is_its_circuit_s_unless_it_has_one():
    assert composed("circuit=ghz").name == "ghz"
    assert composed("circuit=ghz", "name=mine").name == "mine"


def test_what_an_optimizer_may_be_told_is_what_is_measured():
    from qexp.declare.metric import COMPILE_METRICS
    from tests.test_docs import TEXT

    page = TEXT["docs/reference/mlflow.md"]
    assert all(f"`{name}`" in page for name in COMPILE_METRICS)
