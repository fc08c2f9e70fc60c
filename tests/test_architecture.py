"""The import table: imports run one way, and heavy ones stay where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

# module: (modules of qexp, third parties). Order is from the ground up: a module may
# import only from the lines above its own.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "qexp": (set(), set()),
    "qexp.errors": (set(), set()),
    "qexp.secrets": (set(), set()),
    "qexp.userconf": (set(), set()),
    "qexp.help": ({"userconf"}, set()),
    "qexp.model": (set(), {"pydantic"}),
    "qexp.options": ({"model"}, {"pydantic"}),
    "qexp.config": ({"model", "options"}, {"pydantic"}),
    "qexp.messages": ({"config"}, {"pydantic"}),
    "qexp.read": ({"config", "errors", "messages"}, {"omegaconf", "pydantic"}),
    "qexp.composing": (
        {"errors", "messages", "userconf"},
        {"hydra", "omegaconf", "yaml"},
    ),
    "qexp.seeds": ({"options"}, {"numpy"}),
    "qexp.device": ({"config", "errors"}, {"pydantic"}),
    "qexp.snapshot": ({"device"}, {"qiskit"}),
    "qexp.circuits.ghz": (set(), {"qiskit"}),
    "qexp.circuits.qasm": ({"errors"}, {"qiskit", "openqasm3"}),
    "qexp.circuits.python": ({"errors"}, {"qiskit"}),
    "qexp.circuits.content": ({"errors"}, {"qiskit", "numpy"}),
    "qexp.circuits.ideal": (set(), {"qiskit", "numpy"}),
    "qexp.circuits": (
        {
            "circuits.content",
            "circuits.ghz",
            "circuits.ideal",
            "circuits.python",
            "circuits.qasm",
            "config",
        },
        {"qiskit"},
    ),
    "qexp.problem": (set(), set()),
    "qexp.free": ({"config", "options", "problem"}, {"qiskit"}),
    "qexp.checks": (
        {
            "circuits",
            "circuits.ideal",
            "config",
            "device",
            "errors",
            "free",
            "options",
            "problem",
        },
        {"qiskit"},
    ),
    "qexp.point": ({"config", "options"}, set()),
    "qexp.plan": ({"circuits", "point", "seeds"}, {"qiskit"}),
    "qexp.cost": ({"device", "options"}, {"qiskit"}),
    "qexp.compiled": (
        {"circuits.content", "circuits.ideal", "cost", "device", "options"},
        {"qiskit"},
    ),
    # services know neither ledger nor MLflow
    "qexp.services": ({"plan"}, set()),
    "qexp.services.program": (
        {"circuits.ideal", "errors", "options", "seeds"},
        {"qiskit"},
    ),
    "qexp.services.aer": (
        {"device", "errors", "snapshot"},
        {"qiskit", "qiskit_aer", "mthree"},
    ),
    "qexp.services.local": (
        {
            "config",
            "device",
            "errors",
            "plan",
            "services",
            "services.aer",
            "services.program",
        },
        set(),
    ),
    "qexp.services.connect": (
        {"config", "device", "services", "services.local"},
        set(),
    ),
    "qexp.result": ({"errors", "plan", "point"}, set()),
    # metrics know no service
    "qexp.metrics": ({"metrics.*"}, set()),
    "qexp.metrics.*": ({"errors", "metrics.*"}, {"numpy", "scipy"}),
    "qexp.score": ({"circuits", "config", "metrics", "result"}, {"qiskit"}),
    "qexp.record": (
        {
            "",
            "circuits",
            "compiled",
            "config",
            "device",
            "options",
            "plan",
            "result",
            "score",
            "seeds",
        },
        {"qiskit", "yaml"},
    ),
    "qexp.figures": (set(), {"matplotlib"}),
    "qexp.figures.*": ({"figures.*"}, {"matplotlib", "numpy", "qiskit"}),
    "qexp.pictures": ({"figures", "figures.*", "record", "score"}, set()),
    "qexp.report": ({"pictures", "record", "score"}, {"jinja2"}),
    # MLflow is imported by one module, in a process of its own
    "qexp.track": (set(), set()),
    "qexp.track.target": ({"errors", "secrets"}, {"requests"}),
    "qexp.track.store": ({"errors", "secrets"}, {"mlflow"}),
    "qexp.track.writer": ({"errors", "track.store"}, set()),
    "qexp.track.client": ({"errors", "record", "track.target"}, set()),
    "qexp.screen": ({"secrets"}, {"rich"}),
    "qexp.run": (
        {
            "",
            "checks",
            "circuits",
            "compiled",
            "config",
            "device",
            "errors",
            "options",
            "pictures",
            "plan",
            "point",
            "record",
            "report",
            "result",
            "score",
            "screen",
            "seeds",
            "services.connect",
            "services.program",
            "snapshot",
            "track.client",
        },
        set(),
    ),
    "qexp.summary": ({"report", "run", "screen", "track.target"}, set()),
    "qexp.cli": (
        {
            "",
            "composing",
            "errors",
            "read",
            "run",
            "screen",
            "summary",
            "track.client",
            "track.target",
            "userconf",
        },
        {"hydra", "omegaconf"},
    ),
    "qexp.__main__": ({"", "cli", "help"}, set()),
    "hydra_plugins.qexp_conf": ({"", "userconf"}, {"hydra"}),
}

STANDARD = set(__import__("sys").stdlib_module_names)


def modules() -> dict[str, Path]:
    found = {}
    for top in ("qexp", "hydra_plugins"):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = file
    return found


def imports(file: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by full name."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = names & set(modules())
            found |= submodules or {str(node.module)}
    return found


def row(name: str) -> tuple[set[str], set[str]]:
    general = f"{name.rpartition('.')[0]}.*"
    return TABLE[name] if name in TABLE else TABLE[general]


def allowed(wanted: str, names: set[str]) -> bool:
    short = wanted.removeprefix("qexp").removeprefix(".")
    return short in names or f"{short.rpartition('.')[0]}.*" in names


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_what_the_table_allows(name):
    own, third = row(name)
    for wanted in imports(modules()[name]):
        top = wanted.partition(".")[0]
        if top == "qexp":
            assert allowed(wanted, own), f"{name} imports {wanted}"
        elif top not in STANDARD:
            assert top in third, f"{name} imports {wanted}"


def test_the_table_has_no_row_too_many():
    names = set(modules()) | {f"{name.rpartition('.')[0]}.*" for name in modules()}
    assert set(TABLE) - names == set()


def test_imports_run_one_way():
    order = {name: position for position, name in enumerate(TABLE)}
    for name, (own, _) in TABLE.items():
        for short in own:
            wanted = f"qexp.{short}" if short else "qexp"
            below = order.get(wanted, order.get(f"{wanted.rpartition('.')[0]}.*"))
            if wanted == name or wanted.startswith(f"{name}."):
                continue  # a package re-exports its own modules
            assert below is not None, f"{name} may import {wanted}, which is not there"
            assert below < order[name] or name == wanted, f"{wanted} is above {name}"
