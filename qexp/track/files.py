"""The artifacts of a point, as text by path."""

from __future__ import annotations

import json
import pickle
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from typing import Any

import yaml
from qiskit import QuantumCircuit, qasm3

import qexp
from qexp.circuits.remembered import remembered
from qexp.planning.cell import Cell
from qexp.results.ran import Ran

STACK = (
    "qiskit-terra",
    "qiskit-aer",
    "mthree",
    "numpy",
    "scipy",
    "mlflow",
    "hydra-core",
)
"""Packages whose versions are kept with a run."""

OF_THE_SWEEP = frozenset(
    """tracking grid exclude repeats confirm sentinel on_invalid optimize optimize_failed
    max_points resume budget wait on_unsure""".split()
)
"""Keys of an experiment that say nothing about one of its points."""

LONG_KEY = 100
"""Characters from which on YAML writes a key in another way."""

KEPT = 1000
"""Bytes of a value that is remembered with what is written for it."""

TOGETHER = 64
"""Items of a long list that are written at once."""

# the C emitter, where PyYAML was built with it, is six times as fast
_Dumper: Any = type(
    "_Dumper",
    (getattr(yaml, "CSafeDumper", yaml.SafeDumper),),
    {"ignore_aliases": lambda self, data: True},  # readers have no use for &id001
)


def point_files(ran: Ran, effective: Mapping[str, Any]) -> dict[str, str]:
    """The artifacts of a point.

    Args:
        ran: The point.
        effective: Its options, as they took effect.
    """
    names = [ran.point.circuit_name(k) for k in range(len(ran.built.circuits))]
    found = {
        "config.yaml": config_yaml(ran, effective),
        **_qasm("circuits", ran.built.circuits, names),
    }
    if ran.result.error is None:
        measured = ran.result.measured
        found["counts.json"] = json.dumps([one.counts for one in measured], indent=1)
        if any(one.quasi is not None for one in measured):
            found["quasi.json"] = json.dumps([one.quasi for one in measured], indent=1)
        if any(one.memory is not None for one in measured):
            found["memory.json"] = json.dumps([one.memory for one in measured])
    if ran.compiled is not None:
        found |= _qasm("transpiled", ran.compiled.circuits, names)
    return found


def refused_files(cell: Cell) -> dict[str, str]:
    """The artifacts of a cell that cannot be run."""
    content = {
        "declared": cell.experiment.model_dump(exclude=set(OF_THE_SWEEP)),
        "refused": list(cell.problems),
        "versions": versions(),
    }
    return {"config.yaml": as_yaml(content)}


def _qasm(
    folder: str, circuits: Sequence[QuantumCircuit], names: Sequence[str]
) -> dict[str, str]:
    return {
        f"{folder}/{k}.qasm": f"// {name}\n{_body(circuit)}"
        for k, (circuit, name) in enumerate(zip(circuits, names, strict=True))
    }


@remembered
def _body(circuit: QuantumCircuit) -> str:
    """OpenQASM 3."""
    try:
        text: str = qasm3.dumps(circuit)
    except Exception as error:  # terra's exporter has no word for some instructions
        return f"// cannot be written as OpenQASM 3: {error}\n"
    return text


def config_yaml(ran: Ran, effective: Mapping[str, Any]) -> str:
    """What was declared and what took effect; tracking is left out."""
    seeds, place = ran.seeds, ran.place
    content = {
        "declared": ran.experiment.model_dump(exclude=set(OF_THE_SWEEP)),
        "effective": dict(effective),
        "seeds": {
            "seed": seeds.sweep,
            "seed_transpiler": seeds.transpiler,
            "seed_simulator": seeds.simulator,
            "circuits": [
                one.header.get("seed_simulator") for one in ran.result.measured
            ],
        },
        **_simulated(ran),
        "place": {
            "block": place.block,
            "job": place.job,
            "position": place.position,
        },
        "point": ran.point.identity,
        "versions": versions(),
    }
    return as_yaml(content)


def _simulated(ran: Ran) -> dict[str, Any]:
    """How each circuit was simulated, where an answer says so."""
    said = [
        {"engine": one.header.get("engine"), **one.header["twin"]}
        for one in ran.result.measured
        if "twin" in one.header
    ]
    return {"simulated": said} if said else {}


def as_yaml(content: Mapping[str, Any]) -> str:
    """Plain values as YAML, in their order."""
    return "".join(yaml_parts(content))


def yaml_parts(content: Mapping[str, Any]) -> Iterator[str]:
    """Plain values as YAML, in parts; a value may be an iterator, which is a list then."""
    if _plain(content):
        return _lines(content, ())
    whole = {k: list(v) if isinstance(v, Iterator) else v for k, v in content.items()}
    return iter([_dumped(whole)])


def _plain(content: Mapping[str, Any]) -> bool:
    """Whether every key of a mapping, and of those in it, takes a line of its own."""
    return bool(content) and all(
        isinstance(key, str)
        and len(key) < LONG_KEY
        and key.isprintable()
        # an empty one is written as a value
        and (not isinstance(value, Mapping) or not value or _plain(value))
        for key, value in content.items()
    )


def _lines(content: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    """The lines of a mapping in a mapping, as the whole would have them.

    Most of what points of a sweep declare is the same, and YAML takes its time.
    """
    for key, value in content.items():
        path = (*above, key)
        if isinstance(value, Mapping) and value:
            yield _header(path)
            yield from _lines(value, path)
        elif isinstance(value, Iterator):
            yield from _items(value, path)
        else:
            kept = pickle.dumps(value)
            write = _written if len(kept) < KEPT else _written.__wrapped__
            yield write(path, kept)


def _items(items: Iterator[Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a list, some of its items at a time."""
    first = True
    while some := list(islice(items, TOGETHER)):
        text = _below(path, some)
        yield text if first else text.split("\n", 1)[1]
        first = False
    if first:
        yield _below(path, [])


@lru_cache(maxsize=1024)
def _header(path: tuple[str, ...]) -> str:
    return _below(path, {}).removesuffix(" {}\n") + "\n"


@lru_cache(maxsize=4096)
def _written(path: tuple[str, ...], value: bytes) -> str:
    return _below(path, pickle.loads(value))


def _below(path: tuple[str, ...], value: Any) -> str:
    """What is written for a key and its value, without the keys above."""
    nested = value
    for key in reversed(path):
        nested = {key: nested}
    return _dumped(nested).split("\n", len(path) - 1)[-1]


def _dumped(content: Any) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of qexp, Python and the packages that decide results."""
    found = {"qexp": qexp.__version__, "python": platform.python_version()}
    return found | {name: version(name) for name in STACK}
