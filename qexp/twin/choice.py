"""Which engine simulates a program: the fastest of those that can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qexp.declare.twin import EngineName
from qexp.errors import PointFailed
from qexp.twin import clifford, exact, layout
from qexp.twin.build import Built

LARGEST = 2**30
"""Most numbers of a contraction: above, numpy would need more than its 32 axes."""

SOON = 1.0
"""Seconds that exact probabilities may take before an approximation is chosen."""

LOGICAL = 1
"""Most logical qubits that rotations may span where twirled noise was compared with
exact noise (tests/clifford/far.py)."""

BOND = 64
"""Largest bond of matrix product states that is chosen without being asked for."""

AER = 1.0
"""Seconds that a run of Aer takes whatever it simulates, its import included."""


@dataclass(frozen=True)
class Asked:
    """What is to be simulated.

    Attributes:
        built: The program.
        plan: Makes it ready for exact probabilities.
        shots: Repetitions.
        memory: Bytes at hand.
    """

    built: Built
    plan: Callable[[], exact.Plan]
    shots: int
    memory: int

    @property
    def qubits(self) -> int:
        """Those of a state vector: the active ones, and a coin where one is tossed."""
        return len(self.built.program.places) + (not self.built.plain)


@dataclass(frozen=True)
class Engine:
    """A way to simulate.

    Attributes:
        refusal: Why it cannot simulate something, or None.
        seconds: About how long it takes: which is faster is what counts.
        unwise: Why it is not chosen unless it is asked for, or None.
    """

    refusal: Callable[[Asked], str | None]
    seconds: Callable[[Asked], float]
    unwise: Callable[[Asked], str | None] = lambda asked: None


def _exact_refusal(asked: Asked) -> str | None:
    reason = exact.refusal(asked.built)
    if reason is not None:
        return reason
    needed = asked.plan().memory
    if needed > min(asked.memory, 8 * LARGEST):
        return f"its probabilities take {_size(needed)}"
    return None


def _exact_seconds(asked: Asked) -> float:
    # 2e-10 s for each multiplication, with the copies that it takes; then readout error,
    # bit by bit, and drawing shots, over all outcomes: measured on 27 qubits
    plan = asked.plan()
    bits = len(plan.outcomes)
    return 2e-10 * plan.order.work + (2e-9 * bits + 5e-9) * 2.0**bits


def _clifford_refusal(asked: Asked) -> str | None:
    if not asked.built.plain:
        return "it measures or resets in the middle"
    return clifford.refusal(asked.built.program)


def _clifford_unwise(asked: Asked) -> str | None:
    if clifford.rank(asked.built.program) > LOGICAL:
        return (
            f"its rotations span more than {LOGICAL} logical qubit, where nobody has "
            "compared twirled noise with exact noise"
        )
    if _exact_refusal(asked) is None and _exact_seconds(asked) <= SOON:
        return "exact probabilities take no longer"
    return None


def _clifford_seconds(asked: Asked) -> float:
    # 2e-9 s for each step of a shot; measured on GHZ states of 27 and 127 qubits
    return 0.1 + 2e-9 * asked.shots * (len(asked.built.program.steps) + asked.qubits)


def _mps_refusal(asked: Asked) -> str | None:
    # Aer 0.14 crashes on product states that are measured in the middle
    return None if asked.built.plain else "it measures or resets in the middle"


def _mps_unwise(asked: Asked) -> str | None:
    if layout.bond(asked.built.program) > BOND:
        return f"its entanglement may need matrix product states of more than {BOND}"
    return None


def _mps_seconds(asked: Asked) -> float:
    gates = len(layout.pairs(asked.built.program)) + asked.qubits
    return (
        asked.shots
        * gates
        * (3e-5 + 2e-9 * float(layout.bond(asked.built.program)) ** 3)
    )


def _trajectories_refusal(asked: Asked) -> str | None:
    needed = 32 << asked.qubits
    if needed > asked.memory:
        return f"state vectors of {asked.qubits} qubits take {_size(needed)}"
    return None


def _trajectories_seconds(asked: Asked) -> float:
    gates = len(layout.pairs(asked.built.program)) + asked.qubits
    return AER + asked.shots * gates * (1e-5 + 2.5e-8 * 2.0**asked.qubits)


ENGINES: dict[EngineName, Engine] = {
    "exact": Engine(_exact_refusal, _exact_seconds),
    "clifford": Engine(_clifford_refusal, _clifford_seconds, _clifford_unwise),
    "mps": Engine(_mps_refusal, _mps_seconds, _mps_unwise),
    "trajectories": Engine(_trajectories_refusal, _trajectories_seconds),
}
"""Another joins by an entry here, and one in `simulate.SAMPLERS`. The first that takes
less time than starting Aer is taken."""


def choose(asked: Asked, wanted: EngineName) -> EngineName:
    """The engine for something.

    Args:
        asked: What is to be simulated.
        wanted: `service.twin.engine`.

    Raises:
        PointFailed: The wanted one cannot, or none can; says why.
    """
    if wanted != "auto":
        reason = ENGINES[wanted].refusal(asked)
        if reason is not None:
            raise PointFailed(f"service.twin.engine = {wanted}: {reason}.")
        return wanted
    against: dict[str, str] = {}
    seconds: dict[EngineName, float] = {}
    for name, engine in ENGINES.items():
        reason = engine.refusal(asked) or engine.unwise(asked)
        if reason is not None:
            against[name] = reason
            continue
        seconds[name] = engine.seconds(asked)
        if seconds[name] < AER:
            return name
    if not seconds:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in against.items())
        raise PointFailed(
            f"{len(asked.built.program.places)} active qubits cannot be simulated with "
            f"noise in the {_size(asked.memory)} of memory at hand ({reasons}). Use fewer "
            "qubits, or service.noise=ideal."
        )
    return min(seconds, key=seconds.__getitem__)


def _size(number: int) -> str:
    for unit, power in (("MiB", 20), ("GiB", 30), ("TiB", 40)):
        if number < 2 ** (power + 10):
            return f"{number / 2**power:.1f} {unit}"
    return "more than 1,000 TiB"
