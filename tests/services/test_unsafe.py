"""Compiled circuits that a service sends: what is read, what is refused, what is kept."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import zlib
from contextlib import suppress

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from qexp.guarded import reader
from qexp.services import unsafe
from qexp.services.compiling import decoded
from qexp.services.program import PROBLEM
from qexp.services.wire import packed
from tests.embedded import experiments, ghz, part
from tests.services.fake import counted, remote

pytestmark = pytest.mark.cold


def text(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def expression() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(2 * Parameter("a"), 0)
    return circuit


def crafted(file, monkeypatch) -> bytes:
    """A stream that makes a file of whoever reads it as terra does."""
    evil = f"__import__('pathlib').Path({str(file)!r}).touch()"
    stream = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr("sympy.srepr", lambda _: evil)
        qpy.dump(expression(), stream)
    return stream.getvalue()


def malformed() -> bytes:
    """A stream whose expression is symengine's, and broken."""
    stream = io.BytesIO()
    qpy.dump(expression(), stream, use_symengine=True)
    content = bytearray(stream.getvalue())
    for place in range(len(content) // 2, len(content) // 2 + 8):
        content[place] ^= 0xFF
    return bytes(content)


@pytest.fixture
def served_with(runner, fake):
    """The experiments of an answer in which the circuits have some `compiled`."""

    def serve(*compiled):
        def answer(params):
            found = counted(params)
            for one, made in zip(found["results"], compiled, strict=True):
                one["header"]["compiled"] = made
            return found

        fake.answer = answer
        fake.maximum = -1
        names = [f"c{k}" for k in range(len(compiled))]
        runner.submit(remote(*(part(name) for name in names)))
        arrived = (runner.decode(one.raw) for one in runner.arrivals())
        found = experiments(arrived)
        assert all(
            found[f"{name}-0"]["data"]["counts"] == {"0x0": 100} for name in names
        )
        return [found[f"{name}-0"]["header"] for name in names]

    yield serve
    runner.close()


def test_a_circuit_is_read_and_written_anew(served_with):
    (circuit,) = ghz().circuits
    sent = text(zlib.decompress(base64.b64decode(packed(circuit))) + b"more")
    (header,) = served_with(sent)
    assert header["compiled"] == packed(circuit)
    assert decoded(header["compiled"]) == circuit
    assert PROBLEM not in header


def test_a_crafted_stream_is_not_evaluated(served_with, tmp_path, monkeypatch):
    file = tmp_path / "evil"
    content = crafted(file, monkeypatch)
    with suppress(Exception):
        qpy.load(io.BytesIO(content))
    assert file.exists()  # terra's own reader falls for it
    file.unlink()
    bad, good = served_with(text(content), packed(ghz().circuits[0]))
    assert not file.exists()
    assert "compiled" not in bad
    assert "symbolic expressions are not read" in bad[PROBLEM]
    assert decoded(good["compiled"]) == ghz().circuits[0]


def test_a_malformed_stream_crashes_nothing(served_with):
    bad, good = served_with(text(malformed()), packed(ghz().circuits[0]))
    assert "symbolic expressions are not read" in bad[PROBLEM]
    assert decoded(good["compiled"]) == ghz().circuits[0]


def test_what_is_no_circuit_is_told(served_with):
    bomb = text(bytes(300 * 2**20))
    free = QuantumCircuit(1)
    free.rx(Parameter("a"), 0)
    headers = served_with("", "no", 7, [1], "\ud800", bomb, packed(free))
    for header in headers:
        assert "compiled" not in header
        assert header[PROBLEM].startswith("what the service compiled is not known")


def test_no_process_is_started_where_nothing_was_compiled(served_with, runner):
    (header,) = served_with(None)
    assert "compiled" not in header
    assert PROBLEM not in header
    assert runner._reading._unsafe._reader is None


def test_one_process_serves_until_the_service_is_closed(served_with, runner):
    good = packed(ghz().circuits[0])
    served_with(good)
    process = runner._reading._unsafe._reader._process
    runner._reading._unsafe.settle([{"compiled": good}])
    assert runner._reading._unsafe._reader._process is process
    runner.close()
    assert process.poll() is not None


def test_a_process_that_ends_or_hangs_costs_no_counts(served_with, runner, monkeypatch):
    good = packed(ghz().circuits[0])
    served_with(good)
    kept = runner._reading._unsafe._reader
    for blow, patience, why in (
        (signal.SIGKILL, 30.0, "ended"),
        (signal.SIGSTOP, 0.2, "took longer"),
    ):
        os.kill(kept._process.pid, blow)
        header = {"compiled": good, "name": "a"}
        with monkeypatch.context() as patched:
            patched.setattr(reader, "PATIENCE", patience)
            # it ends between the look at it and the request
            patched.setattr(kept._process, "poll", lambda: None)
            runner._reading._unsafe.settle([header])
        assert why in header.pop(PROBLEM)
        assert header == {"name": "a"}
        header = {"compiled": good}
        runner._reading._unsafe.settle([header])  # another has been started
        assert header == {"compiled": good}


def test_a_service_cannot_write_the_remark_itself():
    header = {PROBLEM: "pay me", "name": "a"}
    unsafe.Unsafe().settle([header])
    assert json.loads(json.dumps(header)) == {"name": "a"}
