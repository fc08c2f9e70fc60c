"""A sweep in Python: its table, its analyses, its page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qexp.effects import Analysis, Best
from qexp.errors import ConfigError
from qexp.findings.analysed import Findings
from qexp.findings.outcomes import Shown
from qexp.findings.page import Picture
from qexp.findings.pictures import pictures
from qexp.findings.story import page_of


class Sweep:
    """A sweep that has been run, as `qexp.load` gives it.

    In a notebook it shows what it found; `frame` is where one's own analysis begins.
    """

    def __init__(self, findings: Findings) -> None:
        """Take over what is known of a sweep."""
        self._findings = findings

    def __repr__(self) -> str:
        gathered = self._findings.gathered
        return f"<Sweep {gathered.sweep}: {gathered.title}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the findings, the effects, and a picture of them."""
        gathered = self._findings.gathered
        parts = [f"<h3>{gathered.title} ({gathered.sweep})</h3>"]
        parts.append(f"<p>{self._findings.sentences}</p>")
        parts += [
            f'<img alt="{one.caption}" src="{one.source}">' for one in self.pictures
        ]
        if self._findings.main is not None:
            parts.append(self._findings.main.table.to_html(index=False))
        return "\n".join(parts)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each point: its params, its metrics, and where it stood.

        Columns that are always there: `point`, `block` (the repeat), `job` and `position`
        (numbers in the plan), `status` (finished, failed or refused), `error`. Options
        stand under their own names, with the values that took effect.
        """
        return self._findings.gathered.frame.copy()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that can be analysed, the first the one that counts."""
        return tuple(self._findings.analyses)

    @property
    def sentences(self) -> str:
        """What it found, in two sentences."""
        return self._findings.sentences

    @property
    def effects(self) -> pd.DataFrame:
        """All effects and interactions, by the columns of effects.csv."""
        return self._findings.effects

    def analysis(self, metric: str | None = None) -> Analysis:
        """What the statistics say about a metric.

        Args:
            metric: One of `metrics`; the first where it is not given.

        Raises:
            ConfigError: There is no such metric in it, or nothing varies.
        """
        found = self._findings.analyses
        if not found:
            raise ConfigError(
                f"{self!r}: nothing varies in it, or nothing was measured."
            )
        name = metric or next(iter(found))
        if name not in found:
            raise ConfigError(f"metric = {name}: {self!r} has {', '.join(found)}.")
        return found[name]

    @property
    def best(self) -> Best | None:
        """The settings, ranked; None where there are not two."""
        return self.analysis().best

    @property
    def outcomes(self) -> tuple[Shown, ...]:
        """Counts of the best setting and of the reference, with what is ideal."""
        return self._findings.outcomes

    @property
    def pictures(self) -> list[Picture]:
        """Its pictures, as PNG."""
        return pictures(self._findings)

    def report(self, file: str | Path) -> Path:
        """Write its page; one HTML file that needs nothing else.

        Returns:
            The file.
        """
        written = Path(file)
        written.write_text(page_of([self._findings]))
        return written
