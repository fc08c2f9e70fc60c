"""Results of the sampler in both of their forms, and what is none."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc
import zlib

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit

from qexp.devices.snapshot import backend
from qexp.errors import PointFailed, ServiceError
from qexp.services.ibm.pubs import Pub, written
from qexp.services.ibm.reading import joined
from qexp.services.ibm.samples import pubs
from tests.embedded import manila


def typed(kind, value):
    return {"__type__": kind, "__value__": value}


def array(values, bits):
    width = -(-bits // 8)
    rows = b"".join(value.to_bytes(width, "big") for value in values)
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(rows, np.uint8).reshape(len(values), width))
    return typed("ndarray", base64.b64encode(zlib.compress(stream.getvalue())).decode())


def encoded(*results):
    """Results as they are with `support_qiskit`."""
    many = []
    for registers in results:
        fields = {
            name: typed("BitArray", {"array": array(values, bits), "num_bits": bits})
            for name, (bits, values) in registers.items()
        }
        data = {"field_names": list(fields), "shape": [], "fields": fields}
        inside = {"data": typed("DataBin", data), "metadata": {}}
        many.append(typed("SamplerPubResult", inside))
    return json.dumps(typed("PrimitiveResult", {"pub_results": many})).encode()


def plain(*results, metadata=None):
    many = [
        {
            "data": {
                name: {"samples": [hex(one) for one in values], "num_bits": bits}
                for name, (bits, values) in registers.items()
            }
        }
        for registers in results
    ]
    return json.dumps({"results": many, "metadata": metadata or {}}).encode()


GIVEN = (
    {"c": (2, [0, 3, 1]), "meas": (10, [513, 2, 1023])},
    {"c": (133, [1 << 132, 5])},
)


@pytest.mark.parametrize("form", [plain, encoded])
def test_both_forms_say_the_same(form):
    assert tuple(pubs(form(*GIVEN))) == GIVEN


def test_they_may_begin_anywhere():
    assert tuple(pubs(b"a line\n" + plain(*GIVEN), 7)) == GIVEN
    assert tuple(pubs(b"a line\n" + encoded(*GIVEN), 7)) == GIVEN


def test_what_python_writes_and_json_does_not_know_is_read():
    raw = plain(*GIVEN, metadata={"spread": float("inf"), "none": float("nan")})
    assert tuple(pubs(raw)) == GIVEN


def test_of_many_pubs_one_at_a_time_is_held():
    shots = 20_000
    raw = plain(*[{"c": (20, [7] * shots)}] * 20)
    tracemalloc.start()
    try:
        for found in pubs(raw):
            assert len(found["c"][1]) == shots
        # a text of one sample takes some 50 bytes
        assert tracemalloc.get_traced_memory()[1] < 5 * shots * 50
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no JSON",
        b"[]",
        b"{}",
        b'{"results": 1}',
        b'{"results": [1]}',
        b'{"results": [{"data": {"c": {"samples": ["0x4"], "num_bits": 2}}}]}',
        b'{"results": [{"data": {"c": {"samples": ["-0x1"], "num_bits": 2}}}]}',
        b'{"results": [{"data": {"c": {"samples": ["zz"], "num_bits": 2}}}]}',
        b'{"results": [{"data": {"c": {"samples": [1], "num_bits": 2}}}]}',
        b'{"results": [{"data": {"c": {"samples": ["0x1"]}}}]}',
        b'{"results": [{"data": {"c": {"samples": ["0x1"], "num_bits": 2}}}',
        json.dumps(typed("PrimitiveResult", {})).encode(),
        json.dumps(typed("Other", {"pub_results": []})).encode(),
        encoded({"c": (2, [1])}).replace(b"BitArray", b"Other"),
        encoded({"c": (2, [1])}).replace(b'"num_bits": 2', b'"num_bits": 12'),
        encoded({"c": (8, [200])}).replace(b'"num_bits": 8', b'"num_bits": 7'),
    ],
)
def test_what_is_none_is_an_error(raw):
    with pytest.raises(ServiceError):
        list(pubs(raw))


def test_no_pickle_is_read():
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    evil = base64.b64encode(zlib.compress(stream.getvalue())).decode()
    good = json.loads(array([1], 2)["__value__"].join('""'))
    raw = encoded({"c": (2, [1])}).replace(good.encode(), evil.encode())
    with pytest.raises(ServiceError, match="allow_pickle"):
        list(pubs(raw))


def test_an_array_that_blows_up_is_not_unpacked(monkeypatch):
    from qexp.services.ibm import samples

    monkeypatch.setattr(samples, "LARGEST", 1000)
    with pytest.raises(ServiceError, match="more than 1000 bytes"):
        list(pubs(encoded({"c": (8, [0] * 100_000)})))


# -- registers and clbits


def compiled(circuit):
    return transpile(circuit, backend(manila()), optimization_level=0).copy("named")


def test_registers_are_known_by_the_names_that_the_text_gives_them():
    circuit = QuantumCircuit(
        QuantumRegister(3, "q"),
        ClassicalRegister(1, "input"),
        [Clbit()],
        ClassicalRegister(2, "a-b"),
        ClassicalRegister(1, "loose"),
        [Clbit()],
    )
    circuit.measure([0, 1, 2], [0, 1, 2])
    text, registers = written(compiled(circuit))
    assert text.startswith("// named\nOPENQASM 3;\n")
    assert registers == [
        ("_input", [0]),
        ("_a_b", [2, 3]),
        ("loose", [4]),
        ("loose_", [1, 5]),
    ]
    for name, bits in registers:
        assert f"bit[{len(bits)}] {name};" in text


def test_registers_that_share_bits_are_refused():
    register = ClassicalRegister(2, "a")
    shared = ClassicalRegister(name="b", bits=list(register))
    circuit = QuantumCircuit(QuantumRegister(2), register, shared)
    circuit.measure([0, 1], [0, 1])
    with pytest.raises(PointFailed, match="OpenQASM 3"):
        written(circuit)


def test_each_bit_of_a_register_is_at_its_clbit():
    pub = Pub("p", 2, 6, [("a", [2, 3]), ("b", [5, 0]), ("c", [1, 4])], {})
    found = {"a": (2, [1, 2]), "b": (2, [1, 2]), "c": (2, [3, 0])}
    assert joined(pub, found) == [0b110110, 0b001001]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"a": (2, [1])}, "have the registers"),
        ({"a": (2, [1]), "b": (3, [1])}, "have the registers"),
        ({"a": (2, [1]), "b": (1, [1]), "c": (1, [1])}, "have the registers"),
        ({"a": (2, [1, 1]), "b": (1, [1])}, "no samples"),
        ({"a": (2, []), "b": (1, [])}, "no samples"),
    ],
)
def test_other_registers_than_were_sent_are_an_error(found, told):
    pub = Pub("p", 1, 3, [("a", [0, 1]), ("b", [2])], {})
    with pytest.raises(ServiceError, match=told):
        joined(pub, found)
