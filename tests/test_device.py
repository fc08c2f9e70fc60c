"""Devices: terra's snapshots, files, and the ideal machine."""

from __future__ import annotations

import json
import os

import pytest
import yaml
from qiskit import transpile

from qexp.circuits.ghz import ghz
from qexp.declare.config import Backend
from qexp.declare.device import Declared
from qexp.devices.device import IDEAL, load, snapshot
from qexp.devices.snapshot import backend
from qexp.errors import ConfigError
from qexp.userconf import built_in

SHIPPED = {
    file.stem: Backend.model_validate(yaml.safe_load(file.read_text()))
    for file in sorted((built_in() / "backend").glob("*.yaml"))
    if file.stem != "from_files"
}

DEVICES = {k: v for k, v in SHIPPED.items() if v.snapshot or k == IDEAL}
"""Those that terra describes; the others are for their service to tell of."""


def test_nine_devices_of_today_have_a_yaml(folder):
    others = SHIPPED.keys() - DEVICES.keys()
    assert len(others) == 9
    for name in others:
        assert SHIPPED[name] == Backend(name=name)
        with pytest.raises(ConfigError, match=f"{name}: its configuration and cal"):
            load(SHIPPED[name])


def test_every_snapshot_that_terra_ships_has_a_yaml():
    import qiskit.providers.fake_provider.backends as shipped

    folders = {
        module for module in dir(shipped) if not module.startswith(("_", "Fake"))
    }
    devices = {folder for folder in folders if folder.islower()}
    assert devices == {one.snapshot for one in DEVICES.values() if one.snapshot}


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_loads_and_compiles(name):
    device = load(DEVICES[name])
    width = min(3, device.num_qubits)
    compiled = transpile(ghz(width, "linear"), backend(device), seed_transpiler=1)
    assert device.name == name
    assert width <= compiled.num_qubits <= device.num_qubits
    if device.dynamic_reprate:
        assert device.rep_delay_range is not None
        low, high = device.rep_delay_range
        assert low <= device.default_rep_delay <= high <= 1e-3


def test_montreal_is_what_its_snapshot_says():
    device = load(DEVICES["ibmq_montreal"])
    assert device.num_qubits == 27
    assert device.max_shots == 8192
    assert device.rep_delay_range == (0.0, 5e-4)
    assert device.default_rep_delay == 2.5e-4
    assert device.esp_available  # declared over the snapshot
    assert not device.esp_default  # the snapshot's own flag
    assert device.calibrated.startswith("2021-03-15")


def test_esp_is_where_the_snapshots_have_it():
    having = {name for name, one in DEVICES.items() if load(one).esp_available}
    assert having == {"ibm_cairo", "ibm_hanoi", "ibm_perth", "ibmq_montreal"}


def test_files_give_the_same_device_as_the_snapshot(tmp_path):
    configuration, properties = snapshot("montreal", "ibmq_montreal")
    (tmp_path / "conf.json").write_text(json.dumps(configuration))
    (tmp_path / "props.json").write_text(json.dumps(properties))
    files = Backend(
        configuration=str(tmp_path / "conf.json"),
        properties=str(tmp_path / "props.json"),
    )
    plain = Backend(name="ibmq_montreal", snapshot="montreal")
    assert load(files) == load(plain)
    assert load(files).digest == load(plain).digest


def test_the_digest_tells_calibrations_apart():
    plain = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    other = load(
        Backend(
            name="ibmq_montreal", snapshot="montreal", declared=Declared(max_shots=1)
        )
    )
    assert plain != other


def test_the_ideal_machine_has_no_calibration():
    device = load(DEVICES[IDEAL])
    assert device.properties is None
    assert device.rep_delay_range is None
    assert backend(device).properties() is None


def test_equal_sections_are_one_device():
    def section():
        declared = Declared(rep_delay_range=[0.0, 1e-4])
        return Backend(name="ibmq_montreal", snapshot="montreal", declared=declared)

    assert load(section()) is load(section())
    assert load(section()) is not load(Backend(snapshot="montreal"))


def test_files_are_read_again_when_they_have_changed(tmp_path):
    configuration, _ = snapshot("manila", "ibmq_manila")
    file = tmp_path / "c.json"
    file.write_text(json.dumps(configuration))
    section = Backend(configuration=str(file))
    first = load(section)
    assert load(section) is first
    file.write_text(json.dumps(configuration | {"max_shots": 17}))
    assert load(section).max_shots == 17


def test_the_same_name_in_another_folder_is_another_file(tmp_path, monkeypatch):
    configuration, _ = snapshot("manila", "ibmq_manila")
    for folder, name in (("one", "a"), ("two", "b")):
        (tmp_path / folder).mkdir()
        text = json.dumps(configuration | {"backend_name": name})
        (tmp_path / folder / "c.json").write_text(text)
        os.utime(tmp_path / folder / "c.json", ns=(1, 1))
        monkeypatch.chdir(tmp_path / folder)
        assert load(Backend(configuration="c.json")).name == name


@pytest.mark.parametrize(
    ("backend_", "words"),
    [
        (Backend(), "no device is chosen"),
        (Backend(snapshot="montral"), "terra ships no such snapshot"),
        (Backend(configuration="nowhere.json"), "No such file"),
    ],
)
def test_what_is_no_device_is_refused(backend_, words):
    with pytest.raises(ConfigError, match=words):
        load(backend_)


def test_a_file_that_is_no_configuration_is_refused(tmp_path):
    file = tmp_path / "conf.json"
    file.write_text("{")
    with pytest.raises(ConfigError, match="not JSON"):
        load(Backend(configuration=str(file)))
    file.write_text("[]")
    with pytest.raises(ConfigError, match="must hold a JSON object"):
        load(Backend(configuration=str(file)))
    file.write_text("{}")
    with pytest.raises(ConfigError, match="backend_name: Field required"):
        load(Backend(configuration=str(file)))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"n_qubits": "five"}, "n_qubits"),
        ({"n_qubits": 0}, "n_qubits"),
        ({"basis_gates": []}, "basis_gates"),
        ({"coupling_map": [[0, 99]]}, "coupling_map has qubit 99 of 5"),
        ({"coupling_map": "all"}, "coupling_map"),
        ({"max_shots": "lots"}, "max_shots"),
        ({"max_shots": -3}, "max_shots"),
        ({"dt": float("nan")}, "dt"),
        ({"backend_name": None}, "backend_name"),
        ({"default_rep_delay": "x"}, "default_rep_delay"),
    ],
)
def test_a_wrong_field_of_a_configuration_is_named(tmp_path, changes, word):
    configuration, _ = snapshot("manila", "ibmq_manila")
    (tmp_path / "c.json").write_text(json.dumps(configuration | changes))
    with pytest.raises(ConfigError, match=word):
        load(Backend(configuration=str(tmp_path / "c.json")))


def test_the_calibration_of_another_device_is_refused(tmp_path):
    configuration, _ = snapshot("manila", "ibmq_manila")
    _, properties = snapshot("montreal", "ibmq_montreal")
    (tmp_path / "c.json").write_text(json.dumps(configuration))
    (tmp_path / "p.json").write_text(json.dumps(properties))
    files = {
        key: str(tmp_path / f"{key[0]}.json") for key in ("configuration", "properties")
    }
    with pytest.raises(ConfigError, match="has 27 qubits, the configuration has 5"):
        load(Backend(**files))
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(ConfigError, match="not a device's properties"):
        load(Backend(**files))
