"""Yes or no is said by an interval, so not where none is honest."""

from __future__ import annotations

import pytest

from qexp.families.bell import Chsh, Mermin
from qexp.families.ghz import GhzFidelity
from qexp.families.volume import QuantumVolume
from qexp.results.family import analysed
from qexp.results.result import Measured, Result
from tests.families.machines import ideal


@pytest.mark.parametrize(
    "family",
    [Chsh(), Mermin(), GhzFidelity(num_qubits=3), QuantumVolume(num_qubits=3)],
    ids=lambda family: type(family).__name__,
)
@pytest.mark.parametrize("mitigated", [False, True])
def test_a_mitigated_point_has_no_verdict(family, mitigated):
    taken = ideal(family, shots=1000)
    measured = [
        Measured(
            one.shots,
            dict(one.counts),
            dict(one.probabilities) if mitigated else None,
            {},
            {},
            None,
        )
        for one in taken
    ]
    scored = analysed(family, Result("a point", tuple(measured)), family.metrics)
    names = {one.name for one in scored}
    assert family.verdicts
    for name in family.metrics:
        assert f"raw_{name}" in names
        assert (name in names) is not (mitigated and name in family.verdicts)
