"""What is printed of a point that was measured again."""

from __future__ import annotations

from qexp.results.reproduced import MetricChange, Reproduced
from qexp.shown.screen import Screen

LISTED = 16
"""Most circuits, and most changes, that are listed; the artifact has all of them."""


def show_reproduced(found: Reproduced, run_id: str, screen: Screen) -> None:
    """Print how counts and metrics compare, what is not as it was, and the verdict.

    Args:
        found: The comparison.
        run_id: The run that was reproduced.
        screen: Where it goes.
    """
    screen.line()
    _circuits(found, screen)
    _metrics(found, screen)
    for change in found.changes[:LISTED]:
        screen.line(f"not as it was  {change}")
    if len(found.changes) > LISTED:
        screen.line(f"and {len(found.changes) - LISTED} more; see reproduction.json")
    screen.line(f"{found.verdict.upper()}  {found.why}; then: run {run_id}")


def _circuits(found: Reproduced, screen: Screen) -> None:
    if not found.circuits or found.verdict == "identical":
        return
    columns = ["circuit", "distance", "chi-square", "freedom", "p", "p (Holm)"]
    numbered = sorted(enumerate(found.circuits), key=lambda one: one[1].p)
    rows = [
        [
            str(k),
            f"{one.distance:.4f}",
            f"{one.statistic:.1f}",
            str(one.freedom),
            f"{one.p:.2g}",
            f"{one.p_holm:.2g}",
        ]
        for k, one in numbered[:LISTED]
    ]
    screen.table(columns, rows)
    screen.line()


def _metrics(found: Reproduced, screen: Screen) -> None:
    moved = [one for one in found.metrics if one.difference]
    if not moved:
        return
    screen.table(["metric", "then", "now", "difference"], [_row(one) for one in moved])
    screen.line()


def _row(one: MetricChange) -> list[str]:
    error = "" if one.error is None else f" ± {one.error:.4f}"
    return [
        one.name,
        f"{one.then:.4f}",
        f"{one.now:.4f}",
        f"{one.difference:+.4f}{error}",
    ]
