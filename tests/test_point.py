"""Identity: equal where the physics is, golden across processes and versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qexp import circuits
from qexp.declare.config import (
    Backend,
    Experiment,
    GhzCircuit,
    LocalService,
    PythonCircuit,
)
from qexp.declare.options import Options
from qexp.declare.twin import VERSION, Twin
from qexp.devices.device import load
from qexp.planning.cell import make_point
from qexp.planning.point import Point
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "ids.json"

MONTREAL = Backend(name="ibmq_montreal", snapshot="montreal")


def declared(circuit=None, options=None, backend=MONTREAL, **rest):
    return Experiment(
        name=rest.pop("name", "golden"),
        circuit=circuit or GhzCircuit(),
        backend=backend,
        options=options or Options(),
        **rest,
    )


CASES = {
    "ghz-5 on montreal": declared(),
    "ghz-3 star, no noise": declared(
        GhzCircuit(num_qubits=3, variant="star"), service=LocalService(noise="ideal")
    ),
    "ghz-5, Aer's noise": declared(service=LocalService(noise="aer")),
    "all options": declared(
        options=Options(
            shots=100,
            initial_layout={0: 1, 1: 2, 2: 3, 3: 5, 4: 8},
            layout_method="dense",
            routing_method="basic",
            translation_method="synthesis",
            seed_transpiler=0,
            optimization_level=0,
            init_qubits=False,
            rep_delay=0.0,
            transpiler_options={"approximation_degree": 0.9},
            measurement_error_mitigation=True,
            use_measure_esp=True,
            run_config={"seed_simulator": 0, "memory": True},
        )
    ),
    "the ideal machine": declared(backend=Backend(name="aer_ideal")),
}


def point_of(experiment: Experiment) -> Point:
    built = circuits.build(experiment.circuit)
    return make_point(experiment, load(experiment.backend), built)


def ids() -> dict[str, str]:
    return {name: point_of(experiment).id for name, experiment in CASES.items()}


def test_ids_are_the_golden_ones():
    assert ids() == json.loads(GOLDEN.read_text())


def test_ids_are_the_same_in_another_process():
    code = "import json; from tests.test_point import ids; print(json.dumps(ids()))"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(printed.stdout) == json.loads(GOLDEN.read_text())


def test_the_ladder_s_first_rung():
    identity = point_of(declared()).identity
    assert identity["circuit"]["num_qubits"] == 5
    assert identity["backend"] == "ibmq_montreal"
    assert identity["options"]["rep_delay"] == 2.5e-4  # the device's default, resolved
    assert identity["options"]["seed_transpiler"] is None  # drawn: not of the identity
    service = identity["service"]
    assert (service["kind"], service["noise"]) == ("local", "device")
    assert service["twin"]["version"] == VERSION
    assert service["twin"]["eta"] == 0.55


SAME = {
    "name": declared(name="another"),
    "metrics": declared(metrics=["success_probability"]),
    "seed": declared(seed=7),
    "default shots, written out": declared(options=Options(shots=4000)),
    "default delay, written out": declared(options=Options(rep_delay=2.5e-4)),
    "device's ESP flag, written out": declared(options=Options(use_measure_esp=False)),
    "level null": declared(options=Options(optimization_level=None)),
    "threads": declared(options=Options(run_config={"max_parallel_threads": 1})),
    "memory": declared(options=Options(run_config={"memory": True})),
    "what ESP override allows": declared(
        service=LocalService(twin=Twin(esp_override=True))
    ),
}


@pytest.mark.parametrize("experiment", SAME.values(), ids=SAME.keys())
def test_what_does_not_change_the_physics_is_outside(experiment):
    assert point_of(experiment).id == point_of(declared()).id


def test_a_layout_as_list_or_mapping_is_the_same():
    as_list = declared(options=Options(initial_layout=[3, 5, 8, 11, 14]))
    mapping = {4: 14, 0: 3, 2: 8, 1: 5, 3: 11}
    as_mapping = declared(options=Options(initial_layout=mapping))
    assert point_of(as_list).id == point_of(as_mapping).id


OTHER = {
    "shots": Options(shots=1),
    "seed_transpiler 0": Options(seed_transpiler=0),
    "rep_delay 0": Options(rep_delay=0.0),
    "init_qubits": Options(init_qubits=False),
    "run_config": Options(run_config={"seed_simulator": 0}),
    "esp": Options(use_measure_esp=True),
}


@pytest.mark.parametrize("options", OTHER.values(), ids=OTHER.keys())
def test_every_option_is_inside(options):
    assert point_of(declared(options=options)).id != point_of(declared()).id


@pytest.mark.parametrize(
    "changed",
    [{"eta": 0.5}, {"engine": "exact"}, {"m3_calibration": "service"}],
    ids=str,
)
def test_parameters_of_the_twin_are_inside_where_it_simulates(changed):
    ids = {
        noise: [
            point_of(declared(service=LocalService(noise=noise, twin=twin))).id
            for twin in (Twin(), Twin(**changed))
        ]
        for noise in ("device", "aer")
    }
    assert len(set(ids["device"])) == 2
    assert len(set(ids["aer"])) == 1


def test_a_declared_field_of_the_device_is_inside():
    plain = Backend(name="ibmq_montreal", snapshot="montreal")
    changed = plain.model_copy(
        update={"declared": plain.declared.model_copy(update={"max_shots": 10000})}
    )
    assert (
        point_of(declared(backend=plain)).id != point_of(declared(backend=changed)).id
    )


MODULE = """
from qiskit import QuantumCircuit
def make(angle, name):
    circuit = QuantumCircuit(1, 1, name=name)
    circuit.rx(angle, 0)
    circuit.measure(0, 0)
    return circuit
"""


@pytest.fixture
def user_module(folder, monkeypatch):
    (folder / "identity_circuits.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    return "identity_circuits.make"


def test_a_python_circuit_is_its_gates_not_its_name(user_module):
    def made(angle, name):
        arguments = {"angle": angle, "name": name}
        return point_of(
            declared(PythonCircuit(function=user_module, arguments=arguments))
        )

    assert made(0.5, "a").id == made(0.5, "b").id
    assert made(0.5, "a").id != made(0.5 + 1e-9, "a").id
    # the last digit is the processor's (tests/test_processors.py)
    assert made(0.5, "a").id == made(0.5 + 1e-15, "a").id


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8000), st.sampled_from([0.0, 1e-5, 5e-4]), st.booleans())
def test_ids_differ_where_any_option_does(shots, delay, mitigate):
    options = Options(
        shots=shots, rep_delay=delay, measurement_error_mitigation=mitigate
    )
    other = options.model_copy(update={"shots": shots + 1})
    assert (
        point_of(declared(options=options)).id != point_of(declared(options=other)).id
    )


def test_a_sample_is_named_alike_on_every_service_and_device_file():
    one, other = declared(), declared(service=LocalService(noise="ideal"))
    assert point_of(one).id != point_of(other).id
    assert point_of(one).sample == point_of(other).sample
    assert point_of(declared(options=Options(shots=1))).sample != point_of(one).sample
    assert point_of(one).circuit_name(2) == f"{point_of(one).sample}-2"
