"""Devices of today's platform as choices of `backend`: asked for, kept, and refreshed."""

from __future__ import annotations

import json
import time

import pytest

from qexp.declare.config import Backend
from qexp.devices import known
from qexp.devices.device import load
from qexp.services.ibm import catalogue
from tests.platforming import CRN
from tests.services.fake import HOST, Clock, http_to, never_connected
from tests.services.platform import API, KEY, Platform
from tests.test_current_devices import quirky

PLAN = [
    "plan",
    "+experiment=ghz",
    "circuit.num_qubits=3",
    "service=ibm_quantum",
    f"service.url={API}",
    f"service.iam_url={HOST}",
]


class Today(Platform):
    """A platform with a device that nobody has a YAML of."""

    def __init__(self):
        super().__init__()
        self.date = "2026-11-26T08:00:00Z"
        new = {"name": "ibm_quirky", "status": {"name": "online"}, "qubits": 3}
        self.devices.append({**new, "queue_length": 0})

    def _device(self, path, query):
        configuration, properties = quirky()
        if "ibm_quirky" not in path:
            return super()._device(path, query)
        if path.endswith("configuration"):
            return 200, configuration
        return 200, {**properties, "last_update_date": self.date}


@pytest.fixture
def platform(monkeypatch, folder):
    """Every connection goes to it."""
    found = Today()
    monkeypatch.setenv("QEXP_IBM_API_KEY", KEY)
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
    monkeypatch.setattr(catalogue, "Http", lambda timeout: http_to(found, Clock()))
    return found


def test_a_device_without_yaml_is_asked_for(qexp, platform):
    finished = qexp(*PLAN, "backend=ibm_quirky")
    assert finished.status == 0, finished.err
    assert "on ibm_quirky" in finished.out
    assert load(Backend(name="ibm_quirky")).calibrated == platform.date


def test_it_is_a_choice_from_then_on_for_any_service(qexp, platform, monkeypatch):
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    monkeypatch.delenv("QEXP_IBM_API_KEY")
    asked = len(platform.requests)
    finished = qexp("plan", "+experiment=ghz", "circuit=ghz", "backend=ibm_quirky",
                    "circuit.num_qubits=2")  # fmt: skip
    assert finished.status == 0, finished.err
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    assert len(platform.requests) == asked


def test_devices_of_a_sweep_and_of_a_grid(qexp, platform):
    platform.devices.append({**platform.devices[-1], "name": "ibm_quirky_2"})
    finished = qexp(*PLAN, "-m", "backend=ibm_quirky,ibm_quirky_2")
    assert finished.status == 0, finished.err
    assert "2 devices" in finished.out
    finished = qexp(*PLAN, "grid={backend:[ibm_quirky_2,ibmq_montreal]}")
    assert finished.status == 0, finished.err
    assert "2 devices" in finished.out


def test_a_description_is_refreshed_after_an_hour(qexp, platform, monkeypatch):
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    platform.date = "2026-11-26T09:00:00Z"
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    assert load(Backend(name="ibm_quirky")).calibrated == "2026-11-26T08:00:00Z"
    _age(3700)
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    assert load(Backend(name="ibm_quirky")).calibrated == "2026-11-26T09:00:00Z"


def test_an_older_one_does_while_nobody_answers(qexp, platform):
    assert qexp(*PLAN, "backend=ibm_quirky").status == 0
    _age(3700)
    platform.fail("POST", "/identity/token", *[never_connected() for _ in range(20)])
    finished = qexp(*PLAN, "backend=ibm_quirky")
    assert finished.status == 0
    assert "ibm_quirky: as known from earlier, because of" in finished.err


def _age(seconds):
    file = known.file_of("ibm_quirky")
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "fetched": time.time() - seconds}))


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("ibm_quirkey", 2, "the instance has no such device. Did you mean ibm_quirky"),
        ("ibm_torino", 2, "the instance has no such device."),
        ("ibm_asleep", 1, "the device is offline (maintenance)"),
    ],
)
def test_a_device_that_is_not_there_or_offline(qexp, platform, name, status, told):
    finished = qexp(*PLAN, f"backend={name}")
    assert finished.status == status
    assert f"backend.name = {name}: {told}" in finished.err


def test_another_service_is_not_asked(qexp, platform):
    finished = qexp("plan", "+experiment=ghz", "backend=ibm_quirky")
    assert finished.status == 2
    assert "backend = ibm_quirky: no such choice." in finished.err
    assert platform.requests == []


def test_python_s_door_asks_as_well(platform, monkeypatch):
    from qiskit import QuantumCircuit

    from qexp.door import circuits

    def connect(service, witness):
        raise RuntimeError("it would be sent now")

    monkeypatch.setattr(circuits, "connect", connect)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    section = {"kind": "ibm_quantum", "url": API, "iam_url": HOST}
    with pytest.raises(RuntimeError, match="sent now"):
        circuits.run_circuits(circuit, "ibm_quirky", service=section)
    assert known.known("ibm_quirky") is not None
