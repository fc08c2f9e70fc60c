"""The emulator's counts are those of `service=local`."""

from __future__ import annotations

import pytest

from qexp.services.local import Local
from tests.embedded import answers, built, data, experiments, part, submission
from tests.emulating import bell, encoded

OPTIONS = {
    "plain": {},
    "compiled": {
        "optimization_level": 3,
        "transpiler_options": {"layout_method": "dense", "routing_method": "basic"},
    },
    "placed": {"initial_layout": [3, 4], "optimization_level": 0, "memory": True},
    "mitigated": {"measurement_error_mitigation": True, "init_qubits": False},
    "unset": {"optimization_level": None, "rep_delay": 0.0001, "header": {"a": 1}},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_counts_equal_those_of_the_embedded_service(emulator, options):
    circuits = [bell(f"point-{k}") for k in range(2)]
    circuits[1].name = "point-1"
    asked = {"seed_simulator": 11, "shots": 500, "seed_transpiler": 5, **options}
    theirs = emulator.client().result([encoded(one) for one in circuits], **asked)
    inputs = {key: value for key, value in asked.items() if value is not None}
    local = Local(workers=1)
    ours = answers(
        local, submission(part("point", circuits=built(*circuits)), **inputs)
    )
    local.close()
    found = experiments([theirs])
    assert sorted(found) == ["point-0", "point-1"]
    assert data(found) == data(ours)
    assert found["point-0"]["data"] != found["point-1"]["data"]


def test_without_a_seed_counts_differ(emulator):
    client = emulator.client()
    one, two = (client.result(encoded(bell()), shots=8000) for _ in range(2))
    assert one["results"][0]["data"] != two["results"][0]["data"]
