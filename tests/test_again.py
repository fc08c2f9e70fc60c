"""One point of a frozen plan, made again from the record alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qexp.declare.choice import choice
from qexp.declare.expand import single
from qexp.declare.read import read_tree
from qexp.errors import ConfigError
from qexp.planning import cell as cells
from qexp.planning.again import again, find, once_more
from qexp.planning.cell import make
from qexp.planning.frozen import freeze, thaw
from qexp.planning.plan import plan
from qexp.planning.recorded import unpacked

MODULE = """
from pathlib import Path
from qiskit import QuantumCircuit

def made():
    Path("called").touch()
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    return circuit
"""


def planned(**sections):
    tree = {
        "name": "x",
        "circuit": {"kind": "ghz"},
        "backend": choice("backend", "ibmq_manila"),
        "repeats": 3,
        **sections,
    }
    return plan(make(single(read_tree(tree)).cells), swept=True, seed=11)


def made_again(before, point, **values):
    found = find(freeze(before), point, unpacked)
    return again(
        found, once_more(found, values), seed=found.seed, name="y", reproduces="run"
    )


def test_it_is_the_same_point_with_the_same_seeds():
    before = planned(budget={"jobs": 9}, sentinel="readout", share_identical=True)
    for point, place in before.places.items():
        after = made_again(before, point)
        (now,) = after.places.values()
        assert (now.point, now.seeds, now.block) == (
            place.point,
            place.seeds,
            place.block,
        )
        assert (after.name, after.reproduces, after.swept) == ("y", "run", False)
        (sent,) = after.submissions
        (then,) = [one for one in before.submissions if one.id == place.submission]
        assert sent.inputs == then.inputs
        (part,) = sent.parts  # without the sentinels
        (measured,) = [one for one in then.parts if one.name == point]
        assert (part.names, part.key, part.compile) == (
            measured.names,
            measured.key,
            measured.compile,
        )
    assert after.first.experiment.budget.jobs is None


def test_on_a_device_the_sentinels_stay():
    service = {"kind": "circuit_runner", "url": "http://h/api", "compile": "client"}
    before = planned(service=service, sentinel="readout")
    after = made_again(
        before, next(iter(before.places)), **{"service.url": "http://i/api"}
    )
    assert [len(one.parts) for one in after.submissions] == [3]
    assert after.first.experiment.service.url == "http://i/api"
    assert after.places.keys() < before.places.keys()


def test_another_version_s_point_is_made_all_the_same(monkeypatch):
    before = planned()
    point = next(iter(before.places))
    frozen = freeze(before)
    monkeypatch.setattr(cells, "PROGRAM", "another")
    found = find(frozen, point, unpacked)
    after = again(found, once_more(found, {}), seed=11, name="x", reproduces="run")
    (now,) = after.places.values()
    assert now.point.id != point
    assert now.point.sample == before.places[point].point.sample


def test_no_function_of_a_record_is_called(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    (folder / "of_a_record.py").write_text(MODULE)
    before = planned(circuit={"kind": "python", "function": "of_a_record.made"})
    (folder / "called").unlink()
    after = made_again(before, next(iter(before.places)))
    thawed = thaw(freeze(after)).plan
    assert thawed.reproduces == "run"
    assert thawed.places.keys() == after.places.keys()
    assert not (folder / "called").exists()
    # where the plan is this workspace's own, it is
    thaw(freeze(replace(after, reproduces=None)))
    assert (folder / "called").exists()


def test_what_cannot_be_made_is_said():
    before = planned()
    point = next(iter(before.places))
    with pytest.raises(ConfigError, match=r"frozen\.json: has no point fff"):
        find(freeze(before), "fff", unpacked)
    frozen = json.loads(freeze(before))
    frozen["devices"] = {}
    for content in (b"no JSON", b"[]", b'{"cells": 3}', json.dumps(frozen).encode()):
        with pytest.raises(ConfigError, match=f"point {point} cannot be made again"):
            find(content, point, unpacked)
    with pytest.raises(ConfigError, match=r"budget\.jobs"):
        made_again(before, point, **{"budget.jobs": "none"})
