"""Circuits from their declarations, and what an ideal machine makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from qexp.circuits import Builder, build
from qexp.circuits.content import digest_of_gates
from qexp.circuits.ghz import distribution, ghz
from qexp.circuits.ideal import final_measurements, ideal_distribution
from qexp.declare.config import GhzCircuit, PythonCircuit, QasmCircuit
from qexp.errors import ConfigError


@pytest.mark.parametrize("variant", ["linear", "log_depth", "star"])
@pytest.mark.parametrize("num_qubits", [1, 2, 3, 5, 8, 11])
def test_every_ghz_variant_prepares_the_state(variant, num_qubits):
    circuit = ghz(num_qubits, variant)
    assert ideal_distribution(circuit) == pytest.approx(distribution(num_qubits))
    assert circuit.count_ops().get("cx", 0) == num_qubits - 1


@pytest.mark.parametrize(("num_qubits", "layers"), [(2, 1), (4, 2), (5, 3), (64, 6)])
def test_log_depth_doubles_in_each_layer(num_qubits, layers):
    circuit = ghz(num_qubits, "log_depth")
    circuit.remove_final_measurements()
    assert circuit.depth() == 1 + layers


def test_the_linear_chain_couples_neighbours_and_the_star_one_with_all():
    def pairs(variant):
        circuit = ghz(4, variant)
        found = [item.qubits for item in circuit.data if item.operation.name == "cx"]
        return [tuple(circuit.find_bit(qubit).index for qubit in one) for one in found]

    assert pairs("linear") == [(0, 1), (1, 2), (2, 3)]
    assert pairs("star") == [(0, 1), (0, 2), (0, 3)]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
def test_the_ideal_distribution_is_aer_s(num_qubits, depth, seed):
    circuit = random_circuit(num_qubits, depth, seed=seed)
    circuit.measure_all()
    probed = circuit.remove_final_measurements(inplace=False)
    probed.save_probabilities_dict()
    simulator = AerSimulator(method="statevector")
    from qiskit import transpile

    saved = simulator.run(transpile(probed, simulator)).result().data()["probabilities"]
    expected = {f"{k:0{num_qubits}b}": v for k, v in saved.items() if v > 1e-9}
    got = {k: v for k, v in ideal_distribution(circuit).items() if v > 1e-9}
    assert got == pytest.approx(expected, abs=1e-9)


def test_qubits_that_are_not_measured_are_summed_over():
    circuit = QuantumCircuit(3, 2)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.x(1)
    circuit.measure(1, 0)
    circuit.measure(2, 1)
    assert ideal_distribution(circuit) == pytest.approx({"01": 0.5, "11": 0.5})


def test_idle_qubits_cost_nothing():
    circuit = QuantumCircuit(100, 1)
    circuit.x(77)
    circuit.measure(77, 0)
    assert ideal_distribution(circuit) == {"1": 1.0}


def dynamic():
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    circuit.x(1).c_if(0, 1)
    circuit.measure(1, 1)
    return circuit


def remeasured():
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    return circuit


def with_reset():
    circuit = QuantumCircuit(1, 1)
    circuit.reset(0)
    circuit.measure(0, 0)
    return circuit


def free():
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    "make", [dynamic, remeasured, with_reset, free, lambda: QuantumCircuit(2, 2)]
)
def test_what_no_state_vector_gives_has_no_ideal(make):
    assert ideal_distribution(make()) is None


def test_wide_circuits_have_no_simulated_ideal_but_ghz_has():
    wide = ghz(30, "linear")
    assert ideal_distribution(wide) is None
    assert build(GhzCircuit(num_qubits=127)).ideal[0] == distribution(127)


def test_final_measurements_follow_the_program_s_rule():
    circuit = QuantumCircuit(3, 3)
    circuit.measure(0, 1)
    circuit.h(0)
    circuit.measure(2, 2)
    circuit.measure(1, 0)
    circuit.barrier()
    assert final_measurements(circuit) == {1: 0, 2: 2}


BELL_2 = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""
BELL_3 = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""


@pytest.mark.parametrize("text", [BELL_2, BELL_3], ids=["OpenQASM 2", "OpenQASM 3"])
def test_both_versions_of_openqasm_are_read(folder, text):
    (folder / "bell.qasm").write_text(text)
    built = build(QasmCircuit(files="bell.qasm"))
    assert built.labels == ("bell",)
    assert built.ideal[0] == pytest.approx({"00": 0.5, "11": 0.5})


def test_several_files_and_patterns_are_several_circuits(folder):
    for name in ("b", "a", "c"):
        (folder / f"{name}.qasm").write_text(BELL_2)
    assert build(QasmCircuit(files="*.qasm")).labels == ("a", "b", "c")
    assert build(QasmCircuit(files=["c.qasm", "[ab].qasm"])).labels == ("c", "a", "b")


def test_content_is_the_bytes_not_the_path(folder):
    (folder / "one.qasm").write_text(BELL_2)
    (folder / "two.qasm").write_text(BELL_2)
    (folder / "three.qasm").write_text(BELL_3)
    contents = [
        build(QasmCircuit(files=f"{n}.qasm")).content for n in ("one", "two", "three")
    ]
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (BELL_2.replace("h q", "hh q"), "bad.qasm, line 5"),
        (BELL_2.replace("cx q[0], q[1];", "cx q[0], q[7];"), "bad.qasm, line 6"),
        (BELL_3.replace("h q[0];", "h q[0]"), "bad.qasm, line 6"),
        (BELL_3.replace("h q[0]", "hh q[0]"), "bad.qasm, line 5"),
        ("\x00\x01", "bad.qasm, line 1"),
    ],
)
def test_unreadable_qasm_names_file_and_line(folder, text, place):
    (folder / "bad.qasm").write_text(text)
    with pytest.raises(ConfigError, match=place):
        build(QasmCircuit(files="bad.qasm"))


def test_what_is_not_text_is_refused(folder):
    (folder / "bad.qasm").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match=r"bad\.qasm: cannot be read"):
        build(QasmCircuit(files="bad.qasm"))


@pytest.mark.parametrize("files", ["nowhere.qasm", "*.nothing", ["a.qasm"]])
def test_a_missing_file_is_named(folder, files):
    with pytest.raises(ConfigError, match=r"circuit\.files = .*no"):
        build(QasmCircuit(files=files))


MODULE = """
from qiskit import QuantumCircuit

