"""What a job of the sampler may hold, and what comes of it."""

from __future__ import annotations

import base64
import io
import math
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from qexp.emulator.cli import main
from qexp.guarded.converting import convert, newest, version
from qexp.guarded.reader import Unreadable
from tests.emulating import bell, emulating, encoded
from tests.platforming import Speaker, compiled, counted, native

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
SEED = {"simulator": {"seed_simulator": 5}}
TURN = f"{HEAD}input float[64] a; bit[1] c; rz(pi/2) $0; sx $0; rz(pi + a) $0; sx $0; "
TURN += "rz(5*pi/2) $0; c[0] = measure $0;"


@pytest.fixture(scope="module")
def speaker(emulator):
    return Speaker(emulator)


@pytest.fixture(scope="module")
def ideal(tmp_path_factory):
    with emulating(
        tmp_path_factory.mktemp("ideal") / "data", "--noise", "ideal"
    ) as one:
        yield Speaker(one)


def packed(values) -> dict[str, str]:
    """An array as the official client encodes it."""
    stream = io.BytesIO()
    np.save(stream, np.asarray(values))
    text = base64.b64encode(zlib.compress(stream.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": text}


def unpackable(content: bytes, cut: int = 0) -> dict[str, str]:
    whole = zlib.compress(content)
    text = base64.b64encode(whole[: len(whole) - cut]).decode()
    return {"__type__": "ndarray", "__value__": text}


def huge() -> bytes:
    """An array that says that it is of a petabyte."""
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**47, 1)}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def many() -> dict[str, list]:
    """Few values, of which there are many pairs."""
    return {"a": [[0.0]] * 101, "b": [[0.0] * 100]}


def stream(circuit: QuantumCircuit) -> bytes:
    whole = io.BytesIO()
    qpy.dump(circuit, whole)
    return whole.getvalue()


def newer(number: int = 17) -> dict[str, str]:
    """A stream that says that it is of a newer version."""
    content = b"QISKIT" + bytes([number]) + stream(bell())[7:]
    text = base64.b64encode(zlib.compress(content)).decode()
    return {"__type__": "QuantumCircuit", "__value__": text}


def samples(result: dict, pub: int = 0, register: str = "c"):
    return result["results"][pub]["data"][register]["samples"]


@pytest.mark.parametrize(
    "values",
    [
        [[0.0], [math.pi]],
        {"a": [0.0, math.pi]},
        packed([[0.0], [math.pi]]),
        {"a": packed([0.0, math.pi])},
    ],
)
def test_values_of_parameters_have_a_shape(ideal, values):
    found = samples(ideal.result([[TURN, values, 20]]))
    assert found == [["0x0"] * 20, ["0x1"] * 20]


def test_a_single_set_of_values_has_none(ideal):
    for values in ([math.pi], {"a": math.pi}, packed([math.pi])):
        assert samples(ideal.result([[TURN, values, 5]])) == ["0x1"] * 5
    for values in (None, [], packed(np.zeros(0))):
        pub = [f"{HEAD}bit[1] c; x $0; c[0] = measure $0;", values, 5]
        assert samples(ideal.result([pub])) == ["0x1"] * 5


def test_a_larger_shape_is_nested(ideal):
    grid = [[[0.0], [math.pi]], [[math.pi], [0.0]], [[0.0], [0.0]]]
    found = samples(ideal.result([[TURN, grid, 2]]))
    assert [[one[0] for one in row] for row in found] == [
        ["0x0", "0x1"],
        ["0x1", "0x0"],
        ["0x0", "0x0"],
    ]


def test_a_circuit_alone_is_a_pub_and_shots_have_defaults(ideal):
    program = native(bell())
    result = ideal.result([program, [program], [program, None, 7]])
    assert [len(samples(result, k)) for k in range(3)] == [4096, 4096, 7]
    result = ideal.result([program], options={"default_shots": 9})
    assert len(samples(result)) == 9
    result = ideal.result([program], options={"default_shots": 9}, shots=8)
    assert len(samples(result)) == 8


def test_registers_come_apart(ideal):
    text = (
        f"{HEAD}bit[2] one; bit[3] two; bit[12] wide; x $0; x $3;\n"
        "one[1] = measure $0; two[0] = measure $3; two[2] = measure $0; "
        "wide[11] = measure $3;"
    )
    data = ideal.result([[text, None, 3]])["results"][0]["data"]
    assert data == {
        "one": {"samples": ["0x2"] * 3, "num_bits": 2},
        "two": {"samples": ["0x5"] * 3, "num_bits": 3},
        "wide": {"samples": ["0x800"] * 3, "num_bits": 12},
    }


