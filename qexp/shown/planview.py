"""A plan as a person reads it, or a machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit

from qexp.devices.snapshot import backend
from qexp.errors import ConfigError
from qexp.home import home
from qexp.planning.confirming import fresh
from qexp.planning.limits import COMPILE, limits
from qexp.planning.plan import Place, Plan
from qexp.planning.price import Price, price
from qexp.planning.wording import cannot, count, described, named
from qexp.results import compiled as measures
from qexp.services.compiling import compile_for
from qexp.services.shelf import shelf
from qexp.shown.request import PlanRequest
from qexp.shown.screen import Screen
from qexp.shown.table import axes
from qexp.track.sweep import noted, plan_json, title

Compiled = Mapping[str, Sequence[QuantumCircuit]]

LISTED = 16
"""Most points that a plan lists by their ids."""

DECISIVE = {*COMPILE, "seed_transpiler"}
"""Options that decide how circuits are compiled."""


def show(plan: Plan, request: PlanRequest, screen: Screen) -> None:
    """Print a plan; nothing is submitted.

    Raises:
        ConfigError: The point to explain is not in it.
    """
    if request.explain is not None:
        explain(plan, request.explain, screen)
        return
    made = compile_all(plan, screen) if request.compile else None
    cost = price(plan, made)
    classes = aliases(plan, made) if made is not None else None
    if request.json:
        screen.line(json.dumps(as_json(plan, cost, classes), indent=1))
        return
    rows = [[name, value] for name, value in summary(plan, cost, classes)]
    screen.table(["plan", title(plan)], rows)
    if len(plan.places) <= LISTED:
        screen.line()
        screen.table(["point", "cell"], _listed(plan))
    for paragraph in remarks(plan, classes):
        screen.line()
        screen.line(paragraph)


def _listed(plan: Plan) -> list[list[str]]:
    """Every point's id and what it is, in the plan's order."""
    several = plan.repeats > 1
    return [
        [name, named(place.cell) + (f", repeat {place.block}" if several else "")]
        for name, place in plan.places.items()
    ]


def summary(
    plan: Plan, cost: Price, classes: Sequence[Sequence[str]] | None
) -> list[tuple[str, str]]:
    """What a plan amounts to: name and value of each figure."""
    parts = [part for sent in plan.submissions for part in sent.parts]
    circuits = {part.built.content for part in parts}
    keys = {part.key for part in parts}
    compilations = f"{len(keys):,} distinct"
    if classes is not None:
        compilations += f", which give {len(classes):,} distinct circuits"
    return [
        *((f"  {key}", values) for key, values in axes(plan).items()),
        ("points", _points(plan)),
        ("circuits", f"{_executions(plan):,} to measure, {len(circuits):,} distinct"),
        *_watch(plan),
        ("compilations", compilations),
        ("blocks", f"{plan.repeats:,}"),
        ("jobs", _jobs(plan)),
        *_pace(plan),
        ("shots", f"{_shots(plan):,}"),
        ("QPU time", _time(cost)),
        *_confirm(plan),
        ("seed", f"{plan.seed}{DRAWN if drawn(plan) else ''}"),
    ]


def _confirm(plan: Plan) -> list[tuple[str, str]]:
    """What comes on top where the best setting is to be confirmed."""
    more = fresh(plan)
    if more is None:
        return []
    time = "" if more.seconds is None else f", {duration(more.seconds)} of QPU time"
    repeats = f"{count(more.repeats, 'fresh repeat')} of the best setting"
    most = f"at most {count(more.points, 'point')} in {count(more.jobs, 'job')}{time}"
    return [("confirm", f"{repeats}: {most} more")]


DRAWN = " (drawn now, for this plan; set seed=… to keep it)"


def drawn(plan: Plan) -> bool:
    """Whether the seed was not set, so that a run draws another."""
    return plan.first.experiment.seed is None


def _watch(plan: Plan) -> list[tuple[str, str]]:
    """The sentinels, which are among the circuits that are measured."""
    if not plan.sentinels:
        return []
    kind = plan.first.experiment.sentinel
    circuits = 2 * sum(len(one.built.circuits) for one in plan.sentinels.values())
    return [("sentinels", f"{kind}, {circuits:,} of the circuits to measure")]


def _points(plan: Plan) -> str:
    times = f" x {plan.repeats:,} repeats" if plan.repeats > 1 else ""
    more = [f"{len(plan.cells):,} cell{'' if len(plan.cells) == 1 else 's'}{times}"]
    counts = {
        "declared twice": plan.duplicates,
        "cannot be run": len(plan.invalid),
        "dropped": len(plan.dropped),
    }
    rest = [f"; {count:,} more {what}" for what, count in counts.items() if count]
    return f"{len(plan.places):,} ({more[0]}){''.join(rest)}"


def _executions(plan: Plan) -> int:
    return sum(sent.size for sent in plan.submissions)


def _jobs(plan: Plan) -> str:
    sizes = sorted({sent.size for sent in plan.submissions})
    each = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    unit = "circuit" if sizes == [1] else "circuits"
    return f"{len(plan.submissions):,}, with {each} {unit} each"


def _pace(plan: Plan) -> list[tuple[str, str]]:
    """How long it takes to send the jobs, where a service limits that."""
    first = plan.submissions[0] if plan.submissions else None
    most = limits(first.service, first.device).jobs_per_minute if first else None
    if most is None:
        return []
    minutes = (len(plan.submissions) - 1) // most
    told = f"{minutes:,} min at least: " if minutes else "at once: "
    return [("sending", f"{told}{most:,} jobs a minute (service.jobs_per_minute)")]


def _shots(plan: Plan) -> int:
    return sum(
        len(part.names) * int(sent.inputs_of(part)["shots"])
        for sent in plan.submissions
        for part in sent.parts
    )


def _time(cost: Price) -> str:
    total = cost.total
    if total is None:
        return "not known: the device's calibration has no durations"
    return f"{'' if cost.exact else 'at most '}{duration(total)}"


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def remarks(plan: Plan, classes: Sequence[Sequence[str]] | None) -> list[str]:
    """What cannot be run, what has no effect, what compiles to the same."""
    found = []
    if plan.invalid:
        count = len(plan.invalid)
        found.append(
            f"cannot be run ({count}, recorded as FAILED):\n{cannot(plan.invalid)}"
        )
    notes = noted(plan)
    if notes:
        found.append("notes:\n" + "\n".join(f"  {note}" for note in notes))
    shared = [one for one in classes or () if len(one) > 1]
    if shared:
        lines = [f"  {' | '.join(_some(names))}" for names in shared[:20]]
        more = [f"  and {len(shared) - 20} more"] if len(shared) > 20 else []
        found.append("\n".join(["compile to the same circuit:", *lines, *more]))
    return found


def _some(names: Sequence[str], most: int = 4) -> list[str]:
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return [*names[:most], *more]


def compile_all(plan: Plan, screen: Screen) -> Compiled:
    """The compiled circuits of every part, by its key; each key is compiled once."""
    made: dict[str, list[QuantumCircuit]] = {}
    for sent in plan.submissions:
        machine = backend(sent.device)
        compile = shelf(home()).compiler(sent.device)
        for part in sent.parts:
            if part.key in made:
                continue
            with screen.step(f"compiling {len(made) + 1}"):
                circuits = part.circuits()
                made[part.key] = [
                    compile_for(machine, one, part.compile, compile).circuit
                    for one in circuits
                ]
    return made


def aliases(plan: Plan, made: Compiled) -> list[list[str]]:
    """Cells of the first block by what they compile to; each class is one circuit."""
    classes: dict[str, dict[str, None]] = {}
    keys = {p.name: p.key for one in plan.submissions for p in one.parts}
    for place in plan.places.values():
        if place.block == 0:
            digest = measures.Compiled(tuple(made[keys[place.point.id]]), 0.0).hash
            key = f"{place.point.backend} {digest}"
            classes.setdefault(key, {})[_compile_label(place)] = None
    return [list(names) for names in classes.values()]


def _compile_label(place: Place) -> str:
    """A cell by those labels that decide how it is compiled."""
    labels = {
        key: value
        for key, value in place.cell.labels.items()
        if not key.startswith("options.") or key.removeprefix("options.") in DECISIVE
    }
    return named(replace(place.cell, labels=labels))


def as_json(
    plan: Plan, cost: Price, classes: Sequence[Sequence[str]] | None
) -> dict[str, Any]:
    """Everything that the table says, and the whole plan."""
    return {
        **plan_json(plan, cost),
        "summary": dict(summary(plan, cost, classes)),
        "quantum_seconds": cost.total,
        "quantum_seconds_exact": cost.exact,
        **({} if classes is None else {"aliases": list(map(list, classes))}),
    }


def explain(plan: Plan, wanted: str, screen: Screen) -> None:
    """Print the ladder of a point's identity.

    Raises:
        ConfigError: No point, or more than one, begins like this.
    """
    found = [
        place for name, place in plan.places.items() if name.startswith(wanted.lower())
    ]
    if len(found) != 1:
        names = ", ".join(sorted(plan.places)[:8])
        what = "several points begin" if found else "no point begins"
        raise ConfigError(f"--explain {wanted}: {what} like this. Points: {names}, …")
    place = found[0]
    screen.line(f"point     {place.point.id}  ({described(place.cell)})")
    screen.line(
        f"place     block {place.block}, job {place.job}, place {place.position}"
    )
    screen.line()
    screen.line("identity: all that changes the physics, and nothing else")
    screen.line(json.dumps(place.point.identity, indent=2, default=str))
    screen.line()
    screen.line("as canonical JSON")
    screen.line(place.point.identity_text)
    screen.line()
    screen.line("SHA-256, whose first 12 digits are the id")
    screen.line(place.point.digest)
    screen.line()
    screen.line(
        "outside of it: name, seeds that qexp draws, tracking, metrics, workers"
    )
    seeds = place.seeds
    screen.line(
        f"seeds     seed {seeds.sweep}, seed_transpiler {seeds.transpiler}, "
        f"seed_simulator {seeds.simulator}"
    )
    if drawn(plan):
        screen.line("They and the place are drawn now; set seed=… to keep them.")
