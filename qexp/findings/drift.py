"""What the sentinels of a sweep say: whether the device moved while it ran."""

from __future__ import annotations

from matplotlib.figure import Figure

from qexp.figures.drift import homogeneity, judgement
from qexp.figures.sentinel import Reading, sentinel
from qexp.findings.gathered import Gathered

ADVICE = (
    "Differences between jobs may be the device's drift; those within jobs are safer."
)


def warning(gathered: Gathered) -> str:
    """What a reader is warned of: sentinels that moved by more than their intervals let.

    Returns:
        Empty where they did not, or where too few are known.
    """
    found = _readings(gathered)
    values = [one.value for one in found]
    ends = [one.low for one in found], [one.high for one in found]
    statistic, limit = homogeneity(values, *ends, [one.setting for one in found])
    if statistic <= limit:
        return ""
    count = sum(value is not None for value in values)
    return f"{judgement(statistic, limit, count)} {ADVICE}"


def picture(gathered: Gathered) -> Figure | None:
    """The sentinels over time; None where there are none."""
    found = _readings(gathered)
    if not found:
        return None
    where = " and ".join(gathered.devices) or "no device"
    return sentinel(
        found,
        metric="success_probability",
        title=f"{gathered.name}: the sentinel over time",
        subtitle=f"{gathered.sentinel or 'a known circuit'} as each job's first and last, "
        f"on {where}",
    )


def _readings(gathered: Gathered) -> list[Reading]:
    return [
        Reading(
            start=one.at,
            value=one.scored.value if one.scored else None,
            low=one.scored.low if one.scored else None,
            high=one.scored.high if one.scored else None,
            block=one.block + 1,
            setting=one.setting,
        )
        for one in gathered.watched
    ]
