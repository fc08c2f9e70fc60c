"""Answers taken apart: names, bit order, failures."""

from __future__ import annotations

import pytest

from qexp import circuits
from qexp.declare.config import Backend, GhzCircuit, LocalService
from qexp.devices.device import load
from qexp.errors import ServiceError
from qexp.planning.submission import Part, Submission
from qexp.results.result import split


def submission(*names):
    built = circuits.build(GhzCircuit(num_qubits=3))
    parts = tuple(Part(name, name, built, {}, "key") for name in names)
    device = load(Backend(name="aer_ideal"))
    return Submission("s", LocalService(), device, parts, {"shots": 10})


@pytest.fixture
def sent():
    return submission("point")


def answer(sent, **changes):
    experiment = {
        "success": True,
        "status": "DONE",
        "shots": 10,
        "data": {"counts": {"0x1": 4, "0x6": 6}},
        "header": {"name": sent.names[0], "memory_slots": 3},
    }
    return {"results": [experiment | changes]}


def test_counts_are_bit_strings_with_clbit_0_on_the_right(sent):
    (result,) = split(sent, answer(sent))
    assert result.measured[0].counts == {"001": 4, "110": 6}
    assert result.measured[0].quasi is None
    assert result.measured[0].memory is None


def test_quasi_probabilities_are_put_where_their_clbits_are(sent):
    # two of three clbits were measured: 2 by the first in the mapping, 0 by the second
    header = answer(sent)["results"][0]["header"]
    header["final_measurement_mapping"] = {"14": 2, "5": 0}
    data = {"counts": {"0x1": 10}, "quasiprobabilities": {"0x1": 0.9, "0x2": 0.1}}
    (result,) = split(sent, answer(sent, data=data, header=header))
    assert result.measured[0].quasi == {"100": 0.9, "001": 0.1}
    assert result.measured[0].mapping == {14: 2, 5: 0}


def test_memory_is_read(sent):
    data = {"counts": {"0x1": 1}, "memory": ["0x1"]}
    (result,) = split(sent, answer(sent, data=data))
    assert result.measured[0].memory == ["001"]


def test_a_failed_circuit_fails_its_point_with_the_reason(sent):
    (result,) = split(
        sent, answer(sent, success=False, status="ERROR: no luck", data={})
    )
    assert result.error == "no luck"
    assert result.measured == ()


def test_the_reason_names_circuits_as_people_do(sent):
    (travelled,) = sent.names
    (label,) = sent.parts[0].built.labels
    why = f"ERROR: circuit 0 ({travelled}): no luck with {travelled}. other-0, ghz-3"
    (result,) = split(sent, answer(sent, success=False, status=why, data={}))
    assert travelled not in result.error
    assert result.error == (
        f"circuit 0 ({label}): no luck with {label}. other-0, ghz-3"
    )


def test_an_answer_to_something_else_is_refused(sent):
    other = answer(sent)
    other["results"][0]["header"]["name"] = "other-0"
    with pytest.raises(ServiceError, match="other-0"):
        split(sent, other)


def both(*names):
    return {"results": [answer(submission(name))["results"][0] for name in names]}


def test_an_answer_may_have_some_parts_and_not_others():
    three = submission("a", "b", "c")
    assert [one.name for one in split(three, both("b"))] == ["b"]
    assert [one.name for one in split(three, both("a", "c"))] == ["a", "c"]


def test_a_part_without_some_of_its_circuits_is_refused():
    built = circuits.build(GhzCircuit(num_qubits=3))
    two = Part(
        "p", "p", built.__class__(built.circuits * 2, "x", ("a", "b")), {}, "key"
    )
    device = load(Backend(name="aer_ideal"))
    sent = Submission("s", LocalService(), device, (two,), {})
    with pytest.raises(ServiceError, match="p-1"):
        split(sent, both("p"))
