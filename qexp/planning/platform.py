"""What today's IBM Quantum Platform takes of the options, and what replaced the rest."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from qexp.circuits import Built
from qexp.declare.config import Service
from qexp.declare.ibm_quantum import SUPPRESSION, IbmQuantumService, wrong
from qexp.declare.options import Options
from qexp.planning.problem import Problem

TAKEN = frozenset({"memory", "seed_simulator", "skip_transpilation"})
"""Keys of `run_config` that have a meaning here; a seed reaches simulators only."""

GONE = {
    "header": "the platform has no header. Jobs are found by tags, which qexp sets; put "
    "what you want to remember into name=…",
    "meas_level": "only classified outcomes (level 2) can be scored, and they are what "
    "comes. Leave it out.",
    "meas_return": "it belonged to meas_level 0 and 1. Every shot comes; memory=true "
    "keeps them in order.",
    "noise_model": "a device has its own noise. service=local simulates it.",
    "resilience_level": "the sampler has none. options.measurement_error_mitigation, "
    "twirling and dynamical_decoupling are what there is.",
}
"""Keys that users of the older services, or of the other primitive, will try."""


def run_config(options: Options) -> Iterator[Problem]:
    """What is wrong with `options.run_config` on the platform."""
    allowed = sorted({*TAKEN, *SUPPRESSION})
    for key, value in options.run_config.items():
        path = f"options.run_config.{key}"
        if key in Options.model_fields:
            yield Problem(path, value, f"is an option of its own; set options.{key}.")
        elif key in GONE:
            yield Problem(path, value, GONE[key])
        elif key in SUPPRESSION:
            yield from _section(path, key, value)
        elif key not in TAKEN:
            near = get_close_matches(key, allowed, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            known = ", ".join(allowed)
            yield Problem(
                path,
                value,
                f"no such option.{hint} service ibm_quantum takes: {known}.",
            )
    seed = options.run_config.get("seed_simulator", 0)
    if type(seed) is not int or seed < 0:
        path = "options.run_config.seed_simulator"
        yield Problem(path, seed, "must be an integer from 0.")


def _section(path: str, key: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, dict):
        fields = ", ".join(SUPPRESSION[key].model_fields)
        yield Problem(path, value, f"must be a mapping with some of: {fields}.")
        return
    for field, given, why in wrong(key, value):
        yield Problem(f"{path}.{field}", given, why)


def suppression(options: Options, service: Service, built: Built) -> Iterator[Problem]:
    """Dynamical decoupling of circuits whose timing depends on outcomes."""
    asked = options.run_config.get("dynamical_decoupling")
    if not isinstance(service, IbmQuantumService) or not isinstance(asked, dict):
        return
    if not asked.get("enable"):
        return
    for facts, label in zip(built.facts, built.labels, strict=True):
        if not facts.only_final:
            yield Problem(
                "options.run_config.dynamical_decoupling.enable",
                True,
                f"circuit {label} measures in the middle or depends on outcomes, and the "
                "platform decouples circuits of fixed timing only. Set it to false.",
            )