def test_what_is_not_measured_is_zero(ideal):
    assert samples(ideal.result([[f"{HEAD}bit[2] c; x $0;", None, 3]])) == ["0x0"] * 3


def test_samples_come_in_an_order_that_the_seed_decides(speaker):
    pubs = [[native(bell()), None, 400]]
    one, again = (samples(speaker.result(pubs, options=SEED)) for _ in range(2))
    assert one == again
    assert one != sorted(one)
    other = {"simulator": {"seed_simulator": 6}}
    assert samples(speaker.result(pubs, options=other)) != one


def test_a_name_may_stand_behind_the_version(speaker):
    first = native(bell("point-1"))
    name, _, rest = first.partition("\n")
    second = rest.replace("OPENQASM 3;", f"OPENQASM 3;\n{name}", 1)
    assert second != rest
    results = (
        speaker.result([[first, None, 200]], options=SEED),
        speaker.result([[second, None, 200]], options=SEED),
    )
    assert samples(results[0]) == samples(results[1])
    unnamed = speaker.result([[rest, None, 200]], options=SEED)
    assert samples(unnamed) != samples(results[0])


def decoded(array: dict, bits: int) -> list[int]:
    content = zlib.decompress(base64.b64decode(array["__value__"]))
    found = np.load(io.BytesIO(content), allow_pickle=False)
    assert found.dtype == np.uint8
    assert found.shape[-1] == -(-bits // 8)
    flat = found.reshape(-1, found.shape[-1])
    return [int.from_bytes(row.tobytes(), "big") for row in flat]


def test_both_forms_of_a_result_hold_the_same(speaker):
    circuit = QuantumCircuit(5, 12, name="wide-0")
    circuit.sx(range(5))
    circuit.measure(range(5), [0, 3, 7, 8, 11])
    pubs = [[native(circuit), None, 50]]
    plain = speaker.result(pubs, options=SEED)
    whole = speaker.result(pubs, options=SEED, support_qiskit=True)
    assert whole["__type__"] == "PrimitiveResult"
    (pub,) = whole["__value__"]["pub_results"]
    bins = pub["__value__"]["data"]["__value__"]
    assert (bins["field_names"], bins["shape"]) == (["c"], [])
    array = bins["fields"]["c"]
    assert (array["__type__"], array["__value__"]["num_bits"]) == ("BitArray", 12)
    found = decoded(array["__value__"]["array"], 12)
    assert found == [int(one, 16) for one in samples(plain)]
    metadata = whole["__value__"]["metadata"]
    (span,) = metadata["execution"]["execution_spans"]["__value__"]["spans"]
    assert span["__value__"]["data_slices"] == {"0": [[50], 0, 1, 0, 50]}


def test_options_that_have_no_effect_are_in_the_logs(speaker):
    options = {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "num_randomizations": "auto"},
        "simulator": {"basis_gates": ["x"]},
    }
    job = speaker.submit([[native(bell()), None, 5]], options=options)
    assert speaker.ended(job)["status"] == "Completed"
    logs = speaker.get(f"/jobs/{job}/logs").text
    for key in (
        "dynamical_decoupling",
        "twirling.enable_gates",
        "simulator.basis_gates",
    ):
        assert f"options.{key} has no effect here" in logs
    assert "enable_measure" not in logs


def test_init_qubits_and_rep_delay_have_an_effect(speaker):
    """Without a reset and a wait, a shot begins where the one before it ended."""
    program = f"{HEAD}bit[1] c; x $0; c[0] = measure $0;"

    def ones(**execution) -> int:
        options = {**SEED, "execution": execution}
        result = speaker.result(
            [[program, None, 4000]], "ibmq_montreal", options=options
        )
        return counted(samples(result))[1]

    assert ones(init_qubits=True, rep_delay=0.0) > 3700
    assert ones(init_qubits=False, rep_delay=0.0) < 2600
    assert ones(init_qubits=False, rep_delay=5e-4) > 3600


