"""A sweep told: the files of its run, its description, its page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from qexp.findings.analysed import Findings
from qexp.findings.compared import compared
from qexp.findings.outcomes import as_json
from qexp.findings.page import page
from qexp.streamed import Streamed, Text

EFFECTS = "effects.csv"
OUTCOMES = "outcomes.json"
REPORT = "report.html"

COMPARED = 100
"""Most runs that a link compares: MLflow's tags are short, and so is one's patience."""


def tables(found: Findings) -> dict[str, Text]:
    """The tables of a sweep's run, by the names of its artifacts."""
    tables: dict[str, Text] = {EFFECTS: Streamed(found.effects_csv)}
    if found.outcomes:
        tables[OUTCOMES] = as_json(found.chosen, found.recall)
    return tables


def plain_page(found: Findings) -> dict[str, bytes]:
    """The page of a sweep's run without pictures, by the name of the artifact."""
    return {REPORT: page([found], [[]]).encode()}


def drawn(found: Findings) -> dict[str, bytes]:
    """The page and the pictures of a sweep's run, by the names of its artifacts."""
    from qexp.findings.pictures import pictures, vector  # matplotlib takes its time

    made = pictures(found)
    files = {REPORT: page([found], [made]).encode()}
    files |= {f"{one.name}.png": one.png for one in made}
    return files | vector(found)


def page_of(found: Sequence[Findings]) -> str:
    """The page about some sweeps."""
    from qexp.findings.pictures import pictures

    return page(found, [pictures(one) for one in found], compared(found))


def compared_in_mlflow(experiment: str, runs: Sequence[tuple[int, str]]) -> str:
    """A Markdown link to MLflow's comparison of a sweep's points.

    Whoever ticks a sweep in MLflow ticks its own run, too, which has no scores, and then
    there are none to compare.

    Args:
        experiment: MLflow's id of the experiment.
        runs: Block and run of each point.

    Returns:
        A link to all, to the first repeat where that are too many, or nothing.
    """
    if len(runs) <= COMPARED:
        chosen, what = [run for _, run in runs], f"its {len(runs)} points"
    else:
        first = min(block for block, _ in runs)
        chosen = [run for block, run in runs if block == first]
        what = f"the {len(chosen)} points of its first repeat"
    if not 2 <= len(chosen) <= COMPARED:
        return ""
    address = (
        f"#/compare-runs?runs={_listed(chosen)}&experiments={_listed([experiment])}"
    )
    return f"[Compare {what}]({address})"


def _listed(names: Sequence[str]) -> str:
    return quote(json.dumps(names, separators=(",", ":")), safe=",")


def shown_in_mlflow(found: Findings, run: str) -> str:
    """Markdown that shows the main pictures, which are artifacts of a run."""
    if not found.analyses:
        return ""
    names = {"effects.png": "effects", "levels.png": "levels"}
    # relative to MLflow's one page, wherever that is served
    return "\n\n".join(
        f"![{caption}](get-artifact?path={name}&run_uuid={run})"
        for name, caption in names.items()
    )
