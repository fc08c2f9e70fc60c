"""Write the reference pages that come from the schema: `python -m docs.generate`."""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from qexp.declare.config import (
    Backend,
    Budget,
    CircuitRunnerService,
    Declared,
    Experiment,
    GhzCircuit,
    LocalService,
    PythonCircuit,
    QasmCircuit,
    Resume,
    Tracking,
)
from qexp.declare.options import Options
from qexp.declare.twin import Twin

HERE = Path(__file__).parent / "reference"

SECTIONS: list[tuple[str, str, type[BaseModel], str]] = [
    ("The experiment", "", Experiment, "Keys at the top."),
    ("circuit=ghz", "circuit.", GhzCircuit, ""),
    ("circuit=qasm", "circuit.", QasmCircuit, ""),
    ("circuit=python", "circuit.", PythonCircuit, ""),
    ("backend", "backend.", Backend, "`backend=NAME` fills these in."),
    ("backend.declared", "backend.declared.", Declared, ""),
    ("service=local", "service.", LocalService, ""),
    ("service.twin", "service.twin.", Twin, ""),
    ("service=circuit_runner", "service.", CircuitRunnerService, ""),
    ("tracking=mlflow", "tracking.", Tracking, ""),
    (
        "resume",
        "resume.",
        Resume,
        "`resume=auto`, `resume=always` and `resume=never` are choices.",
    ),
    ("budget", "budget.", Budget, ""),
]

OPTIONS = """# Options

The options of circuit-runner, with the names, types and defaults of `run_circuits` in
qiskit-ibmq-provider. Each is `options.<name>`; null means "not set", and 0 and false are values.
A value is checked against the device before anything runs.

{table}
`layout_method` has no effect beside an `initial_layout`. In MLflow a method that was not set is
logged as what terra used: layout `default`, routing `sabre` (`stochastic` at level 0), translation
`translator`. `unroller` cannot reach the gates of most devices; such a point is recorded as FAILED.
"""

CONFIGURATION = """# Configuration

Every key that can be declared. Composed by Hydra from the groups `circuit`, `backend`, `options`,
`service`, `tracking`, `resume` and `experiment`; a key that is not here is an error. The options have
[a page of their own](options.md).

{sections}"""


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    sections = [
        f"## {title}\n\n{' '.join(filter(None, [model.__doc__, remark]))}\n\n"
        f"{table(model, prefix)}"
        for title, prefix, model, remark in SECTIONS
    ]
    return {
        "options.md": OPTIONS.format(table=table(Options, "")),
        "configuration.md": CONFIGURATION.format(sections="\n".join(sections)),
    }


def table(model: type[BaseModel], prefix: str) -> str:
    """A Markdown table of a class's fields that are not classes themselves."""
    rows = "| key | type | default | meaning |\n|---|---|---|---|\n"
    for name, field in model.model_fields.items():
        if not field.description:
            continue
        default = "required" if field.is_required() else f"`{_yaml(field.default)}`"
        meaning = " ".join(field.description.split()).replace("|", "\\|")
        kind = _type(field.annotation).replace("|", "\\|")
        rows += f"| `{prefix}{name}` | {kind} | {default} | {meaning} |\n"
    return rows


def _yaml(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("'", "")


def _type(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(one) for one in arguments if one is not type(None))
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    names = {int: "integer", float: "number", bool: "boolean", str: "text"}
    return names.get(annotation, str(getattr(annotation, "__name__", annotation)))


if __name__ == "__main__":
    for file, text in pages().items():
        (HERE / file).write_text(text, encoding="utf-8")
