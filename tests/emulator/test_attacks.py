"""Circuits that are attacks: nothing comes of them, and the service goes on."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, pulse, qpy
from qiskit.circuit import Parameter

from qexp.guarded.reader import Reader, Readers, Unreadable
from tests.embedded import until
from tests.emulating import OTHER, bell, emulating, encoded, wrapped
from tests.platforming import Speaker


def expression() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("a") + 1, 0)
    return circuit


def phase() -> QuantumCircuit:
    return QuantumCircuit(1, 1, global_phase=Parameter("a") + 1)


def envelope() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    with pulse.build() as schedule:
        pulse.play(pulse.Gaussian(160, 0.1, 40), pulse.DriveChannel(0))
    circuit.add_calibration("x", [0], schedule)
    return circuit


def crafted(file: Path, make: Callable[[], QuantumCircuit] = expression) -> io.BytesIO:
    """A stream of which terra's reader makes a file."""
    evil = f"__import__('pathlib').Path({str(file)!r}).touch()"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sympy.srepr", lambda _: evil)
        stream = io.BytesIO()
        qpy.dump(make(), stream)
    return stream


@pytest.mark.parametrize("make", [expression, phase, envelope])
def test_an_expression_is_not_evaluated(emulator, make, tmp_path):
    file = tmp_path / "evil"
    stream = crafted(file, make)
    # terra's own reader falls for it
    stream.seek(0)
    with suppress(Exception):
        qpy.load(stream)
    assert file.exists()
    file.unlink()
    client = emulator.client()
    assert "symbolic expressions are not read" in client.failure(
        wrapped(stream.getvalue())
    )
    speaker = Speaker(emulator)
    for sent in (
        wrapped(stream.getvalue()),
        base64.b64encode(stream.getvalue()).decode(),
    ):
        state = speaker.failure([[sent, None, 10]])
        assert "symbolic expressions are not read" in state["reason"]
    assert not file.exists()
    assert client.result(encoded(bell()), shots=10)["success"]


@pytest.mark.parametrize("make", [expression, envelope])
def test_a_stream_of_symengine_s_is_not_parsed(emulator, make):
    stream = io.BytesIO()
    qpy.dump(make(), stream, use_symengine=True)
    content = bytearray(stream.getvalue())
    for place in range(len(content) // 2, len(content) // 2 + 8):
        content[place] ^= 0xFF
    client = emulator.client()
    for sent in (stream.getvalue(), bytes(content)):
        assert "Error code: 1002." in client.failure(wrapped(sent))
    assert client.result(encoded(bell()), shots=10)["success"]


def test_what_is_no_circuit_is_refused(emulator):
    client = emulator.client()
    bomb = base64.b64encode(zlib.compress(bytes(300 * 2**20))).decode()
    for sent in (
        {"__type__": "QuantumCircuit", "__value__": bomb},
        {"__type__": "QuantumCircuit", "__value__": "no"},
        {"__type__": "QuantumCircuit"},
        {"__type__": "settings", "__module__": "os", "__class__": "system"},
        wrapped(b"QISKIT"),
        wrapped(encoded(bell())["__value__"].encode()),
        'OPENQASM 2.0; include "/etc/passwd";',
        "OPENQASM 2.0; qreg q[2000000000];",
        None,
        7,
    ):
        assert "Error code: 1002." in client.failure(sent)
    unbound = QuantumCircuit(1)
    unbound.rx(Parameter("angle"), 0)
    assert "not bound: angle" in client.failure(encoded(unbound))


def test_names_in_a_stream_name_operations_only(emulator):
    content = zlib.decompress(base64.b64decode(encoded(bell())["__value__"]))
    assert content.count(b"HGate") == 1
    # a name of the same length, of something that is there and is no operation
    evil = content.replace(b"HGate", b"Qubit")
    assert "Qubit" in emulator.client().failure(wrapped(evil))


SLOW = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[4096]; ' + "x q;" * 1000
"""Some bytes that become four million gates."""


@pytest.mark.long
def test_slow_circuits_of_one_token_do_not_keep_another_s_waiting(tmp_path):
    options = "--workers 1 --noise ideal".split()
    with emulating(tmp_path / "data", *options) as one:
        slow, quick = one.client(), one.client(OTHER)
        quick.result(encoded(bell()), shots=10)  # all is warm
        jobs = [slow.submit(SLOW) for _ in range(3)]
        until(lambda: slow.state(jobs[0]) == "Running")
        quick.result(encoded(bell()), shots=10)
        assert slow.state(jobs[-1]) == "Queued"
        assert slow.ended(jobs[0]) == "Failed"
        why = slow.get(f"jobs/{jobs[0]}/results").text
        assert "circuit 0 cannot be read" in why
        assert "more than 5 seconds of processor time" in why


def test_a_circuit_that_takes_long_to_read_keeps_no_reader_from_another():
    readers = Readers(2)
    try:
        assert readers.read(encoded(bell())) == [bell()]
        with ThreadPoolExecutor() as pool:
            late = pool.submit(readers.read, SLOW)
            assert readers.read(encoded(bell())) == [bell()]
            assert not late.done()
            readers.close()  # it does not wait
            with pytest.raises(Unreadable, match="ended"):
                late.result()
    finally:
        readers.close()


def test_many_circuits_are_read_in_several_slices(monkeypatch):
    circuits = [bell(f"bell-{k}") for k in range(7)]
    sent = [encoded(one) for one in circuits]
    monkeypatch.setattr("qexp.guarded.reader.SLICE", 2 * len(json.dumps(sent[0])))
    reader = Reader()
    try:
        assert reader.read(sent) == circuits
        assert reader.read([]) == []
        with pytest.raises(Unreadable, match="circuit 5 cannot be read: it is neither"):
            reader.read([*sent[:5], None, sent[6]])
    finally:
        reader.close()


def test_a_reader_that_ends_is_started_again():
    reader = Reader()
    try:
        (read,) = reader.read(json.loads(json.dumps(encoded(bell()))))
        assert read == bell()
        os.kill(reader._process.pid, signal.SIGKILL)
        for _ in range(2):
            with suppress(Unreadable):
                assert reader.read(encoded(bell())) == [bell()]
                return
        pytest.fail("it was not")
    finally:
        reader.close()
