"""Seeds: drawn once, derived from names, never from order."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qexp.declare.options import SEED_LIMIT, Options


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds that a run uses.

    Attributes:
        sweep: What the others are drawn from, unless they are set.
        transpiler: The compiler's; one for each repeat, shared by all options.
        simulator: What each circuit's own sampling seed is derived from.
    """

    sweep: int
    transpiler: int
    simulator: int


def sweep_seed(seed: int | None) -> int:
    """The experiment's `seed`, or one that is drawn where it is None."""
    return secrets.randbelow(SEED_LIMIT) if seed is None else seed


def draw(sweep: int, options: Options, repeat: int) -> Seeds:
    """The seeds of one point; those that the user set are kept.

    Args:
        sweep: The sweep's seed.
        options: Options, whose `seed_transpiler` and `run_config.seed_simulator` count.
        repeat: Number of the repeat, from 0.
    """
    transpiler, simulator = options.seed_transpiler, set_simulator_seed(options)
    return Seeds(
        sweep,
        derive(sweep, f"transpiler-{repeat}") if transpiler is None else transpiler,
        derive(sweep, "simulator") if simulator is None else simulator,
    )


def set_simulator_seed(options: Options) -> int | None:
    """The `seed_simulator` that the user set, if any."""
    return options.run_config.get("seed_simulator")


@lru_cache(maxsize=4096)
def derive(seed: int, name: str) -> int:
    """A seed for what is called ``name``, independent of all other names' seeds.

    Args:
        seed: Any non-negative integer.
        name: Any text; for sampling it is the circuit's, `<sample>-<k>`.

    Returns:
        An integer from 0 to 2**31 - 1, by numpy's SeedSequence over the seed and the
        name's SHA-256.
    """
    digest = hashlib.sha256(name.encode()).digest()
    words = np.frombuffer(digest, dtype=np.uint32).tolist()
    state = np.random.SeedSequence([seed, *words]).generate_state(1)
    return int(state[0]) & SEED_LIMIT
