"""Answers taken apart: names, bit order, failures."""

from __future__ import annotations

import pytest

from qexp import circuits
from qexp.config import Backend, Experiment, GhzCircuit
from qexp.device import load
from qexp.errors import ServiceError
from qexp.plan import submission
from qexp.result import split
from qexp.run import make_point
from qexp.seeds import Seeds


@pytest.fixture
def sent():
    declared = Experiment(
        name="n", circuit=GhzCircuit(num_qubits=3), backend=Backend(name="aer_ideal")
    )
    built = circuits.build(declared.circuit)
    point = make_point(declared, load(declared.backend), built)
    return submission(point, built, Seeds(0, 0, 0))


def answer(sent, **changes):
    experiment = {
        "success": True,
        "status": "DONE",
        "shots": 10,
        "data": {"counts": {"0x1": 4, "0x6": 6}},
        "header": {"name": sent.circuits[0].name, "memory_slots": 3},
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


def test_an_answer_to_something_else_is_refused(sent):
    other = answer(sent)
    other["results"][0]["header"]["name"] = "other-0"
    with pytest.raises(ServiceError, match="other-0"):
        split(sent, other)