@pytest.mark.parametrize(
    ("code", "said", "pub"),
    [
        (1517, "h on qubits (0,)", f"{HEAD}bit[1] c; h $0; c[0] = measure $0;"),
        (1517, "cx on qubits (0, 2)", f"{HEAD}bit[1] c; cx $0, $2;"),
        (1517, "h on qubits (1,)", f"{HEAD}bit[1] c; if (c[0]) {{ h $1; }}"),
        (1517, "ecr", f"{HEAD}gate ecr a, b {{ x a; }} bit[1] c; ecr $0, $1;"),
        (1109, "6 qubits", f"{HEAD}bit[1] c; x $5;"),
        (1603, "bit without a register", f"{HEAD}bit c; c = measure $0;"),
        (1603, "no classical register", f"{HEAD}x $0;"),
        (1603, "not defined", f"{HEAD}bit[1] c; rzz(1) $0, $1;"),
        (1603, "neither an OpenQASM 3", "OPENQASM 2.0; qreg q[1];"),
        (1603, "neither an OpenQASM 3", {"__type__": "Circuit", "__value__": ""}),
        (1603, "cannot be read", "bm90IGEgc3RyZWFt"),
        (1603, "parameters are not bound: a", TURN),
        (1603, "QPY version 17", newer()),
        (1603, "1 parameters, and 2 values", [TURN, [1.0, 2.0]]),
        (1603, "parameters are a", [TURN, {"b": 1.0}]),
        (1103, "8193 shots", [native(bell()), None, 8193]),
    ],
)
def test_a_job_fails_of_what_cannot_be_run(speaker, code, said, pub):
    state = speaker.failure([pub])
    assert state["reason_code"] == code, state
    assert said in state["reason"]


def test_a_failed_job_says_why_in_its_results_too(speaker):
    job = speaker.submit([f"{HEAD}bit[1] c; h $0;"])
    state = speaker.ended(job)["state"]
    text = speaker.get(f"/jobs/{job}/results").text
    assert state["reason"] in text
    assert state["reason"] in speaker.get(f"/jobs/{job}/logs").text


def test_too_many_circuits_count_with_their_values(speaker):
    state = speaker.failure([[TURN, [[0.0]] * 901, 1]])
    assert state["reason_code"] == 1102, state


def test_a_delay_out_of_range_and_kerneled_outcomes_fail(speaker):
    pubs = [[native(bell(), "montreal"), None, 5]]
    for code, execution in (
        (8030, {"rep_delay": 1.0}),
        (1101, {"meas_type": "kerneled"}),
    ):
        options = {"execution": execution}
        state = speaker.failure(pubs, "ibmq_montreal", options=options)
        assert state["reason_code"] == code, state


def test_qpy_that_terra_reads_runs(speaker):
    circuit = compiled(bell())
    content = stream(circuit)
    texts = [
        base64.b64encode(one).decode() for one in (content, zlib.compress(content))
    ]
    sent = [encoded(circuit), *texts]
    result = speaker.result([[one, None, 100] for one in sent])
    for pub in range(3):
        assert len(samples(result, pub)) == 100
    angle = Parameter("angle")
    turned = QuantumCircuit(1, 1)
    turned.rz(angle, 0)
    turned.measure(0, 0)
    result = speaker.result([[encoded(turned), [0.5], 100]])
    assert counted(samples(result))[0] > 80


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ("program_id is missing", {"program_id": None}),
        ("backend must be text", {"backend": 1}),
        ("hub is not known", {"hub": "ibm-q"}),
        ("params is missing", {"params": None}),
        ("params.pubs is missing", {"params": {}}),
        ("params.circuits is not known", {"params": {"pubs": ["x"], "circuits": 1}}),
        ("params.pubs must not be empty", {"params": {"pubs": []}}),
        ("params.shots must be an integer", {"params": {"pubs": ["x"], "shots": "1"}}),
        ("params.version must be 2", {"params": {"pubs": ["x"], "version": 1}}),
        ("params.pubs.0 must have", {"params": {"pubs": [[]]}}),
        ("params.pubs.0 must have", {"params": {"pubs": [["x", None, 1, 1]]}}),
        ("params.pubs.1.0 must be", {"params": {"pubs": ["x", [1]]}}),
        ("params.pubs.0.2 (shots)", {"params": {"pubs": [["x", None, 0]]}}),
        ("params.pubs.0.1 (param", {"params": {"pubs": [["x", ["a"]]]}}),
        ("params.pubs.0.1 (param", {"params": {"pubs": [["x", 1.0]]}}),
        ("cut short", {"params": {"pubs": [["x", unpackable(b"", cut=1)]]}}),
        ("magic string", {"params": {"pubs": [["x", unpackable(b"PK")]]}}),
        ("real numbers", {"params": {"pubs": [["x", packed(["a"])]]}}),
        ("finite numbers", {"params": {"pubs": [["x", packed([math.inf])]]}}),
        ("reshape", {"params": {"pubs": [["x", unpackable(huge())]]}}),
        ("10000 sets", {"params": {"pubs": [["x", many()]]}}),
        ("cost must be greater than or equal to 1", {"cost": 0}),
        ("session_id must have at most 36 char", {"session_id": "x" * 37}),
        ("tags.0 must be text", {"tags": [1]}),
    ],
)
def test_what_is_not_a_job_is_refused(speaker, said, body):
    whole = {
        "program_id": "sampler",
        "backend": "ibmq_manila",
        "params": {"pubs": [native(bell())]},
        **body,
    }
    sent = {key: value for key, value in whole.items() if value is not None}
    answer = speaker.ask("POST", "/jobs", json=sent)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("resilience_level is not known", {"resilience_level": 1}),
        ("execution.fast is not known", {"execution": {"fast": True}}),
        ("execution.rep_delay must be", {"execution": {"rep_delay": -1}}),
        (
            "execution.init_qubits must be true or false",
            {"execution": {"init_qubits": "yes"}},
        ),
        (
            "sequence_type must be 'XX', 'XpXm' or 'XY4'",
            {"dynamical_decoupling": {"sequence_type": "YY"}},
        ),
        (
            "num_randomizations must be 'auto' or an integer",
            {"twirling": {"num_randomizations": 0}},
        ),
        ("default_shots must be", {"default_shots": 0}),
        ("seed_simulator must be", {"simulator": {"seed_simulator": -1}}),
        ("environment is not known", {"environment": {}}),
    ],
)
def test_options_that_there_are_not_are_refused(speaker, said, options):
    answer = speaker.post([native(bell())], options=options)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["errors"][0]["message"]
    assert "params.options." in answer.json()["errors"][0]["message"]


