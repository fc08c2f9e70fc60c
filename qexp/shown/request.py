"""What `plan` was asked for, taken from the command line before Hydra reads it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from qexp.errors import ConfigError
from qexp.verbs import FLAGS, VERBS

HYDRAS = (
    "--multirun",
    "--config-path",
    "--config-name",
    "--config-dir",
    "--experimental-rerun",
)
"""Flags of Hydra's that go with a plan."""


@dataclass(frozen=True)
class PlanRequest:
    """How a plan is to be shown.

    Attributes:
        json: As JSON, for machines.
        compile: With every circuit compiled, so that QPU time is exact.
        explain: Id of a point, or its beginning, whose identity is to be shown.
    """

    json: bool = False
    compile: bool = False
    explain: str | None = None


def plan_request(arguments: list[str]) -> tuple[PlanRequest | None, list[str]]:
    """The request, None where something is to be run, and what is left for Hydra.

    Raises:
        ConfigError: A flag has no value, or the sweeper plans nothing.
    """
    if "plan" not in arguments:
        _require_verb(arguments)
        return None, arguments
    rest = [one for one in arguments if one != "plan"]
    explain, rest = _explained(rest)
    flags = {flag: flag in rest for flag in ("--json", "--compile")}
    _require_flags(rest)
    _require_grid(rest)
    # whoever runs the points later, planning them is done here
    kept = [one for one in rest if one not in flags and not _is_launcher(one)]
    return PlanRequest(flags["--json"], flags["--compile"], explain), kept


def _require_verb(arguments: list[str]) -> None:
    """Refuse a word that can only be a verb, and is none."""
    for word in arguments[:1]:
        if word.isalpha():
            near = get_close_matches(word, VERBS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(
                f"{word}: neither a verb ({', '.join(VERBS)}) nor KEY=VALUE.{hint}"
            )
    if "--explain" in arguments or "--compile" in arguments or "--json" in arguments:
        raise ConfigError("--explain, --compile and --json are plan's: qexp plan …")


def _require_flags(arguments: list[str]) -> None:
    known = (*FLAGS["plan"], *HYDRAS)
    for one in arguments:
        if one.startswith("--") and one.partition("=")[0] not in known:
            near = get_close_matches(one, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(
                f"{one}: no such flag.{hint} plan takes {', '.join(FLAGS['plan'])}."
            )


def _explained(arguments: list[str]) -> tuple[str | None, list[str]]:
    found, rest = None, []
    given = iter(arguments)
    for one in given:
        if one == "--explain" or one.startswith("--explain="):
            found = one.partition("=")[2] or next(given, "")
            if not found or "=" in found:
                raise ConfigError("--explain: name a point: --explain d786b91683de")
        else:
            rest.append(one)
    return found, rest


def _is_launcher(argument: str) -> bool:
    return argument.startswith("hydra/launcher=")


def _require_grid(arguments: list[str]) -> None:
    for one in arguments:
        key, _, value = one.partition("=")
        if key == "hydra/sweeper" and value not in ("qexp", "basic"):
            raise ConfigError(
                f"{one}: it chooses its points while it runs, so there is no plan. Leave "
                "it out to plan the grid that it chooses from."
            )
