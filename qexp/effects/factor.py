"""What a sweep varies: an option, an argument of the circuit, the backend, a seed."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["compile", "execute", "circuit", "seed"]

COMPILE = frozenset(
    """initial_layout layout_method routing_method translation_method
    optimization_level transpiler_options skip_transpilation""".split()
)
"""Options that act through the compiled circuit alone: where that is the same, they do
nothing."""

SEED = "seed_transpiler"


@dataclass(frozen=True)
class Factor:
    """One thing that a sweep varies.

    Attributes:
        name: Its column.
        levels: Its values, at least two, the reference first.
        kind: `compile` acts through the compiled circuit alone; `execute` does not;
            `circuit` is an argument of the circuit, or which circuit it is; `seed` is
            averaged over and has no effect of its own.
    """

    name: str
    levels: tuple[Hashable, ...]
    kind: Kind

    @property
    def reference(self) -> Hashable:
        """The level that the others are compared with."""
        return self.levels[0]

    @property
    def is_option(self) -> bool:
        """Whether it is chosen by whoever runs a circuit."""
        return self.kind in ("compile", "execute")


def factor(
    name: str,
    values: Iterable[Hashable],
    default: Hashable = None,
    kind: Kind | None = None,
) -> Factor:
    """A factor from its values as they were listed.

    Args:
        name: Its column, such as `layout_method` or `circuit.n`.
        values: Its values in the order of the declaration; doubles count once.
        default: What `run_circuits` takes where nothing is set. The reference where it
            is among the values, else the first value is.
        kind: None decides by the name.

    Raises:
        ValueError: There are fewer than two different values.
    """
    levels = list(dict.fromkeys(map(plain, values)))
    if len(levels) < 2:
        raise ValueError(f"{name}: {levels!r} is not two values, so nothing varies")
    reference = plain(default)
    if reference in levels:
        levels.remove(reference)
        levels.insert(0, reference)
    return Factor(name, tuple(levels), kind or kind_of(name))


def kind_of(name: str) -> Kind:
    """What a column of that name acts through."""
    if name == "circuit" or name.startswith("circuit."):
        return "circuit"
    if name == SEED:
        return "seed"
    return "compile" if name in COMPILE else "execute"


def plain(value: Hashable) -> Hashable:
    """The value, with None for pandas' ways to say that there is none."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return None if type(value).__name__ in ("NAType", "NaTType") else value
