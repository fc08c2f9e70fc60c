"""The import table: imports run one way, and heavy ones stay where they belong."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

# room: (rooms of qexp that it may import from, third parties). From the ground up: a room
# may import only from the lines above its own. "" is the package's own `__init__`.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "": (set(), set()),
    "errors": (set(), set()),
    "home": (set(), set()),
    "garbage": (set(), set()),
    "promise": (set(), set()),
    "secrets": (set(), set()),
    "streamed": (set(), set()),
    "terra": (set(), {"qiskit", "stevedore"}),
    "userconf": (set(), set()),
    "verbs": (set(), set()),
    "ledger": ({"errors", "home"}, {"filelock"}),
    "declare": (
        {"errors", "garbage", "userconf"},
        {"hydra", "omegaconf", "pydantic", "yaml"},
    ),
    "help": ({"userconf", "verbs"}, set()),
    "complete": ({"declare", "userconf", "verbs"}, {"pydantic", "yaml"}),
    "circuits": ({"declare", "errors"}, {"numpy", "openqasm3", "pydantic", "qiskit"}),
    # the experiments that qexp has itself: circuits, and what is made of counts
    "families": ({"circuits"}, {"numpy", "pydantic", "qiskit", "scipy"}),
    "devices": (
        {"declare", "errors", "home", "terra", "userconf"},
        {"pydantic", "qiskit"},
    ),
    # what a device would answer; it knows no service
    "twin": (
        {"circuits", "declare", "devices", "errors", "terra"},
        {"mthree", "numpy", "qiskit", "qiskit_aer", "scipy", "stim"},
    ),
    # circuits of somebody else's, read in a process of its own
    "guarded": ({"circuits"}, {"openqasm3", "qiskit", "qiskit_qasm3_import"}),
    "planning": (
        {"circuits", "declare", "devices", "errors", "secrets", "streamed", "twin"},
        {"numpy", "qiskit"},
    ),
    # services know neither ledger nor MLflow
    "services": (
        {
            "",
            "circuits",
            "declare",
            "devices",
            "errors",
            "guarded",
            "home",
            "planning",
            "secrets",
            "terra",
            "twin",
            "userconf",
        },
        {
            "diskcache",
            "distributed",
            "filelock",
            "ijson",
            "mthree",
            "numpy",
            "qiskit",
            "qiskit_aer",
            "requests",
        },
    ),
    # a service of its own, which no other room knows
    "emulator": (
        {
            "circuits",
            "declare",
            "devices",
            "errors",
            "guarded",
            "planning",
            "services",
            "userconf",
        },
        {"fastapi", "numpy", "pydantic", "qiskit", "starlette", "uvicorn", "yaml"},
    ),
    # metrics know no service
    "metrics": (set(), {"numpy", "scipy"}),
    # plain tables in, plain tables out
    "effects": (set(), {"numpy", "pandas", "scipy"}),
    "results": (
        {
            "circuits",
            "declare",
            "devices",
            "errors",
            "metrics",
            "planning",
            "promise",
            "services",
        },
        {"qiskit"},
    ),
    # Python's door; it knows the ledger, and logs nothing
    "door": (
        {
            "",
            "circuits",
            "declare",
            "devices",
            "errors",
            "ledger",
            "planning",
            "services",
            "userconf",
        },
        {"numpy", "qiskit"},
    ),
    "track": (
        {
            "",
            "circuits",
            "declare",
            "devices",
            "errors",
            "planning",
            "promise",
            "results",
            "secrets",
            "streamed",
        },
        {
            "filelock",
            "mlflow",
            "platformdirs",
            "qiskit",
            "requests",
            "sqlalchemy",
            "yaml",
        },
    ),
    "figures": (set(), {"matplotlib", "numpy", "qiskit"}),
    # what a sweep found, told and drawn; it neither reads a sweep nor writes one
    "findings": (
        {
            "declare",
            "devices",
            "effects",
            "errors",
            "figures",
            "streamed",
            "track",
        },
        {"jinja2", "matplotlib", "numpy", "pandas", "scipy", "yaml"},
    ),
    "shown": (
        {
            "declare",
            "devices",
            "errors",
            "figures",
            "home",
            "ledger",
            "planning",
            "results",
            "secrets",
            "services",
            "track",
            "verbs",
        },
        {"jinja2", "qiskit", "rich"},
    ),
    "command": (
        {
            "",
            "declare",
            "devices",
            "errors",
            "findings",
            "guarded",
            "garbage",
            "ledger",
            "planning",
            "promise",
            "results",
            "secrets",
            "services",
            "shown",
            "streamed",
            "track",
            "userconf",
        },
        {"hydra", "omegaconf", "yaml"},
    ),
    "__main__": (
        {"", "command", "complete", "emulator", "help", "garbage", "shown"},
        set(),
    ),
    # Hydra imports these in every application of an environment
    "hydra_plugins": ({"command", "userconf"}, {"hydra", "omegaconf"}),
}

# Walls inside rooms: who alone may import a third party there.
WALLS: dict[str, set[str]] = {
    "mlflow": {"track.bulk", "track.database", "track.public", "track.reader"},
    "sqlalchemy": {"track.bulk"},
    "platformdirs": {"track.database"},
    "diskcache": {"services.shelf"},
    "distributed": {"services.cluster"},
    "stevedore": {"terra"},
    "requests": {
        "services.account",
        "services.answers",
        "services.http",
        "services.ibm.account",
        "services.telling",
        "track.served",
        "track.target",
    },
    "qiskit_aer": {"services.aer", "services.noise", "twin.sampled"},
    "mthree": {"services.aer", "services.ibm.calibrating", "twin.mitigation"},
    "stim": {
        "twin.clifford.bits",
        "twin.clifford.gates",
        "twin.clifford.pauli",
        "twin.clifford.pullback",
    },
    "uvicorn": {"emulator.failing", "emulator.serving"},
    "fastapi": {
        "emulator.account",
        "emulator.app",
        "emulator.platform.asking",
        "emulator.platform.devices",
        "emulator.platform.iam",
        "emulator.platform.instances",
        "emulator.platform.jobs",
        "emulator.platform.sessions",
        "emulator.requests",
        "emulator.runtime",
    },
    "rich": {"shown.screen", "shown.progress"},
    "jinja2": {"findings.page", "shown.report"},
    "hydra": {
        "declare.composing",
        "declare.compose",
        "declare.given",
        "declare.told",
        "command.cli",
        "command.foreign",
        "command.jobs",
        "command.sweeping",
    },
}

STANDARD = set(sys.stdlib_module_names)


@cache
def modules() -> dict[str, Path]:
    found = {}
    for top in ("qexp", "hydra_plugins"):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = file
    return found


@cache
def imports(file: Path) -> frozenset[str]:
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
    return frozenset(found)


def room(module: str) -> str:
    top, _, rest = module.partition(".")
    return top if top == "hydra_plugins" else rest.partition(".")[0]


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_what_its_room_may(name):
    own, third = ROOMS[room(name)]
    for wanted in imports(modules()[name]):
        top = wanted.partition(".")[0]
        if top == "qexp":
            there = room(wanted)
            assert there in own or there == room(name), f"{name} imports {wanted}"
        elif top not in STANDARD:
            assert top in third, f"{name} imports {wanted}"
            if top in WALLS and room(name) != "hydra_plugins":
                assert name.removeprefix("qexp.") in WALLS[top], (
                    f"{name} imports {wanted}"
                )


def test_rooms_import_one_way():
    order = list(ROOMS)
    for name, (own, _) in ROOMS.items():
        assert {order.index(other) for other in own} <= set(range(order.index(name)))


def test_inside_a_room_nothing_goes_in_circles():
    graph = {
        name: {other for other in imports(file) if other in modules() and other != name}
        for name, file in modules().items()
    }
    TopologicalSorter(graph).prepare()


def test_the_table_has_nothing_too_many():
    found = {name: imports(file) for name, file in modules().items()}
    for name, (own, third) in ROOMS.items():
        inside = {
            w for module, many in found.items() if room(module) == name for w in many
        }
        tops = {wanted.partition(".")[0] for wanted in inside}
        rooms = {room(wanted) for wanted in inside if wanted.startswith("qexp")}
        assert own <= rooms, (name, own - rooms)
        assert third <= tops, (name, third - tops)
    for third, allowed in WALLS.items():
        users = {
            module.removeprefix("qexp.")
            for module, many in found.items()
            if third in {wanted.partition(".")[0] for wanted in many}
        }
        assert allowed <= users, (third, allowed - users)


def test_every_room_says_what_it_is_for():
    for name, file in modules().items():
        if file.name == "__init__.py":
            assert ast.get_docstring(ast.parse(file.read_text())), name