def test_other_programs_and_devices_are_not_there(speaker):
    answer = speaker.post([native(bell())], "ibmq_nowhere")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1007)
    answer = speaker.post([native(bell())], program_id="estimator")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1216)


# -- the helper for newer QPY; `tests/official` runs it with a current qiskit


def test_a_stream_says_its_version():
    content = stream(bell())
    for whole in (content, zlib.compress(content)):
        assert version(base64.b64encode(whole).decode()) == 10
    assert version(newer()["__value__"]) == 17
    for text in ("", "?", "bm90aGluZw==", base64.b64encode(b"QISKIT").decode()):
        assert version(text) is None


def test_a_circuit_is_converted_in_another_process():
    angle = Parameter("angle")
    circuit = QuantumCircuit(2, 1, name="a name")
    circuit.rx(angle, 1)
    circuit.ecr(0, 1)
    circuit.measure(1, 0)
    text = base64.b64encode(zlib.compress(stream(circuit))).decode()
    (programs,) = convert(Path(sys.executable), [(text, [[0.5], {"angle": 0.25}])])
    assert [one.splitlines()[0] for one in programs] == ["// a_name"] * 2
    assert "rx(0.5)" in programs[0]
    assert "rx(0.25)" in programs[1]
    assert newest(Path(sys.executable)) == 10


@pytest.mark.parametrize(
    ("said", "text", "values"),
    [
        ("not bound: a", None, [None]),
        ("circuit 0 cannot be read", "bm90aGluZw==", [None]),
        (
            "circuit 0 cannot be read",
            base64.b64encode(zlib.compress(bytes(2**27))).decode(),
            [None],
        ),
    ],
)
def test_what_cannot_be_converted_says_why(said, text, values):
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    text = text or base64.b64encode(stream(circuit)).decode()
    with pytest.raises(Unreadable, match=said):
        convert(Path(sys.executable), [(text, values)])


def test_converting_takes_no_longer_than_it_may(monkeypatch):
    monkeypatch.setattr("qexp.guarded.converting.SECONDS", 1)
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    for _ in range(2000):
        circuit.h(0)
    text = base64.b64encode(stream(circuit)).decode()
    with pytest.raises(Unreadable, match="more than 1 seconds of processor time"):
        convert(Path(sys.executable), [(text, [[0.1]] * 1000)])


def test_a_helper_that_is_none_is_refused_at_the_start(tmp_path, capsys):
    for helper, said in (
        (sys.executable, "reads QPY up to version 10"),
        ("/bin/false", "the helper ended with 1"),
        (str(tmp_path / "nothing"), "No such file"),
    ):
        options = ["--data", str(tmp_path / "data"), "--qpy-helper", helper]
        assert main([*options, "--port", "0", "--seconds", "1"]) == 2
        assert said in capsys.readouterr().err
