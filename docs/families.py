"""The pages of the experiments, from their classes: `python -m docs.generate`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from docs.tables import table
from qexp.families import Family

CONF = Path(__file__).parent.parent / "conf"

PAGE = """# {title}

{text}

```bash
python -m qexp +experiment={name} backend=ibmq_montreal
```

{sections}"""

METRIC = """## What it is scored by

{names}. The first counts where one number is asked for; each has `raw_<name>` beside it, and
`<name>_low` and `<name>_high` where its interval is honest. All circuits of a point travel in one job.
"""

VERDICT = """Where readout is mitigated, {names} is given as `raw_…` only: no interval holds the error of the calibration.
"""

PRIVATE = ("kind", "family")


def experiments() -> dict[str, str]:
    """The pages by file name."""
    found = {}
    for file in sorted((CONF / "experiment").glob("*.yaml")):
        family = _family(file.stem)
        if family is not None:
            found[f"{file.stem}.md"] = _page(file, family)
    return found


def _family(name: str) -> type[Family] | None:
    circuit = CONF / "circuit" / f"{name}.yaml"
    content: dict[str, Any] = (
        yaml.safe_load(circuit.read_text()) if circuit.exists() else {}
    )
    if content.get("kind") != "family":
        return None
    module, _, kind = content["family"].rpartition(".")
    made: type[Family] = getattr(import_module(module), kind)
    return made


def _page(file: Path, family: type[Family]) -> str:
    title = file.read_text().splitlines()[2].removeprefix("# ").rstrip(".")
    sections = []
    if any(name not in PRIVATE for name in family.model_fields):
        sections.append(f"## What can be set\n\n{table(family, 'circuit.')}")
    sections.append(METRIC.format(names=_listed(family.metrics)))
    if family.verdicts:
        sections.append(VERDICT.format(names=_listed(family.verdicts)))
    return PAGE.format(
        title=title,
        name=file.stem,
        text=inspect.cleandoc(family.__doc__ or ""),
        sections="\n".join(sections),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
