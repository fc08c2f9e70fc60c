"""The form in which inputs travel."""

from __future__ import annotations

import base64
import io
import json
import zlib

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Delay

from qexp.circuits.delays import in_dt, units
from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from qexp.errors import ConfigError
from qexp.services.compiling import compile_for
from qexp.services.wire import encode, packed, with_methods
from tests.embedded import ghz


def unpacked(text):
    return zlib.decompress(base64.b64decode(text))


def test_a_circuit_is_qpy():
    (circuit,) = ghz().circuits
    sent = encode({"circuits": [circuit]})["circuits"][0]
    assert sent["__type__"] == "QuantumCircuit"
    (back,) = qpy.load(io.BytesIO(unpacked(sent["__value__"])))
    assert back == circuit
    assert back.name == circuit.name


def test_a_unit_that_would_be_lost_is_refused():
    circuit = QuantumCircuit(1, 1, name="waits")
    circuit.delay(2, 0, unit="us")
    with pytest.raises(ConfigError, match="waits: a delay in us would be read as"):
        packed(circuit)
    (back,) = qpy.load(io.BytesIO(unpacked(packed(in_dt(circuit, 1e-9)))))
    assert back.data[0].operation == Delay(2000, "dt")


def test_delays_are_in_dt_as_the_compiler_makes_them():
    circuit = QuantumCircuit(1, 1)
    circuit.delay(1.5, 0, unit="us")
    with circuit.if_test((0, True)):
        circuit.delay(300, 0, unit="ns")
    circuit.delay(7, 0)
    circuit.measure(0, 0)
    made = in_dt(circuit, 2e-9)
    assert list(units(made)) == ["dt"] * 3
    assert made.data[0].operation.duration == 750
    assert made.data[1].operation.blocks[0].data[0].operation.duration == 150
    assert made.data[2].operation.duration == 7
    assert in_dt(made, None) is made
    with pytest.raises(ConfigError, match="delays in ns, us cannot be sent"):
        in_dt(circuit, None)
    device = load(Backend(snapshot="manila"))
    plain = QuantumCircuit(1, 1)
    plain.delay(1.5, 0, unit="us")
    plain.measure(0, 0)
    level = {"optimization_level": 0}
    once = compile_for(backend(device), plain, level).circuit
    sent = compile_for(backend(device), in_dt(plain, device.dt), level).circuit
    assert once.data[0].operation == sent.data[0].operation


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (0, 0),
        (False, False),
        (None, None),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        ((1, 2), [1, 2]),
        ({1: 2}, {"1": 2}),
        (1 + 2j, {"__type__": "complex", "__value__": [1.0, 2.0]}),
        ({3}, {"__type__": "set", "__value__": [3]}),
    ],
)
def test_plain_and_numpy_s_values(value, sent):
    found = encode(value)
    assert found == sent
    assert type(found) is type(sent)
    json.dumps(found, allow_nan=False)


def test_arrays():
    sent = encode(np.array([[1.5, 2.0]]))
    assert sent["__type__"] == "ndarray"
    back = np.load(io.BytesIO(unpacked(sent["__value__"])), allow_pickle=False)
    assert back.tolist() == [[1.5, 2.0]]
    assert encode(np.array([1, "a"], dtype=object)) == [1, "a"]


@pytest.mark.parametrize(
    "value", [float("nan"), np.float64("inf"), complex(0, float("nan")), object()]
)
def test_what_cannot_be_sent_is_refused_by_its_name(value):
    with pytest.raises(ConfigError, match=r"inputs\.a\[1\]"):
        encode({"a": [0, value]})
    if type(value) is not object:
        with pytest.raises(ConfigError, match=r"inputs\.a"):
            encode({"a": np.array([value])})


def test_an_angle_that_is_no_number_is_refused():
    circuit = QuantumCircuit(1, name="odd")
    circuit.append(QuantumCircuit(1).to_instruction(), [0])
    circuit.rx(0.1, 0)
    circuit.data[1].operation.params[0] = float("nan")
    with pytest.raises(ConfigError, match="odd: rx"):
        packed(circuit)


def test_methods_stand_in_the_transpiler_options_as_well():
    inputs = {"layout_method": "dense", "routing_method": None, "shots": 0}
    assert with_methods(inputs) == {
        **inputs,
        "transpiler_options": {"layout_method": "dense"},
    }
    assert with_methods({"shots": 0}) == {"shots": 0}
    both = {**inputs, "transpiler_options": {"layout_method": "dense", "dt": 1}}
    assert with_methods(both) == both
    both["transpiler_options"]["layout_method"] = "sabre"
    with pytest.raises(ConfigError, match=r"layout_method = sabre.*is dense"):
        with_methods(both)
