"""Today's devices as terra reads them: every quirk on a small one, and nine real ones."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.providers.backend_compat import convert_to_target

from qexp.circuits import build
from qexp.declare.config import Backend, GhzCircuit
from qexp.devices import current, known
from qexp.devices.device import Device, load
from qexp.devices.known import Known
from qexp.devices.served import _snapshots
from qexp.devices.snapshot import backend
from qexp.errors import ConfigError

RELEASE = "qiskit-ibm-runtime==0.51.0"
NINE = (
    "aachen torino fez boston nighthawk marrakesh miami berlin brisbane"  # its newest
).split()

PAIRS = [[0, 1], [1, 0], [1, 2], [2, 1]]


def quirky() -> tuple[dict, dict]:
    """Three qubits in a line with all that the service does and terra does not expect."""
    singles = ["id", "rz", "sx", "x", "rx", "reset", "reset_2", "measure", "measure_2"]
    pairs = ["cz", "rzz"]
    configuration = {
        "backend_name": "ibm_quirky",
        "n_qubits": 3,
        "basis_gates": ["cz", "id", "rx", "rz", "rzz", "sx", "x"],
        "gates": [
            *({"name": n, "parameters": [], "qasm_def": ""} for n in (*singles, *pairs))
        ],
        "supported_instructions": [
            "cz", "delay", "if_else", "measure", "measure_2", "rx", "rzz", "store",
        ],
        "coupling_map": PAIRS,
        "open_pulse": True,
        "hamiltonian": {},
        "meas_levels": None,
        "clops": {"type": "hardware", "value": None},
        "clops_h": None,
        "quantum_volume": None,
        "max_shots": None,
        "dt": 4.0,
        "dynamic_reprate_enabled": True,
        "rep_delay_range": [0.0, 500.0],
        "default_rep_delay": 250.0,
        "processor_type": {"family": "Heron", "revision": 3},
    }  # fmt: skip
    date = "2026-11-26T08:00:00Z"

    def value(name: str, number: float, unit: str = "") -> dict:
        return {"date": date, "name": name, "unit": unit, "value": number}

    def gate(name: str, qubits: list[int]) -> dict:
        length = value("gate_length", 60, "ns")
        return {
            "gate": name,
            "name": f"{name}{'_'.join(map(str, qubits))}",
            "qubits": qubits,
            "parameters": [value("gate_error", 1e-3), length],
        }

    properties = {
        "backend_name": "ibm_quirky",
        "backend_version": "1.0.0",
        "last_update_date": date,
        "qubits": [
            [
                value("T1", 200, "us"),
                value("T2", 150, "us"),
                value("readout_error", 0.02),
                value("prob_meas0_prep1", 0.03),
                value("prob_meas1_prep0", 0.01),
                value("readout_length", 1500, "ns"),
            ]
        ]
        * 3,
        "gates": [
            *(gate(name, [qubit]) for name in singles for qubit in range(3)),
            *(gate(name, pair) for name in pairs for pair in PAIRS),
        ],
        "general": [],
        "general_qlists": [],
    }
    return configuration, properties


@pytest.fixture
def told(folder):
    """A device that a service has told of."""
    known.keep(Known("ibm_quirky", 0.0, *quirky()))
    return load(Backend(name="ibm_quirky"))


def test_every_quirk_is_smoothed(told):
    configuration, properties = told.configuration, told.properties
    assert configuration["basis_gates"] == ["cz", "id", "rz", "sx", "x", "if_else"]
    names = [one["name"] for one in configuration["gates"]]
    assert names == ["id", "rz", "sx", "x", "reset", "cz"]
    assert {one["gate"] for one in properties["gates"]} == {*names}
    assert not {"rx", "rzz"} & set(configuration["supported_instructions"])
    assert (told.max_shots, configuration["open_pulse"]) == (100_000, False)
    assert configuration["simulator"] is False
    assert told.calibrated == "2026-11-26T08:00:00Z"
    assert told.rep_delay_range == (0.0, 500e-6)


def test_terra_compiles_for_it(told):
    machine = backend(told)
    target = convert_to_target(machine.configuration(), machine.properties(), None)
    assert target.num_qubits == 3
    assert target["measure"][(0,)].error == 0.02
    circuit = QuantumCircuit(2, 2)
    circuit.rx(0.3, 0)
    circuit.rzz(0.2, 0, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    made = transpile(circuit, machine, optimization_level=1)
    assert set(made.count_ops()) <= {"cz", "rz", "sx", "x", "measure", "if_else"}
    assert "gate " not in qasm3.dumps(made)  # no definition of a gate that has none


def test_without_these_rules_terra_would_not():
    """Each of them is needed."""
    configuration, properties = quirky()
    lacking = Device(
        "ibm_quirky", {**configuration, "open_pulse": False}, properties, {}
    )
    with pytest.raises(Exception, match="backend_version"):
        backend(lacking)
    whole = {**current.DEFAULTS, **configuration, "max_shots": 1}
    with pytest.raises(KeyError, match="u_channel_lo"):
        backend(Device("ibm_quirky", whole, properties, {}))
    whole["open_pulse"] = False
    machine = backend(Device("ibm_quirky", whole, properties, {}))
    with pytest.raises(Exception, match=r"reset_2|measure"):
        convert_to_target(machine.configuration(), machine.properties(), None)


def test_older_devices_are_as_they_were():
    """What terra ships, served from files, has the digest that it has always had."""
    files = sorted(_snapshots().glob("*/conf_*.json"))
    assert len(files) > 40
    for file in files:
        configuration = json.loads(file.read_text())
        made = current.configuration(configuration)
        if file.parent.name == "sherbrooke":  # it takes control flow, and says so
            assert set(made.pop("basis_gates")) > set(configuration.pop("basis_gates"))
        assert made == configuration, file
        calibration = file.with_name(f"props_{file.parent.name}.json")
        if calibration.exists():
            served = json.loads(calibration.read_text())
            basis = configuration.get("basis_gates", [])
            assert current.properties(served, basis) == served


def test_files_of_today_are_read_as_well(folder):
    for name, content in zip(("conf.json", "props.json"), quirky(), strict=True):
        Path(name).write_text(json.dumps(content))
    device = load(Backend(configuration="conf.json", properties="props.json"))
    assert device.name == "ibm_quirky"
    assert backend(device).configuration().n_qubits == 3


# -- what is kept in the workspace


def test_what_a_service_tells_replaces_what_it_told(told):
    configuration, properties = quirky()
    properties["last_update_date"] = "2026-11-27T08:00:00Z"
    known.keep(Known("ibm_quirky", 1.0, configuration, properties))
    assert load(Backend(name="ibm_quirky")).calibrated == "2026-11-27T08:00:00Z"


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "a\nb"])
def test_no_name_leads_out_of_the_folder(folder, name):
    assert known.file_of(name) is None
    known.keep(Known(name, 0.0, {}, None))
    assert list(folder.rglob("*.json")) == []
    assert known.known(name) is None


def test_what_is_damaged_is_not_known(folder):
    known.keep(Known("ibm_quirky", 0.0, *quirky()))
    file = known.file_of("ibm_quirky")
    for content in ("", "[]", "{}", '{"fetched": 1}'):
        file.write_text(content)
        assert known.known("ibm_quirky") is None
    known.keep_list(
        [{"name": "ibm_b"}, {"name": "../evil"}, {"name": 3}, {"name": "a"}]
    )
    assert known.names() == ["a", "ibm_b"]


def test_a_device_that_was_never_told_of_is_an_error(folder):
    with pytest.raises(
        ConfigError, match=r"ibmq_montrela: .*Did you mean ibmq_montreal"
    ):
        load(Backend(name="ibmq_montrela"))
    with pytest.raises(ConfigError, match="not been asked in this workspace"):
        load(Backend(name="ibm_torino"))


# -- the devices of today


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The snapshots that the official client ships: other people's data, fetched."""
    folder = tmp_path_factory.mktemp("client")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", RELEASE]
    subprocess.run([*command, "-d", str(folder)], check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder / "qiskit_ibm_runtime" / "fake_provider" / "backends"


@pytest.mark.long
@pytest.mark.parametrize("name", NINE)
def test_a_device_of_today_compiles_a_ghz_state(shipped, name):
    there = shipped / name
    device = load(
        Backend(
            configuration=str(there / f"conf_{name}.json"),
            properties=str(there / f"props_{name}.json"),
        )
    )
    machine = backend(device)
    target = convert_to_target(machine.configuration(), machine.properties(), None)
    assert target.num_qubits == device.num_qubits >= 120
    (declared,) = build(GhzCircuit(num_qubits=8)).circuits
    for level in (0, 1, 3):
        made = transpile(declared, machine, optimization_level=level, seed_transpiler=1)
        used = {*made.count_ops()} - {"measure", "barrier"}
        assert used <= {*device.configuration["basis_gates"]}
        coupled = {tuple(pair) for pair in device.configuration["coupling_map"]}
        for instruction in made.data:
            places = tuple(made.find_bit(qubit).index for qubit in instruction.qubits)
            if len(places) == 2 and instruction.operation.name != "barrier":
                assert places in coupled
        assert qasm3.dumps(made).startswith("OPENQASM 3")
