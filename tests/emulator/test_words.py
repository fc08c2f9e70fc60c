"""What the service says of odd inputs: a sentence that names them, and no exception's."""

from __future__ import annotations

import re

import pytest
from qiskit import QuantumCircuit

from tests.emulating import bell, emulating, encoded, wrapped

BELL = encoded(bell())
NOT_READ = "circuit 0 cannot be read: it is no circuit that can be read (QPY up to"

RAW = re.compile(
    r"\w+Error\b|Traceback|object at|NoneType|__init__|index out of range|\bint\b|\bstr\b"
)
"""What a person should not have to read."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """One that runs jobs on Aer, some of whose options are odd here."""
    folder = tmp_path_factory.mktemp("emulator") / "data"
    with emulating(folder, "--noise", "aer") as started:
        yield started


def delayed() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name="delayed")
    circuit.delay(1.5, 0, unit="us")
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"shots": "many"}, "shots must be an integer, not 'many'"),
        ({"shots": 1.5}, "shots must be an integer, not 1.5"),
        ({"optimization_level": 9}, "optimization_level must be 0 to 3, not 9"),
        ({"init_qubits": 1}, "init_qubits must be true or false, not 1"),
        ({"rep_delay": "x"}, "rep_delay must be a number, not 'x'"),
        ({"transpiler_options": [1]}, "transpiler_options must be a mapping, not [1]"),
        (
            {"initial_layout": ["a", "b"]},
            "initial_layout must be of qubits of the device",
        ),
        ({"initial_layout": [0]}, "of circuit 0 (bell-0), 0 to 1, not [0]"),
        ({"initial_layout": {"5": 1, "6": 2}}, "of circuit 0 (bell-0), 0 to 1, not {"),
        (
            {"transpiler_options": {"initial_layout": [0, 1, 2]}},
            "transpiler_options.initial_layout must have the qubits of circuit 0",
        ),
        ({"method": 3}, "method must be text, not 3"),
        ({"method": "nope"}, "Aer: Invalid simulation method (nope)"),
        (
            {"max_parallel_threads": -1},
            "max_parallel_threads = -1: Aer takes no such value",
        ),
        (
            {"zero_threshold": "x"},
            "zero_threshold = 'x': Aer takes a value of type float",
        ),
        ({"circuits": []}, "there are no circuits"),
        ({"circuits": 3}, "circuit 0 cannot be read: it is neither an encoded"),
        ({"circuits": " "}, "circuit 0 cannot be read: it is empty"),
        ({"circuits": "hello"}, "'hello' is not defined in this scope"),
        (
            {"circuits": [BELL, {"__type__": "QuantumCircuit"}]},
            "circuit 1 cannot be read",
        ),
        ({"circuits": {"__type__": "QuantumCircuit", "__value__": 3}}, NOT_READ),
        (
            {"circuits": {"__type__": "QuantumCircuit", "__value__": "!"}},
            "circuit 0 cannot",
        ),
        ({"circuits": wrapped(b"QISKIT")}, NOT_READ),
        (
            {"circuits": encoded(delayed())},
            "a delay is no integer: QPY keeps no units",
        ),
    ],
    ids=str,
)
def test_an_odd_input_is_named_in_a_sentence(emulator, params, sentence):
    circuits = params.get("circuits", BELL)
    rest = {key: one for key, one in params.items() if key != "circuits"}
    said = emulator.client().failure(circuits, **rest)
    assert sentence in said
    assert re.search(r"Error code: \d{4}\.$", said)
    assert not RAW.search(said), said


def test_a_delay_that_was_not_scheduled_is_run(emulator):
    circuit = QuantumCircuit(2, 2, name="delayed")
    circuit.delay(100, 0, unit="dt")
    circuit.measure([0, 1], [0, 1])
    result = emulator.client().result(encoded(circuit), shots=10)
    assert result["results"][0]["header"]["name"] == "delayed"


REST = {"program_id": "circuit-runner", "backend": "ibmq_manila"}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "the request must be a mapping"),
        ({}, "program_id is missing; backend is missing; params is missing"),
        ({**REST, "params": {}}, "circuits is missing"),
        ({**REST, "params": []}, "params must be a mapping"),
        ({**REST, "params": {}, "backend": 3}, "backend must be text"),
        ({**REST, "params": {}, "hub": None}, "hub must be text"),
    ],
)
def test_an_odd_request_is_refused_in_the_service_s_form(emulator, body, sentence):
    client = emulator.client()
    answer = client.session.post(f"{client.runtime}/jobs", json=body, timeout=9)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == 1101
    assert error["message"] == f"The request is not valid. {sentence}"


def test_an_odd_query_is_named(emulator):
    for query, sentence in (
        ({"limit": "x"}, "limit must be a valid integer"),
        ({"limit": 0}, "limit must be greater than or equal to 1"),
        ({"pending": "maybe"}, "pending must be a valid boolean"),
    ):
        (error,) = emulator.client().get("jobs", **query).json()["errors"]
        assert error["message"] == f"The request is not valid. {sentence}"
