"""Cells by their settings: what can be chosen, whatever circuits they run."""

from __future__ import annotations

from collections.abc import Sequence

from qexp.errors import ConfigError
from qexp.planning.cell import Cell
from qexp.planning.wording import shown


def by_setting(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells that differ in their circuits and compiler seeds alone, together."""
    found: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in cells:
        chosen = [(k, shown(v)) for k, v in cell.labels.items() if _is_chosen(k)]
        found.setdefault(tuple(chosen), []).append(cell)
    return list(found.values())


def _is_chosen(key: str) -> bool:
    of_circuit = key == "circuit" or key.startswith("circuit.")
    return not of_circuit and key != "options.seed_transpiler"


def require_choice(cells: Sequence[Cell]) -> None:
    """Refuse to confirm the best of what leaves no choice.

    Raises:
        ConfigError: Says so.
    """
    confirm = cells[0].experiment.confirm if cells else 0
    if confirm and len(by_setting(cells)) < 2:
        raise ConfigError(
            f"confirm = {confirm}: there is one setting only, so there is no best one to "
            "confirm. Sweep over an option, or use repeats=… alone."
        )