def bell(extra=0):
    circuit = QuantumCircuit(2 + extra, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit

def several():
    return [bell(), bell(1)]

def none():
    return None

def fails():
    raise RuntimeError("no luck")

constant = 3
"""


@pytest.fixture
def module(folder, monkeypatch):
    (folder / "user_circuits.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    return "user_circuits"


def test_a_python_function_gives_circuits(module):
    one = build(PythonCircuit(function=f"{module}.bell", arguments={"extra": 1}))
    assert one.circuits[0].num_qubits == 3
    assert one.labels == ("bell",)
    assert len(build(PythonCircuit(function=f"{module}.several")).circuits) == 2


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("bel", {}, "has no function bel. Did you mean bell?"),
        ("constant", {}, "has no function constant"),
        ("none", {}, "returned NoneType"),
        ("fails", {}, "RuntimeError: no luck"),
        ("bell", {"exta": 1}, "called with .exta=1. it raised TypeError"),
    ],
)
def test_what_gives_no_circuit_is_refused(module, name, arguments, words):
    with pytest.raises(ConfigError, match=words.replace("?", r"\?")):
        build(PythonCircuit(function=f"{module}.{name}", arguments=arguments))


def test_a_module_that_is_not_there_is_named(folder):
    with pytest.raises(ConfigError, match="module nowhere_at_all cannot be imported"):
        build(PythonCircuit(function="nowhere_at_all.make"))
    with pytest.raises(ConfigError, match="must be a dotted path"):
        build(PythonCircuit(function="make"))


def controlled(definition_phase):
    inner = QuantumCircuit(1, name="mine")
    inner.global_phase = definition_phase
    inner.rx(0.1, 0)
    outer = QuantumCircuit(2)
    outer.append(inner.to_gate().control(), [0, 1])
    return outer


def switched(first):
    circuit = QuantumCircuit(1, 1)
    body = QuantumCircuit(1, 1)
    body.x(0)
    circuit.switch(circuit.clbits[0], [(first, body)], [0], [0])
    return circuit


def evolved(label):
    circuit = QuantumCircuit(2)
    circuit.append(PauliEvolutionGate(SparsePauliOp([label]), time=0.3), [0, 1])
    return circuit


def pulsed(amplitude):
    circuit = QuantumCircuit(1)
    circuit.x(0)
    if amplitude:
        from qiskit import pulse

        with pulse.build() as schedule:
            pulse.play(pulse.Gaussian(160, amplitude, 40), pulse.DriveChannel(0))
        circuit.add_calibration("x", [0], schedule)
    return circuit


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [
        (controlled, 0.0, 0.5),
        (switched, 0, 1),
        (evolved, "XX", "ZX"),
        (pulsed, 0, 0.1),
        (pulsed, 0.2, 0.1),
    ],
)
def test_what_does_something_else_has_another_digest(make, one, other):
    assert digest_of_gates([make(one)]) == digest_of_gates([make(one)])
    assert digest_of_gates([make(one)]) != digest_of_gates([make(other)])


def test_what_a_file_includes_is_part_of_its_content(folder):
    head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\ninclude "my.inc";\n'
    text = "qreg q[1];\ncreg c[1];\nfoo q[0];\nmeasure q[0] -> c[0];\n"
    (folder / "a.qasm").write_text(head + text)
    contents = set()
    for gate in ("id", "x"):
        (folder / "my.inc").write_text(f"gate foo a {{ {gate} a; }}\n")
        contents.add(build(QasmCircuit(files="a.qasm")).content)
    assert len(contents) == 2


def test_circuits_that_were_not_named_are_called_as_their_function(module):
    (Path(f"{module}.py")).write_text(
        "from qiskit import QuantumCircuit\n"
        "def plain():\n"
        "    circuit = QuantumCircuit(1)\n"
        "    circuit.measure_all()\n"
        "    return circuit\n"
    )
    import importlib
    import sys

    sys.modules.pop(module, None)
    importlib.invalidate_caches()
    assert build(PythonCircuit(function=f"{module}.plain")).labels == ("plain",)


def test_digests_see_gates_conditions_and_definitions():
    plain, conditioned = dynamic(), QuantumCircuit(2, 2)
    conditioned.measure(0, 0)
    conditioned.x(1)
    conditioned.measure(1, 1)
    assert digest_of_gates([plain]) != digest_of_gates([conditioned])

    def custom(angle):
        inner = QuantumCircuit(1, name="mine")
        inner.rx(angle, 0)
        outer = QuantumCircuit(1)
        outer.append(inner.to_gate(), [0])
        return outer

    assert digest_of_gates([custom(0.1)]) != digest_of_gates([custom(0.2)])
    assert digest_of_gates([custom(0.1)]) == digest_of_gates([custom(0.1)])


def test_no_state_vector_is_made_before_it_is_asked_for(folder, monkeypatch):
    made = []

    def simulated(circuit):
        made.append(circuit.name)
        return ideal_distribution(circuit)

    monkeypatch.setattr("qexp.circuits.built.ideal_distribution", simulated)
    (folder / "bell.qasm").write_text(BELL_2)
    built = build(QasmCircuit(files="bell.qasm"))
    assert made == []
    assert built.ideal[0] == pytest.approx({"00": 0.5, "11": 0.5})
    assert built.ideal is built.ideal
    assert made == ["bell"]


COUNTING = """
from qiskit import QuantumCircuit

calls = []

def make(**arguments):
    calls.append(arguments)
    circuit = QuantumCircuit(1, 1)
    circuit.rx(len(calls), 0)
    circuit.measure(0, 0)
    return circuit

def fails(**arguments):
    calls.append(arguments)
    raise RuntimeError("no luck")
"""


@pytest.fixture
def counting(folder, monkeypatch):
    import sys

    (folder / "counting_circuits.py").write_text(COUNTING)
    monkeypatch.syspath_prepend(str(folder))
    yield "counting_circuits"
    sys.modules.pop("counting_circuits", None)


def called() -> list[dict]:
    import sys

    return sys.modules["counting_circuits"].calls


def test_equal_declarations_are_built_once_in_a_sweep(counting):
    builder = Builder()
    assert builder.build(GhzCircuit()) is builder.build(GhzCircuit(num_qubits=5))
    assert builder.build(GhzCircuit()) is not builder.build(GhzCircuit(num_qubits=3))
    for _ in range(3):
        builder.build(PythonCircuit(function=f"{counting}.make", arguments={"a": 1}))
    assert called() == [{"a": 1}]


@pytest.mark.parametrize(
    "others",
    [
        (1, 1.0, True, "1"),
        ({1: 0}, {"1": 0}),
        (None, "None"),
        ([1], [[1]]),
        (0.0, -0.0),
    ],
)
def test_declarations_that_only_look_alike_are_built_each(counting, others):
    builder = Builder()
    for a in others:
        builder.build(PythonCircuit(function=f"{counting}.make", arguments={"a": a}))
    assert [call["a"] for call in called()] == list(others)


def test_arguments_that_no_yaml_holds_are_not_told_apart_by_their_looks(counting):
    import numpy as np

    builder = Builder()
    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1
    made = [
        builder.build(PythonCircuit(function=f"{counting}.make", arguments={"a": a}))
        for a in (one, other)
    ]
    assert made[0].content != made[1].content


def test_what_failed_in_a_sweep_fails_again_without_a_call(counting):
    builder = Builder()
    for _ in range(3):
        with pytest.raises(ConfigError, match="no luck"):
            builder.build(PythonCircuit(function=f"{counting}.fails"))
    assert called() == [{}]


def test_a_file_is_read_once_in_a_sweep(folder):
    for name in ("a", "b"):
        (folder / f"{name}.qasm").write_text(BELL_2)
    builder = Builder()
    both = builder.build(QasmCircuit(files="*.qasm"))
    (folder / "a.qasm").write_text("no longer read")
    assert builder.build(QasmCircuit(files=["a.qasm"])).circuits[0] is both.circuits[0]
    assert builder.build(QasmCircuit(files="*.qasm")) is both
    with pytest.raises(ConfigError):
        build(QasmCircuit(files="a.qasm"))
