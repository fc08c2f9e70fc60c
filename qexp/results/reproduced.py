"""What was measured then beside what is measured now: the same, or what differs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Literal

from qexp.metrics.agreement import EXPECTED, LEVEL, Agreement, agreements

Verdict = Literal["identical", "equal within noise", "different"]

Counts = Sequence[Mapping[str, int]]

ROUNDING = 1e-6
"""How far quasi-probabilities of equal counts may lie apart: solvers are not exact."""

_ENDS = ("_low", "_high", "_plugin", "_ideal")
_TIMES = ("transpile_seconds",)
_NORMAL = 1.959963984540054
"""Standard errors from the middle to the end of a 95 % interval."""


@dataclass(frozen=True)
class Measurement:
    """What was logged of a point, as plain values.

    Attributes:
        params: Params by name; what took effect, seeds and the compiled circuit.
        metrics: Metrics by name.
        counts: Of each circuit the counts by bit string; None where the point failed.
        quasi: Of each circuit the quasi-probabilities, where counts were mitigated.
        error: Why the point failed, or None.
        about: Further things that a result may depend on, by name: versions of
            packages, the calibration, the point's identity.
    """

    params: Mapping[str, str]
    metrics: Mapping[str, float]
    counts: Counts | None
    quasi: Sequence[Mapping[str, float] | None] | None
    error: str | None
    about: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """A thing that is not as it was; None is a thing that is not known."""

    what: str
    then: str | None
    now: str | None

    def __str__(self) -> str:
        """Its name and both values."""
        return f"{self.what}: {self.then or 'not known'} → {self.now or 'not known'}"


@dataclass(frozen=True)
class MetricChange:
    """A metric then and now.

    Attributes:
        name: Its name.
        then: Its value then.
        now: Its value now.
        error: Standard error of the difference, as the two 95 % intervals have it for
            independent samples; None where one of them has none.
    """

    name: str
    then: float
    now: float
    error: float | None

    @property
    def difference(self) -> float:
        """How much more it is now."""
        return self.now - self.then


@dataclass(frozen=True)
class Reproduced:
    """What a second measurement says of the first.

    Attributes:
        verdict: `identical`, `equal within noise` or `different`.
        why: The verdict's grounds, in a sentence.
        circuits: How well the counts of each circuit agree; empty where one of the two
            has none.
        metrics: Every metric that both have.
        changes: What a result may depend on and is not as it was.
    """

    verdict: Verdict
    why: str
    circuits: tuple[Agreement, ...]
    metrics: tuple[MetricChange, ...]
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "level": LEVEL}


def compare(then: Measurement, now: Measurement) -> Reproduced:
    """What the second measurement of a point says of the first.

    `identical` is said of counts that are equal bit for bit, and of a point that fails
    as it did; `different` where a test of `qexp.metrics.agreement` tells the counts of
    a circuit apart at LEVEL, or where they cannot be compared.
    """
    changes = tuple(changed(then, now))
    verdict, why, circuits = _judged(then, now, changes)
    metrics = tuple(_metrics(then.metrics, now.metrics))
    return Reproduced(verdict, why, circuits, metrics, changes)


Judged = tuple[Verdict, str, tuple[Agreement, ...]]


def _judged(then: Measurement, now: Measurement, changes: Sequence[Change]) -> Judged:
    if then.error is not None or now.error is not None:
        return (*_failures(then.error, now.error), ())
    if then.counts is None or now.counts is None:
        return "different", "one of the two has no counts", ()
    if len(then.counts) != len(now.counts):
        numbers = f"{len(then.counts)} circuits then, {len(now.counts)} now"
        return "different", numbers, ()
    try:
        tests = tuple(agreements(then.counts, now.counts))
    except ValueError as error:
        return "different", f"the counts cannot be compared: {error}", ()
    if list(map(dict, then.counts)) == list(map(dict, now.counts)):
        return (*_of_equal_counts(then, now, len(tests)), tests)
    return (*_tested(tests, changes), tests)


def _failures(then: str | None, now: str | None) -> tuple[Verdict, str]:
    if then == now:
        return "identical", f"it fails as it did: {then}"
    if now is None:
        return "different", f"it failed then ({then}), and does not now"
    if then is None:
        return "different", f"it did not fail then, and does now: {now}"
    return "different", f"it failed otherwise then: {then}"


def _of_equal_counts(
    then: Measurement, now: Measurement, circuits: int
) -> tuple[Verdict, str]:
    which = "the counts are"
    if circuits > 1:
        which = f"the counts of all {circuits} circuits are"
    if _quasi_differ(then.quasi, now.quasi):
        why = f"{which} equal, but the quasi-probabilities made of them are not"
        return "different", why
    return "identical", f"{which} equal, outcome by outcome"


def _quasi_differ(then: Any, now: Any) -> bool:
    if then is None or now is None:
        return then is not now
    return any(
        abs((first or {}).get(key, 0.0) - (second or {}).get(key, 0.0)) > ROUNDING
        for first, second in zip_longest(then, now)
        for key in {*(first or {}), *(second or {})}
    )


def _tested(
    tests: Sequence[Agreement], changes: Sequence[Change]
) -> tuple[Verdict, str]:
    apart = [k for k, one in enumerate(tests) if one.differs]
    if apart:
        named = ", ".join(str(k) for k in apart[:8]) + (", …" if apart[8:] else "")
        least = min(one.p_holm for one in tests)
        plural = "s" if len(apart) > 1 else ""
        return "different", f"the counts of circuit{plural} {named} (p = {least:.2g})"
    least = min(one.p_holm for one in tests)
    why = f"no circuit's counts differ more than by chance (least p = {least:.2g})"
    if not any(one.freedom for one in tests):
        why = (
            f"too few shots to tell: no outcome is expected {EXPECTED:g} times in both"
        )
    if not changes:
        why += (
            "; seeds, versions and the compiled circuit are what they were, so equal "
            "counts were to be expected of a simulator"
        )
    return "equal within noise", why


def changed(then: Measurement, now: Measurement) -> Iterable[Change]:
    """Whatever a result may depend on and is not as it was.

    Short names of values are left out: which they are depends on the sweep.
    """
    for what, first, second in (
        ("param", then.params, now.params),
        ("", then.about, now.about),
    ):
        for name in dict.fromkeys([*first, *second]):
            if name.endswith("_short") or first.get(name) == second.get(name):
                continue
            full = f"{what} {name}".strip()
            yield Change(full, first.get(name), second.get(name))
    for k, (a, b) in enumerate(zip(then.counts or (), now.counts or (), strict=False)):
        if sum(a.values()) != sum(b.values()):
            shots = (str(sum(one.values())) for one in (a, b))
            yield Change(f"shots of circuit {k}", *shots)


def _metrics(
    then: Mapping[str, float], now: Mapping[str, float]
) -> Iterable[MetricChange]:
    for name in then:
        if name in now and not name.endswith((*_ENDS, *_TIMES)):
            errors = [_error(one, name) for one in (then, now)]
            known = [one for one in errors if one is not None]
            both = math.hypot(*known) if len(known) == len(errors) else None
            yield MetricChange(name, then[name], now[name], both)


def _error(metrics: Mapping[str, float], name: str) -> float | None:
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    return None if low is None or high is None else (high - low) / (2 * _NORMAL)
