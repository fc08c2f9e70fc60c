"""A sweep told: the files of its run, its description, its page."""

from __future__ import annotations

from collections.abc import Sequence

from qexp.findings.analysed import Findings
from qexp.findings.compared import compared
from qexp.findings.outcomes import as_json
from qexp.findings.page import page

EFFECTS = "effects.csv"
OUTCOMES = "outcomes.json"
REPORT = "report.html"


def tables(found: Findings) -> dict[str, str]:
    """The tables of a sweep's run, by the names of its artifacts."""
    tables = {EFFECTS: found.effects.to_csv(index=False)}
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
